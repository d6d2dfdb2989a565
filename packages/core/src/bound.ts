// The check that every bound of an option goes through.

import { ActorError } from './errors.ts';

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID naming `path` when the value is not a whole number of at least `least`. */
export function requireWhole(path: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ActorError(
    'ACTOR_CONFIG_INVALID',
    `${path} must be a whole number of at least ${least}, not ${value}.`,
    { details: { path, value } },
  );
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID naming `path` when the value is not finite and at least `least`. */
export function requireDuration(path: string, value: number, least: number): void {
  if (!isDuration(value, least)) throw notADuration(path, value, least);
}

export const isDuration = (value: number, least: number): boolean => Number.isFinite(value) && value >= least;

export function notADuration(path: string, value: number, least: number): ActorError {
  return new ActorError(
    'ACTOR_CONFIG_INVALID',
    `${path} must be a number of at least ${least} milliseconds, not ${value}.`,
    { details: { path, value } },
  );
}
