// An actor that a test holds in its hands: it records what it is sent, answers when the test says so, and fails the test
// when what it expects does not come.

import type { Actor } from '../actor.ts';
import { cellMaker } from '../behaviour.ts';
import { requireDuration, requireWhole } from '../bound.ts';
import { Cell } from '../cell.ts';
import { Envelope, type SendResult } from '../envelope.ts';
import { assert } from '../errors.ts';
import { mailboxFull } from '../failure.ts';
import type { Recipient } from '../gateway.ts';
import { Handle } from '../handle.ts';
import type { Seed } from '../life.ts';
import type { Method } from '../method.ts';
import type { Messages, Protocol } from '../protocol.ts';
import type { ActorRef } from '../ref.ts';
import type { ActorSystem } from '../system.ts';
import { type AnyMessage, type ProbeMessage, received } from './probe-message.ts';

export interface ProbeOptions {
  /**
   * The name of its actor.
   * @defaultValue the system's choice
   */
  readonly name?: string;
  /**
   * How long an expectation waits, in milliseconds of the system's runtime.
   * @defaultValue 1000
   */
  readonly withinMs?: number;
  /**
   * Messages that may wait to be expected; further ones are rejected, as by a full mailbox.
   * @defaultValue 10_000
   */
  readonly messagesMax?: number;
}

/**
 * Spawns a probe for the contract.
 *
 * @example
 * const printer = probe(system, Printer);
 * office.tell.print({ pages: 3, on: printer.ref });
 * const job = await printer.expectMessage('job');
 * expect(job.payload).toEqual({ pages: 3 });
 * job.reply('done');
 */
export function probe<M extends Messages>(
  system: ActorSystem,
  protocol: Protocol<M>,
  options: ProbeOptions = {},
): Probe<M> {
  return new Probe(system, protocol, options);
}

export class Probe<M extends Messages = Messages> implements AsyncDisposable {
  readonly ref: ActorRef<Protocol<M>>;
  readonly #system: ActorSystem;
  readonly #cell: ProbeCell;
  readonly #withinMs: number;
  readonly #messagesMax: number;
  readonly #waiting: AnyMessage[] = [];
  readonly #ignored = new Set<string>();
  readonly #terminated = new Set<string>();
  readonly #checks = new Set<() => void>();

