// The one seam to time, randomness and scheduling. Nothing else in any package's source may reach for them, which is
// what lets a whole cluster run under a seeded simulation. Node's version is `systemRuntime()`, the simulated one is
// `SimulatedRuntime` of `@actor/core/testkit`.

/** A timer that was set and may be cancelled. Cancelling one that fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/** A value that follows the asynchronous continuation of a call, as `AsyncLocalStorage` does. */
export interface AsyncContext<T> {
  /** Runs `body` with `value` in place, for it and for all that it awaits. */
  run<R>(value: T, body: () => R): R;
  /** The value in place, or undefined outside every `run`. */
  get(): T | undefined;
}

export interface Runtime {
  /** Milliseconds with fraction, never going back, not moved by changes of the wall clock. */
  monotonicMs(): number;
  /** Milliseconds since 1970. It may jump in both directions. */
  wallMs(): number;
  /** Calls `body` once, not before `ms` milliseconds have passed. Never calls it synchronously. */
  after(ms: number, body: () => void): Timer;
  /** Calls `body` after the current synchronous code, before timers and I/O. */
  microtask(body: () => void): void;
  /** Calls `body` after timers and I/O that are due had their turn. */
  macrotask(body: () => void): void;
  /** A number in [0, 1). Not for secrets. */
  random(): number;
  /** Bytes fit for secrets and ids. */
  randomBytes(length: number): Uint8Array;
  /** The longest time, in milliseconds, that the event loop was blocked in about the last ten seconds. */
  loopDelay(): number;
  /** A context of its own. Creating one is free; the first `run` may slow every `await` of the process on Node 20. */
  asyncContext<T>(): AsyncContext<T>;
}
