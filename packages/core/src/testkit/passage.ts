// The two ways of letting time pass in a suite.

import { ActorError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import type { Passage } from './case.ts';
import type { Simulation } from './simulation.ts';

/** Virtual time. */
export function virtualTime(simulation: Simulation): Passage {
  return {
    eventually: (predicate, what) => simulation.runUntil(predicate, { what, withinMs: 120_000 }),
    pass: (ms) => simulation.advance(ms),
    settle: (promise) => simulation.settle(promise),
  };
}

export interface RealTimeOptions {
  /**
   * How long a wait may take, in milliseconds.
   * @defaultValue 20_000
   */
  readonly withinMs?: number;
}

/** Real time, looked at once per millisecond. */
export function realTime(runtime: Runtime, options: RealTimeOptions = {}): Passage {
  const { withinMs = 20_000 } = options;
  const pass = (ms: number): Promise<void> => new Promise((resolve) => runtime.after(ms, resolve));
  const eventually = async (predicate: () => boolean, what: string): Promise<void> => {
    const untilMs = runtime.monotonicMs() + withinMs;
    while (!predicate()) {
      if (runtime.monotonicMs() > untilMs) {
        throw new ActorError('ACTOR_ASSERTION', `${what} did not come true within ${withinMs} ms.`);
      }
      await pass(1);
    }
  };
  return { eventually, pass, settle: (promise) => Promise.resolve(promise) };
}
