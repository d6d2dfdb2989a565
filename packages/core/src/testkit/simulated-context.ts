// The async contexts of simulated processes. They share one storage of Node's: on Node 20 each storage that was ever used
// is looked after at every promise, for as long as the process runs, and a process may simulate thousands of nodes.

import type { AsyncContext } from '../runtime.ts';
import { AsyncLocalStorage } from './system-turn.ts';

interface Binding {
  readonly context: object;
  readonly value: unknown;
  readonly outer: Binding | undefined;
}

const storage = new AsyncLocalStorage<Binding | undefined>();

export class SimulatedContext<T> implements AsyncContext<T> {
  readonly #onUse: (context: SimulatedContext<unknown>) => void;
  #isUsed = false;

  /** `onUse` is called once, before the first run. */
  constructor(onUse: (context: SimulatedContext<unknown>) => void) {
    this.#onUse = onUse;
  }

  /** Calls the body with the values that these contexts have now, whenever that is, and with those of no others. */
  static bind(contexts: readonly SimulatedContext<unknown>[], body: () => void): () => void {
    if (contexts.length === 0) return body;
    let binding: Binding | undefined;
    for (const context of contexts) {
      const value = context.get();
      if (value !== undefined) binding = { context, value, outer: binding };
    }
    return () => storage.run(binding, body);
  }

  run<R>(value: T, body: () => R): R {
    if (!this.#isUsed) this.#onUse(this);
    this.#isUsed = true;
    return storage.run({ context: this, value, outer: without(storage.getStore(), this) }, body);
  }

  get(): T | undefined {
    let binding = storage.getStore();
    while (binding !== undefined && binding.context !== this) binding = binding.outer;
    return binding?.value as T | undefined;
  }
}

/** So that a context that is run inside itself again and again does not make an ever longer chain. */
function without(binding: Binding | undefined, context: object): Binding | undefined {
  if (binding === undefined || binding.context === context) return binding?.outer;
  const outer = without(binding.outer, context);
  return outer === binding.outer ? binding : { ...binding, outer };
}