  /** See {@link probe}. */
  constructor(system: ActorSystem, protocol: Protocol<M>, options: ProbeOptions) {
    const { name, withinMs = 1_000, messagesMax = 10_000 } = options;
    requireDuration('withinMs', withinMs, 0);
    requireWhole('messagesMax', messagesMax, 1);
    this.#system = system;
    this.#withinMs = withinMs;
    this.#messagesMax = messagesMax;
    const made: { cell?: ProbeCell } = {};
    const blueprint: Actor = {
      protocol,
      definition: { on: {} },
      ...{
        [cellMaker]: (seed: Seed) =>
          (made.cell = new ProbeCell(blueprint, seed, (one) => this.#receive(one))),
      },
    };
    this.ref = system.spawn(blueprint, name === undefined ? {} : { name }) as ActorRef<Protocol<M>>;
    assert(made.cell !== undefined, 'a probe is spawned by its own maker');
    this.#cell = made.cell;
  }

  /** What came and was not expected yet, oldest first. */
  get unexpected(): readonly string[] {
    return this.#waiting.map(({ name }) => name);
  }

  /**
   * The next message, which must be this one.
   * @throws {@link ActorError} ACTOR_ASSERTION when it is another, or none comes within `withinMs`.
   */
  async expectMessage<K extends keyof M & string>(
    name: K,
    options: { readonly withinMs?: number } = {},
  ): Promise<ProbeMessage<M, K>> {
    const withinMs = options.withinMs ?? this.#withinMs;
    const next = await this.#until(() => this.#waiting.shift(), withinMs);
    const { address } = this.ref;
    assert(next !== undefined, `${address} expected "${name}" and was sent nothing for ${withinMs} ms`);
    assert(next.name === name, `${address} expected "${name}" and was sent "${next.name}"`);
    return next as unknown as ProbeMessage<M, K>;
  }

  /** @throws {@link ActorError} ACTOR_ASSERTION when a message waits, or one comes within `forMs` (default 100). */
  async expectNoMessage(options: { readonly forMs?: number } = {}): Promise<void> {
    const found = await this.#until(() => this.#waiting[0], options.forMs ?? 100);
    assert(found === undefined, `${this.ref.address} expected no message and was sent "${found?.name}"`);
  }

  /** From now on these messages are not recorded. An ask among them stays unanswered. */
  ignore(...names: readonly (keyof M & string)[]): void {
    for (const name of names) this.#ignored.add(name);
  }

  /** Watches the actor, so that its end can be expected. */
  watch(ref: ActorRef): void {
    const recipient: Recipient = Handle.wayOf(ref);
    recipient.watch({
      terminated: () => {
        this.#terminated.add(nameOf(ref));
        this.#check();
      },
    });
  }

  /**
   * The watched actor ends, or has ended.
   * @throws {@link ActorError} ACTOR_ASSERTION when it has not within `withinMs`.
   */
  async expectTerminated(ref: ActorRef, options: { readonly withinMs?: number } = {}): Promise<void> {
    const withinMs = options.withinMs ?? this.#withinMs;
    const isOver = await this.#until(() => this.#terminated.delete(nameOf(ref)) || undefined, withinMs);
    assert(isOver === true, `${this.ref.address} expected the end of ${ref.address} within ${withinMs} ms`);
  }

  /** Runs the body as if in a handler of the probe: what it sends has the probe as its sender. */
  speak<T>(body: () => T): T {
    const { kernel } = this.#cell;
    const before = kernel.current;
    kernel.current = this.#cell;
    try {
      return body();
    } finally {
      kernel.current = before;
    }
  }

  /** Stops its actor; what waits stays to be expected. */
  stop(): Promise<void> {
    return this.#system.stopActor(this.ref);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #receive(envelope: Envelope): SendResult {
    const { kernel, address } = this.#cell;
    if (this.#waiting.length >= this.#messagesMax) {
      kernel.discard(envelope, address, 'mailbox-full');
      envelope.reply?.reject(mailboxFull(address, this.#messagesMax));
      return 'rejected';
    }
    kernel.processed += 1;
    if (envelope.reply !== undefined) envelope.reply.stage = 'started';
    if (!this.#ignored.has(envelope.method.name)) {
      this.#waiting.push(received(envelope));
      this.#check();
    }
    return 'accepted';
  }

  #check(): void {
    for (const check of [...this.#checks]) check();
  }

  /** What `take` finds, now or within that time; undefined when it finds nothing. */
  #until<T>(take: () => T | undefined, withinMs: number): Promise<T | undefined> {
    const found = this.#checks.size === 0 ? take() : undefined;
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      const done = (value: T | undefined): void => {
        timer.cancel();
        this.#checks.delete(check);
        resolve(value);
      };
      const check = (): void => {
        const value = take();
        if (value !== undefined) done(value);
      };
      const timer = this.#cell.kernel.runtime.after(withinMs, () => done(undefined));
      this.#checks.add(check);
    });
  }
}

/** A cell that hands messages to its probe instead of a handler. All else in its life is as with any actor. */
class ProbeCell extends Cell {
  readonly #receive: (envelope: Envelope) => SendResult;

  constructor(blueprint: Actor, seed: Seed, receive: (envelope: Envelope) => SendResult) {
    super(blueprint, seed);
    this.#receive = receive;
  }

  override tell(method: Method, payload: unknown, sender: ActorRef | undefined): SendResult {
    return this.send(new Envelope(method, payload, sender));
  }

  override send(envelope: Envelope): SendResult {
    const { name, kind } = envelope.method;
    const known = this.protocol.methods.get(name);
    const fits = known !== undefined && (known.kind === kind || (kind === 'tell' && known.kind === 'ask'));
    return fits && !this.isEnding ? this.#receive(envelope) : super.send(envelope);
  }
}

function nameOf(ref: ActorRef): string {
  return `${ref.address}#${ref.uid ?? ''}`;
}
