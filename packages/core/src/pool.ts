// Several actors of one definition behind one ref. The pool picks in the sender's call, so a message takes no extra hop
// and waits in one mailbox only. The workers are its children: they restart by their own supervision, and the pool stops
// when the last of them has stopped for good. One that escalates takes the pool with it.

import type { Actor } from './actor.ts';
import { cellMaker } from './behaviour.ts';
import { requireWhole } from './bound.ts';
import { Cell } from './cell.ts';
import { Envelope, type Message, type SendResult } from './envelope.ts';
import { ActorError } from './errors.ts';
import { payloadInvalid } from './failure.ts';
import type { Seed } from './life.ts';
import type { Method } from './method.ts';
import type { Messages } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import { atRandom, homeOf, leastLoaded, nextInTurn, type RoutingPolicy } from './router.ts';
import { escalate } from './supervision.ts';

/** Names the part of a message that decides where it goes, an id say. */
export type RoutingKey = (message: Message) => string;

export type PoolOptions = { readonly size: number } & (
  | {
      /**
       * `round-robin`: each in its turn. `random`: any. `least-mailbox`: the one with the least waiting. `broadcast`: a
       * tell goes to all; asks and streams, which have one answer, go to each in its turn.
       */
      readonly policy: Exclude<RoutingPolicy, 'consistent-hash'>;
      readonly key?: undefined;
    }
  | {
      /** Equal keys go to the same worker; when one stops for good only its keys move. */
      readonly policy: 'consistent-hash';
      readonly key: RoutingKey;
    }
);

const policies: readonly RoutingPolicy[] = [
  'round-robin',
  'random',
  'least-mailbox',
  'consistent-hash',
  'broadcast',
];

/**
 * Makes a pool of an actor; it is spawned like one, and its args go to each worker.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when the size is not a whole number of at least 1, the policy is none of
 * the five, or consistent-hash has no key.
 * @example
 * ```ts
 * import { ActorSystem, actor, pool, protocol, tell } from '@actor/core';
 *
 * const Mailer = protocol('mailer', { send: tell<string>() });
 * const mailer = actor(Mailer, { on: { send: (ctx, to) => ctx.log.info(to) } });
 * const mailers = new ActorSystem().spawn(pool(mailer, { size: 4, policy: 'least-mailbox' }));
 * mailers.tell.send('ada@example.org');
 * ```
 */
export function pool<M extends Messages, S, A>(worker: Actor<M, S, A>, options: PoolOptions): Actor<M, S, A> {
  requireWhole('size', options.size, 1);
  if (!policies.includes(options.policy)) throw invalid('policy', `it must be one of ${policies.join(', ')}`);
  if (options.policy === 'consistent-hash' && typeof options.key !== 'function') {
    throw invalid('key', 'consistent-hash needs a function that names the key of a message');
  }
  const { protocol, definition } = worker;
  const facade: Actor<M, S, A> = { protocol, definition: { on: definition.on, supervise: escalate() } };
  const make = (seed: Seed): Cell =>
    new Pool(facade as unknown as Actor, seed, worker as unknown as Actor, options);
  return { ...facade, [cellMaker]: make } as Actor<M, S, A>;
}

class Pool extends Cell {
  readonly #options: PoolOptions;
  #workers: readonly Cell[];
  #turn = -1;

  constructor(facade: Actor, seed: Seed, worker: Actor, options: PoolOptions) {
    super(facade, { ...seed, supervise: undefined });
    const { args, supervise } = seed;
    this.#options = options;
    for (let number = 1; number <= options.size; number += 1) {
      this.spawn(worker, { name: `${number}`, args, ...(supervise && { supervise }) });
    }
    this.#workers = this.children();
  }

  override tell(method: Method, payload: unknown, sender: ActorRef | undefined): SendResult {
    return this.send(new Envelope(method, payload, sender));
  }

  override send(envelope: Envelope): SendResult {
    if (this.isEnding || this.#workers.length === 0) return super.send(envelope);
    if (this.#options.policy === 'broadcast' && envelope.reply === undefined) return this.#toAll(envelope);
    try {
      let worker = this.#workers[this.#pick(envelope)];
      if (worker?.isEnding === true && this.#passOver()) worker = this.#workers[this.#pick(envelope)];
      return worker === undefined ? super.send(envelope) : worker.send(envelope);
    } catch (error) {
      return this.#keyless(envelope, error);
    }
  }

  protected override childLeft(): void {
    super.childLeft();
    this.#workers = this.children();
    if (this.#workers.length > 0) this.#passOver();
    else this.order({ kind: 'stop', reason: { kind: 'stopped' } });
  }

  /** Leaves out the workers that end, which may take its time; false when there is no other. */
  #passOver(): boolean {
    const others = this.#workers.filter(({ isEnding }) => !isEnding);
    if (others.length > 0) this.#workers = others;
    return others.length > 0;
  }

  #pick({ method, payload }: Envelope): number {
    const workers = this.#workers;
    const options = this.#options;
    switch (options.policy) {
      case 'random':
        return atRandom(this.kernel.runtime.random(), workers.length);
      case 'consistent-hash':
        return homeOf(
          options.key({ name: method.name, payload }),
          workers.map((worker) => worker.name),
        );
      case 'least-mailbox':
        this.#turn = nextInTurn(this.#turn, workers.length);
        return leastLoaded(
          workers.map((worker) => worker.backlog),
          this.#turn,
        );
      case 'round-robin':
      case 'broadcast':
        this.#turn = nextInTurn(this.#turn, workers.length);
        return this.#turn;
    }
  }

  /** The key is code of the user, and a send never throws. */
  #keyless(envelope: Envelope, error: unknown): SendResult {
    const why = `its key can't be told: ${error instanceof Error ? error.message : typeof error}`;
    this.kernel.discard(envelope, this.address, 'payload-invalid');
    envelope.reply?.reject(payloadInvalid(this.address, envelope.method, why));
    return 'dropped';
  }

  /** Each copy counts as a message. What is told is the first refusal, if there is one. */
  #toAll(envelope: Envelope): SendResult {
    this.kernel.sent += this.#workers.length - 1;
    const results = this.#workers.map((worker) => worker.send(envelope));
    return results.find((result) => result !== 'accepted') ?? 'accepted';
  }
}

function invalid(path: string, why: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path}: ${why}.`, { details: { path } });
}
