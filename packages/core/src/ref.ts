// Refs: where an actor is and what it understands. A ref is a value; it may be kept, compared by `address` and `uid`, put
// in a payload and given to anybody. It stays valid when its actor is gone: sends then say so.

import type { SendResult } from './envelope.ts';
import type { AskSpec, Messages, Protocol, StreamSpec, TellSpec } from './protocol.ts';

export interface AskOptions {
  /**
   * How long to wait for the answer, in milliseconds.
   * @defaultValue the system's `askTimeoutMs`, 5000
   */
  readonly timeoutMs?: number | undefined;
  /** Gives up when aborted: the ask rejects with the signal's reason, and the handler's `ctx.signal` aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions {
  /**
   * How long the stream may take altogether, in milliseconds from its first `next`. Then the iteration throws
   * ACTOR_ASK_TIMEOUT, and the handler's `ctx.signal` aborts.
   * @defaultValue no limit
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the stream when aborted: the iteration throws the signal's reason, and the handler's `ctx.signal` aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many values the handler may be ahead of the consumer.
   * @defaultValue 16
   */
  readonly aheadMax?: number | undefined;
}

/** Payload first, options second; a void payload may be left out. */
export type Arguments<P, O> = [P] extends [void]
  ? [payload?: undefined, options?: O]
  : undefined extends P
    ? [payload?: P, options?: O]
    : [payload: P, options?: O];

export type Tells<M extends Messages> = {
  readonly [K in keyof M as M[K] extends TellSpec<unknown> ? K : never]: M[K] extends TellSpec<infer P>
    ? (...args: Arguments<P, never>) => SendResult
    : never;
};

export type Asks<M extends Messages> = {
  readonly [K in keyof M as M[K] extends AskSpec<unknown, unknown> ? K : never]: M[K] extends AskSpec<
    infer P,
    infer R
  >
    ? (...args: Arguments<P, AskOptions>) => Promise<R>
    : never;
};

export type Streams<M extends Messages> = {
  readonly [K in keyof M as M[K] extends StreamSpec<unknown, unknown> ? K : never]: M[K] extends StreamSpec<
    infer P,
    infer T
  >
    ? (...args: Arguments<P, StreamOptions>) => AsyncIterableIterator<T>
    : never;
};

/** A typed handle of an actor, here or on another node alike. Without a protocol only `as` leads to its messages. */
export interface ActorRef<P extends Protocol = Protocol> {
  /** `<origin>/<path>`. */
  readonly address: string;
  /** The path below the origin: `cart`, or `parent/child`. */
  readonly path: string;
  /** The life of the actor that is meant; undefined means whoever lives at the address now. */
  readonly uid: number | undefined;
  /** What it speaks, when that is known. */
  readonly protocolName: string | undefined;
  /** Sends without waiting. Never throws: the result, and dead letters, say what became of the message. */
  readonly tell: Tells<P['messages']>;
  /**
   * Sends and waits for the answer.
   * @throws {@link ActorError} ACTOR_ASK_TIMEOUT, ACTOR_REMOTE, ACTOR_TERMINATED, ACTOR_MAILBOX_FULL, ACTOR_NO_ROUTE, … or
   * the signal's own reason.
   */
  readonly ask: Asks<P['messages']>;
  /** Opens a stream; the handler starts with the first `next`. Fails as `ask` does, but has no deadline unless it is given one. */
  readonly stream: Streams<P['messages']>;
  /** The same actor under another contract; the way to give one to a ref that came without. */
  as<Q extends Protocol>(protocol: Q): ActorRef<Q>;
  /** The address. */
  toString(): string;
}

/** @internal What makes an object a ref for {@link isActorRef}, whichever copy of this package made it. */
export const refBrand: unique symbol = Symbol.for('@actor/ref');

/** True for a ref of any copy of this package: how a codec finds refs in a payload. */
export function isActorRef(value: unknown): value is ActorRef {
  return typeof value === 'object' && value !== null && refBrand in value;
}
