// A conformance suite is data, so that any test runner can run it: `for (const c of suite) test(c.name, () => c.run())`.

import { ActorError } from '../errors.ts';

/** One claim of a contract, and the way to try it. */
export interface Case<Feature extends string = string> {
  /** A sentence about the implementation. */
  readonly name: string;
  /** The capability that it needs; a runner skips it, by name, for an implementation without. */
  readonly requires?: Feature;
  /** Rejects when the claim does not hold. Brings its own fixture and leaves nothing behind. */
  run(): Promise<void>;
}

/** How a suite lets time pass: virtual time in a simulation, real time around sockets. */
export interface Passage {
  /** Waits for the predicate. @throws {@link ActorError} ACTOR_ASSERTION, naming `what`, when it does not come true. */
  eventually(predicate: () => boolean, what: string): Promise<void>;
  /** Lets this much time pass, in milliseconds: long enough to see that something does not happen. */
  pass(ms: number): Promise<void>;
  /** The outcome of the promise. */
  settle<T>(promise: PromiseLike<T>): Promise<T>;
}

/** What the promise rejects with. @throws {@link ActorError} ACTOR_ASSERTION when it does not. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new ActorError('ACTOR_ASSERTION', `${what} did not reject; its value is ${String(value)}.`);
}
