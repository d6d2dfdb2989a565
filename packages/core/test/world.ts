// A system on a simulated clock, and ways to let it get on with what it has to do.
import { ActorSystem, type ActorSystemOptions, type Feed, type Runtime } from '@actor/core';
import { Simulation } from '@actor/core/testkit';

export class World {
  readonly simulation: Simulation = new Simulation();
  readonly runtime: Runtime = this.simulation.runtime('node');
  readonly system: ActorSystem;

  constructor(options: ActorSystemOptions = {}) {
    this.system = new ActorSystem({ name: 'test', ...options, runtime: this.runtime });
  }

  /** Everything that can happen now, and within the next `ms`, happens. */
  async pass(ms = 0): Promise<void> {
    await this.simulation.advance(ms);
  }

  /** Lets time pass until the promise settles, and gives what it settles with. */
  async outcome<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => (settled = { value }),
      (error: unknown) => (settled = { error }),
    );
    await this.simulation.runUntil(() => settled !== undefined);
    if (settled === undefined) throw new Error('unreachable');
    return settled;
  }

  async value<T>(promise: Promise<T>): Promise<T> {
    const outcome = await this.outcome(promise);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  async error(promise: Promise<unknown>): Promise<unknown> {
    const outcome = await this.outcome(promise);
    if ('error' in outcome) return outcome.error;
    throw new Error('It did not fail.');
  }
}

/** What a feed has given so far, collected behind the test's back. */
export function collect<T>(feed: Feed<T>): readonly T[] {
  const values: T[] = [];
  void (async () => {
    for await (const value of feed) values.push(value);
  })();
  return values;
}

/** What the promise fails with, without letting time pass. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It did not fail but gave ${String(value)}.`);
    },
    (error: unknown) => error,
  );
}
