// Contracts as values. A protocol names the messages of an actor and carries their types; clients import it alone. The
// tables of methods behind `ref.tell`, `ref.ask` and `ref.stream` are made here, once per protocol.

import { ActorError } from './errors.ts';
import { makeMethodTables, type MethodTables } from './method-table.ts';
import { Method, type MessageKind } from './method.ts';
import type { StandardSchema } from './standard-schema.ts';

declare const payloadType: unique symbol;
declare const replyType: unique symbol;

/** A message without an answer. */
export interface TellSpec<P> {
  readonly kind: 'tell';
  readonly payload: StandardSchema | undefined;
  readonly [payloadType]?: P;
}

/** A message with one answer. */
export interface AskSpec<P, R> {
  readonly kind: 'ask';
  readonly payload: StandardSchema | undefined;
  readonly reply: StandardSchema | undefined;
  readonly [payloadType]?: P;
  readonly [replyType]?: R;
}

/** A message that is answered by any number of values. */
export interface StreamSpec<P, T> {
  readonly kind: 'stream';
  readonly payload: StandardSchema | undefined;
  readonly reply: StandardSchema | undefined;
  readonly [payloadType]?: P;
  readonly [replyType]?: T;
}

export type MessageSpec = TellSpec<unknown> | AskSpec<unknown, unknown> | StreamSpec<unknown, unknown>;
export type Messages = Readonly<Record<string, MessageSpec>>;

/** What a spec's payload is. */
export type PayloadOf<S> =
  S extends TellSpec<infer P>
    ? P
    : S extends AskSpec<infer P, unknown>
      ? P
      : S extends StreamSpec<infer P, unknown>
        ? P
        : never;

/** A contract. `M` is the record that was given to {@link protocol}. */
export interface Protocol<M extends Messages = Messages> {
  readonly name: string;
  readonly messages: M;
  /** The messages at run time, by name. */
  readonly methods: ReadonlyMap<string, Method>;
}

// The first overload of each keeps `tell()` from taking its type from where it stands, which would be `unknown`.

/**
 * Declares a message without an answer. A schema stands in for the type argument, and the receiver checks what comes from
 * another node with it: a payload that it refuses is a dead letter.
 */
export function tell(): TellSpec<void>;
export function tell<P>(payload?: StandardSchema<P>): TellSpec<P>;
export function tell(payload?: StandardSchema): TellSpec<unknown> {
  return { kind: 'tell', payload };
}

/**
 * Declares a message with one answer: payload first, answer second. An answer from another node is checked by the asker,
 * who trusts its own contract: one that the schema refuses rejects with ACTOR_PAYLOAD_INVALID, outcome unknown.
 */
export function ask(): AskSpec<void, void>;
export function ask<P, R = void>(payload?: StandardSchema<P>, reply?: StandardSchema<R>): AskSpec<P, R>;
export function ask(payload?: StandardSchema, reply?: StandardSchema): AskSpec<unknown, unknown> {
  return { kind: 'ask', payload, reply };
}

/**
 * Declares a message that is answered by any number of values: payload first, value second. Values are checked as answers
 * are; the first that is refused ends the stream.
 */
export function stream(): StreamSpec<void, void>;
export function stream<P, T = void>(payload?: StandardSchema<P>, value?: StandardSchema<T>): StreamSpec<P, T>;
export function stream(payload?: StandardSchema, value?: StandardSchema): StreamSpec<unknown, unknown> {
  return { kind: 'stream', payload, reply: value };
}

const kinds: readonly MessageKind[] = ['tell', 'ask', 'stream'];
const identifier = /^[A-Za-z][A-Za-z0-9_-]*$/;

/**
 * Defines a contract. Nodes tell contracts apart by `name`, so it is unique in a cluster.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when a name is empty, has odd characters, or means something to
 * JavaScript itself (`then`, `constructor`, …), or a message is not made by `tell()`, `ask()` or `stream()`.
 * @example
 * ```ts
 * import { ask, protocol, tell } from '@actor/core';
 *
 * export const Counter = protocol('counter', { add: tell<number>(), total: ask<void, number>() });
 * ```
 */
export function protocol<const M extends Messages>(name: string, messages: M): Protocol<M> {
  requireName(name, 'name');
  const methods = new Map<string, Method>();
  for (const [key, spec] of Object.entries(messages)) {
    requireName(key, `messages.${key}`);
    const kind: MessageKind | undefined = (spec as MessageSpec | undefined)?.kind;
    if (kind === undefined || !kinds.includes(kind)) throw notASpec(`messages.${key}`, spec);
    const reply = spec.kind === 'tell' ? undefined : spec.reply;
    methods.set(key, new Method(key, kind, methods.size, spec.payload, reply));
  }
  return Object.freeze({ name, messages, methods, tables: makeMethodTables([...methods.values()]) });
}

/** @internal The classes behind the refs of a protocol. */
export function tablesOf(of: Protocol): MethodTables {
  return (of as Protocol & { readonly tables: MethodTables }).tables;
}

function notASpec(path: string, value: unknown): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path} must be made by tell(), ask() or stream().`, {
    details: { path, value },
  });
}

function requireName(name: string, path: string): void {
  if (identifier.test(name) && name !== 'then' && !(name in Object.prototype)) return;
  throw new ActorError(
    'ACTOR_CONFIG_INVALID',
    `${path}: "${name}" can't be the name of a protocol or message; use letters, digits, "-" and "_".`,
    { details: { path, value: name } },
  );
}
