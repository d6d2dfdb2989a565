// Finds which part of a payload could not be encoded. It runs only after the encoder has failed, so it may be slow.

import { ActorError, isActorError, isActorRef } from '@actor/core';

/** @param cause What the encoder threw. @param depthMax How deeply a payload may nest where it arrives. */
export function notSerializable(value: unknown, cause: unknown, depthMax = 1_000): ActorError {
  const found = culprit(value, 'payload', [], depthMax) ?? { path: 'payload', why: describe(cause) };
  return new ActorError(
    'ACTOR_NOT_SERIALIZABLE',
    `${found.path} can't be sent to another node: ${found.why}.`,
    {
      details: { path: found.path },
      cause,
    },
  );
}

interface Culprit {
  readonly path: string;
  readonly why: string;
}

/** What could not even be read. */
class Unreadable {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function culprit(
  value: unknown,
  path: string,
  above: readonly object[],
  depthMax: number,
): Culprit | undefined {
  if (value instanceof Unreadable) return { path, why: `to read it throws: ${describe(value.error)}` };
  if (typeof value === 'function') return { path, why: 'it is a function' };
  if (typeof value === 'symbol') return { path, why: 'it is a symbol' };
  if (typeof value !== 'object' || value === null || isActorRef(value) || ArrayBuffer.isView(value))
    return undefined;
  if (above.includes(value)) return { path, why: 'it contains itself' };
  if (isThenable(value)) return { path, why: 'it is a promise; await it first' };
  if (isOpaque(value)) return { path, why: `nothing can be read out of a ${value.constructor.name}` };
  if (above.length >= depthMax) return { path, why: `it nests deeper than ${depthMax}` };
  const within = [...above, value];
  for (const [step, part] of parts(value)) {
    const found = culprit(part, path + step, within, depthMax);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* parts(value: object): Iterable<readonly [string, unknown]> {
  if (Array.isArray(value)) for (const [index, part] of value.entries()) yield [`[${index}]`, part];
  else if (value instanceof Set) for (const part of value) yield ['.values()', part];
  else if (value instanceof Map) {
    for (const [key, part] of value) {
      yield ['.keys()', key];
      yield [`.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key})`, part];
    }
  } else for (const key of Object.keys(value)) yield [`.${key}`, read(value, key)];
}

/** A getter may be what threw. */
function read(value: object, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch (error) {
    return new Unreadable(error);
  }
}

/** An object whose content no encoder can see, and which would arrive empty. */
export function isOpaque(value: object): boolean {
  return (
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof Number ||
    value instanceof String ||
    value instanceof Boolean
  );
}

export function isThenable(value: object): boolean {
  return 'then' in value && typeof value.then === 'function';
}

function describe(cause: unknown): string {
  // The encoded payload was looked at as its receiver would.
  if (isActorError(cause) && typeof cause.details['why'] === 'string') return cause.details['why'];
  return cause instanceof Error ? cause.message : String(cause);
}
