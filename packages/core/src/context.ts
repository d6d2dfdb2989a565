// What a handler may do. Handlers of one actor run one at a time, so one context serves all of one state; a stream handler
// has its own, because it runs beside them. What runs on with the context of a state that has ended can still read it, send
// and log; it sets no timers, spawns nobody and touches nothing of the next state.

import type { Actor, Handlers, SpawnArguments } from './actor.ts';
import type { Message } from './envelope.ts';
import type { Logger } from './plugin/logger.ts';
import type { Messages, Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Timer } from './runtime.ts';

/** The state as a stream handler sees it: it runs beside other handlers and so must not change it. */
export type ReadonlyState<S> = S extends (...args: never[]) => unknown
  ? S
  : S extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, V>
    : S extends ReadonlySet<infer V>
      ? ReadonlySet<V>
      : S extends object
        ? { readonly [K in keyof S]: ReadonlyState<S[K]> }
        : S;

interface CommonContext<M extends Messages, A> {
  readonly self: ActorRef<Protocol<M>>;
  /** The actor that sent the message; undefined from outside actors. Give it a contract: `ctx.sender?.as(Cart)`. */
  readonly sender: ActorRef | undefined;
  /** What the actor was spawned with; a restart gets the same. */
  readonly args: A;
  readonly path: string;
  /** The system's logger, bound to the path. */
  readonly log: Logger;
  /**
   * Aborts when the work has become pointless: the caller withdrew or ran into its deadline, or the actor stops or
   * restarts. Hand it to whatever you await. A handler that then throws the signal's reason has not failed.
   */
  readonly signal: AbortSignal;
  /**
   * Starts a child. It stops with its parent, and when its parent restarts.
   * @throws {@link ActorError} ACTOR_NAME_TAKEN when a child of that name is alive, ACTOR_TERMINATED when this state ends.
   */
  spawn<N extends Messages, T, B>(
    actor: Actor<N, T, B>,
    ...options: SpawnArguments<B>
  ): ActorRef<Protocol<N>>;
  /** Stops a child, or without argument this actor, after the message that it handles now. */
  stop(child?: ActorRef): void;
  /**
   * `onTerminated` will run once when that actor is gone, on stop, failure and loss of its node alike, after the messages
   * that it had sent; at once if it is gone already.
   */
  watch(ref: ActorRef): void;
  /** After this, `onTerminated` doesn't run for that watch any more. */
  unwatch(ref: ActorRef): void;
  /**
   * Runs `body` as a message of its own, ahead of the mailbox, or sends the message to this actor. Ends with the state; once
   * cancelled it doesn't run, also when it was due.
   * @throws {@link ActorError} ACTOR_TIMERS_FULL when `timersMax` are set already.
   */
  after(ms: number, body: (() => void | Promise<void>) | Message): Timer;
  /**
   * Iterates every `ms` milliseconds, counting from 1, until `ctx.signal` aborts or the state ends. Ticks that were missed
   * are skipped. Outside of a stream it is one of the timers that are bounded by `timersMax`, until the loop is left.
   */
  every(ms: number): AsyncIterableIterator<number>;
  /** As `after`, again and again. A tick that finds the last one still waiting is skipped. */
  every(ms: number, body: (() => void | Promise<void>) | Message): Timer;
}

/** For `tell` and `ask` handlers and for the hooks. */
export interface Context<M extends Messages, S, A> extends CommonContext<M, A> {
  state: S;
  /**
   * Puts the message that is being handled aside, unanswered, until `unstashAll`.
   * @throws {@link ActorError} ACTOR_STASH_FULL when `stashMax` are there already.
   */
  stash(): void;
  /** Puts everything that was stashed before the mailbox, in its old order. */
  unstashAll(): void;
  /** Replaces the named handlers from the next message on; the others are as `on` says. Without argument: all as `on` says. */
  become(handlers?: Partial<Handlers<M, S, A>>): void;
}

/** For `stream` handlers: it interleaves with other messages at each `await` and `yield`. */
export interface StreamContext<M extends Messages, S, A> extends CommonContext<M, A> {
  readonly state: ReadonlyState<S>;
}
