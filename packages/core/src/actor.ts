// What a user writes: a contract, a state and a handler for each message.

import { requireDuration, requireWhole } from './bound.ts';
import type { Context, StreamContext } from './context.ts';
import { ActorError } from './errors.ts';
import type { StopReason } from './event.ts';
import type { Interceptor } from './interceptor.ts';
import { requireMailbox, type MailboxOptions } from './mailbox.ts';
import type { AskSpec, MessageSpec, Messages, Protocol, StreamSpec, TellSpec } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import { requireSupervision, type Supervision } from './supervision.ts';

type HandlerOf<Spec extends MessageSpec, M extends Messages, S, A> =
  Spec extends TellSpec<infer P>
    ? (ctx: Context<M, S, A>, payload: P) => void | Promise<void>
    : Spec extends AskSpec<infer P, infer R>
      ? (ctx: Context<M, S, A>, payload: P) => R | Promise<R>
      : Spec extends StreamSpec<infer P, infer T>
        ? (ctx: StreamContext<M, S, A>, payload: P) => AsyncIterable<T>
        : never;

/** One handler per message of the contract. */
export type Handlers<M extends Messages, S, A> = {
  readonly [K in keyof M]: HandlerOf<M[K], M, S, A>;
};

export interface ActorDefinition<M extends Messages, S, A> {
  /** Makes the state, at the start and at each restart, from what the actor was spawned with. */
  readonly state?: (args: A) => S;
  /**
   * Run one at a time, an asynchronous one to its end before the next message. Stream handlers run beside them.
   */
  readonly on: Handlers<M, NoInfer<S>, NoInfer<A>>;
  /**
   * What happens when this actor fails: in a handler, a hook or a timer's body. An asker gets ACTOR_REMOTE in any case.
   * @defaultValue restart()
   */
  readonly supervise?: Supervision;
  /** @defaultValue bounded(10_000, 'reject') */
  readonly mailbox?: MailboxOptions;
  /**
   * How many messages may be stashed.
   * @defaultValue 1000
   */
  readonly stashMax?: number;
  /**
   * How many streams it may serve at once; further ones are refused with ACTOR_STREAMS_FULL.
   * @defaultValue 100
   */
  readonly streamsMax?: number;
  /**
   * How many timers it may have set at once; to set more throws ACTOR_TIMERS_FULL.
   * @defaultValue 1000
   */
  readonly timersMax?: number;
  /**
   * When it has to stop or to restart: how long what is under way, and then `onStop`, may take, in milliseconds. What then
   * still runs is cut off: its message is a dead letter `stop-timeout`, and the end goes on.
   * @defaultValue 5000
   */
  readonly stopTimeoutMs?: number;
  /** Wrap its handlers, inside those of the system. Only `handle` of them is used. */
  readonly interceptors?: readonly Pick<Interceptor, 'handle'>[];
  /** Runs before the first message, and again after each restart. */
  onStart?(ctx: Context<M, NoInfer<S>, NoInfer<A>>): void | Promise<void>;
  /** Runs when the state ends, after the last message and after the children have stopped. */
  onStop?(ctx: Context<M, NoInfer<S>, NoInfer<A>>, reason: StopReason): void | Promise<void>;
  /** Runs once for each watched actor that is gone. */
  onTerminated?(ctx: Context<M, NoInfer<S>, NoInfer<A>>, ref: ActorRef): void | Promise<void>;
}

/** An actor that can be spawned any number of times. Made by {@link actor} or {@link pool}. */
export interface Actor<M extends Messages = Messages, S = unknown, A = unknown> {
  readonly protocol: Protocol<M>;
  readonly definition: ActorDefinition<M, S, A>;
}

export interface SpawnOptions {
  /**
   * Unique among its living siblings; 1 to 256 characters, without "/" and control characters, and not "$" first.
   * @defaultValue `$` and a number
   */
  readonly name?: string | undefined;
  /** Instead of the definition's own. */
  readonly supervise?: Supervision | undefined;
}

/** `args` is there when the state needs them. */
export type SpawnArguments<A> = [A] extends [void]
  ? [options?: SpawnOptions & { readonly args?: undefined }]
  : undefined extends A
    ? [options?: SpawnOptions & { readonly args?: A }]
    : [options: SpawnOptions & { readonly args: A }];

/**
 * Puts handlers behind a contract.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the option that is out of range, or the handlers that are missing.
 * @example
 * ```ts
 * import { actor, ask, protocol, tell } from '@actor/core';
 *
 * const Counter = protocol('counter', { add: tell<number>(), total: ask<void, number>() });
 * export const counter = actor(Counter, {
 *   state: () => ({ total: 0 }),
 *   on: {
 *     add(ctx, n) {
 *       ctx.state.total += n;
 *     },
 *     total: (ctx) => ctx.state.total,
 *   },
 * });
 * ```
 */
export function actor<M extends Messages, S = undefined, A = void>(
  protocol: Protocol<M>,
  definition: ActorDefinition<M, S, A>,
): Actor<M, S, A> {
  const { stashMax = 1, streamsMax = 1, timersMax = 1, stopTimeoutMs = 1, mailbox, supervise } = definition;
  requireWhole('stashMax', stashMax, 1);
  requireWhole('streamsMax', streamsMax, 1);
  requireWhole('timersMax', timersMax, 1);
  requireDuration('stopTimeoutMs', stopTimeoutMs, 1);
  if (mailbox !== undefined) requireMailbox(mailbox);
  if (supervise !== undefined) requireSupervision(supervise);
  requireHandlers(protocol, definition.on);
  return { protocol, definition };
}

// Types are gone at run time, and a handler that is missing would show only when its message comes.
function requireHandlers(protocol: Protocol, on: object = {}): void {
  const missing = [...protocol.methods.keys()].filter((name) => typeof Reflect.get(on, name) !== 'function');
  const unknown = Object.keys(on).filter((name) => !protocol.methods.has(name));
  if (missing.length + unknown.length === 0) return;
  const faults = [
    ...missing.map((name) => `on.${name} must be a function`),
    ...unknown.map((name) => `on.${name} handles no message of "${protocol.name}"`),
  ];
  throw new ActorError('ACTOR_CONFIG_INVALID', `${faults.join('; ')}.`, { details: { path: 'on', faults } });
}
