// What the cells, refs and pending asks of one system share. It is the inside of an ActorSystem; nobody else holds it.

import type { Actor } from './actor.ts';
import { Blueprint } from './behaviour.ts';
import { isOutcomeUnknown, type DeadLetter, type DeadLetterReason } from './dead-letter.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Envelope } from './envelope.ts';
import type { SystemEvent } from './event.ts';
import { FeedSource } from './feed.ts';
import type { Gateway, Recipient } from './gateway.ts';
import { Handle } from './handle.ts';
import { InterceptedRecipient, type Interceptor } from './interceptor.ts';
import type { Logger } from './plugin/logger.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Cause } from './reply.ts';
import type { AsyncContext, Runtime } from './runtime.ts';

/** Whose code runs: the sender of what is sent now, and the chain that an ask made now belongs to. */
export interface Speaker {
  readonly self: ActorRef;
  cause(): Cause;
}

/** What a dead letter is made of: an envelope, or as much of it as there is. */
export type Discarded = Pick<Envelope, 'method' | 'payload' | 'sender'>;

/** Uids and the ids of runs stay small integers, which take no memory of their own. */
const smallMax = 2 ** 30;

export interface KernelOptions {
  readonly name: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly askTimeoutMs: number;
  readonly turnMs: number;
  readonly interceptors: readonly Interceptor[];
}

export class Kernel {
  readonly name: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly askTimeoutMs: number;
  readonly interceptors: readonly Interceptor[];
  readonly dispatcher: Dispatcher;
  readonly deadlines: Deadlines;
  readonly letters: FeedSource<DeadLetter> = new FeedSource();
  readonly events: FeedSource<SystemEvent> = new FeedSource();
  /** Contracts that this process has used, so that a ref that arrives with a name gets its methods. */
  readonly protocols: Map<string, Protocol> = new Map();
  gateway: Gateway | undefined;
  /** Where the actors are reached: as the gateway says, or the last one said; the local origin before the first. */
  origin: string;
  /** All actors have ended, for good. */
  stopped = false;
  /** The speaker whose handler runs synchronously. */
  current: Speaker | undefined;
  /** Counters of G8. */
  sent = 0;
  processed = 0;
  deadLettered = 0;
  reportedUnknown = 0;
  /** Actors so far. */
  actors = 0;
  /**
   * The uid of an actor is its number, counted from here. From a random place, since the next process at an address makes
   * actors of the same paths in the same order, and refs to those of this one must not mean them.
   */
  readonly uidsFrom: number;
  readonly localOrigin: string;
  private run: number;
  readonly #sending: boolean;
  readonly #blueprints = new WeakMap<Actor, Blueprint>();
  // The one that was asked for last: actors are often spawned by the thousand.
  #lastActor: Actor | undefined;
  #lastBlueprint: Blueprint | undefined;
  // Made with the first asynchronous handler: on Node 20 an async context in use slows every await of the process.
  #speakers: AsyncContext<Speaker | undefined> | undefined;

  constructor(options: KernelOptions) {
    this.name = options.name;
    this.runtime = options.runtime;
    this.logger = options.logger;
    this.askTimeoutMs = options.askTimeoutMs;
    this.interceptors = options.interceptors;
    this.dispatcher = new Dispatcher(options.runtime, options.turnMs, (work) => this.#asNobody(work));
    this.deadlines = new Deadlines(options.runtime);
    this.#sending = options.interceptors.some((one) => one.send !== undefined);
    this.localOrigin = `actor://${options.name}`;
    this.origin = this.localOrigin;
    this.uidsFrom = Math.floor(options.runtime.random() * smallMax);
    this.run = this.uidsFrom;
  }

  /** The id of the next run of a handler: never 0, and the same again only after very many others. */
  nextRun(): number {
    this.run = (this.run % smallMax) + 1;
    return this.run;
  }

  speaker(): Speaker | undefined {
    return this.current ?? this.#speakers?.get();
  }

  /** Runs asynchronous code so that what it sends after an `await` still has its sender. */
  runAs<R>(speaker: Speaker, body: () => R): R {
    this.#speakers ??= this.runtime.asyncContext<Speaker | undefined>();
    return this.#speakers.run(speaker, body);
  }

  /** A turn of the actors may be called for by code of one of them, which does not speak for the others. */
  #asNobody(work: () => void): void {
    const speakers = this.#speakers;
    if (speakers?.get() === undefined) work();
    else speakers.run(undefined, work);
  }

  blueprint(actor: Actor): Blueprint {
    if (actor === this.#lastActor && this.#lastBlueprint !== undefined) return this.#lastBlueprint;
    let blueprint = this.#blueprints.get(actor);
    if (blueprint === undefined) {
      blueprint = new Blueprint(actor, this.interceptors);
      this.#blueprints.set(actor, blueprint);
      this.protocols.set(actor.protocol.name, actor.protocol);
    }
    this.#lastActor = actor;
    this.#lastBlueprint = blueprint;
    return blueprint;
  }

  /** A ref whose sends go through the interceptors, if there are any. */
  ref<P extends Protocol>(recipient: Recipient, protocol: P | string | undefined): ActorRef<P> {
    const way = this.#sending ? new InterceptedRecipient(recipient, this.interceptors, this) : recipient;
    return new Handle(this, way, protocol);
  }

  /** Counts, logs and publishes a message that nobody has processed. It doesn't settle the reply. */
  discard(message: Discarded, recipient: string, reason: DeadLetterReason): void {
    const { method, payload, sender } = message;
    this.deadLetter({
      message: { name: method.name, payload, kind: method.kind },
      recipient,
      sender: sender?.address,
      reason,
    });
  }

  deadLetter(letter: DeadLetter): void {
    if (isOutcomeUnknown(letter.reason)) this.reportedUnknown += 1;
    else this.deadLettered += 1;
    if (this.letters.readers > 0) this.letters.publish(letter);
    const { message, recipient, sender, reason } = letter;
    this.log('debug', { method: message.name, recipient, sender, reason }, 'dead letter');
  }

  /** Logs what the system itself has to say. A logger that throws must not take an actor with it. */
  log(level: 'debug' | 'warn' | 'error', fields: object, text: string): void {
    try {
      this.logger[level](fields, text);
    } catch {
      // There is nowhere left to say it.
    }
  }

  /**
   * The actors have ended, and so do the feeds; with a gateway not before it is detached, since the end of its links makes
   * dead letters of what was sent last.
   */
  closeFeeds(): void {
    this.stopped = true;
    if (this.gateway !== undefined) return;
    this.letters.close();
    this.events.close();
  }

  event(event: SystemEvent): void {
    if (this.events.readers > 0) this.events.publish(event);
  }
}
