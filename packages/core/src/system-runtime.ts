// Node's version of the runtime seam. What costs something when it is switched on, the delay monitor and the
// asynchronous context, is switched on by its first use.

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

import type { AsyncContext, Runtime, Timer } from './runtime.ts';

// Node turns a longer delay into one of 1 ms.
const nodeTimerMaxMs = 2 ** 31 - 1;
const delayWindowMs = 10_000;
const delayResolutionMs = 10;

/** The real clock, timers and randomness of this process. */
export function systemRuntime(): Runtime {
  const delays = new DelayWindow();
  const settled = Promise.resolve();
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after: (ms, body) => new SystemTimer(ms, body),
    // Twice as fast as Node's queueMicrotask, which makes an async resource for each call.
    microtask: (body) => void settled.then(body),
    macrotask: (body) => void setImmediate(body),
    random: () => Math.random(),
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
    loopDelay: () => delays.longestMs(),
    asyncContext: <T>() => new SystemContext<T>(),
  };
}

// Node's timers count in whole milliseconds of a clock that is read once per turn, so they may fire up to a millisecond
// early. The contract says "not before", therefore a timer that woke early sleeps again.
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #body: () => void;
  #handle: NodeJS.Timeout | undefined;

  constructor(ms: number, body: () => void) {
    this.#dueMs = performance.now() + ms;
    this.#body = body;
    this.#sleep(ms);
  }

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  #sleep(ms: number): void {
    this.#handle = setTimeout(() => this.#wake(), Math.min(Math.ceil(ms), nodeTimerMaxMs));
  }

  #wake(): void {
    const restMs = this.#dueMs - performance.now();
    if (restMs > 0) this.#sleep(restMs);
    else this.#body();
  }
}

class SystemContext<T> implements AsyncContext<T> {
  #storage: AsyncLocalStorage<T> | undefined;

  run<R>(value: T, body: () => R): R {
    this.#storage ??= new AsyncLocalStorage<T>();
    return this.#storage.run(value, body);
  }

  get(): T | undefined {
    return this.#storage?.getStore();
  }
}

// The monitor has one maximum that only grows, so it is reset twice per window and the half before is remembered.
class DelayWindow {
  #monitor: IntervalHistogram | undefined;
  #halfSinceMs = 0;
  #halfBeforeMs = 0;

  longestMs(): number {
    const nowMs = performance.now();
    if (this.#monitor === undefined) {
      this.#monitor = monitorEventLoopDelay({ resolution: delayResolutionMs });
      this.#monitor.enable();
      this.#halfSinceMs = nowMs;
      return 0;
    }
    // It records the distance between two of its ticks, of which the resolution is no delay.
    const halfMs = this.#monitor.count === 0 ? 0 : Math.max(0, this.#monitor.max / 1e6 - delayResolutionMs);
    const longestMs = Math.max(halfMs, this.#halfBeforeMs);
    if (nowMs - this.#halfSinceMs >= delayWindowMs / 2) {
      this.#halfBeforeMs = halfMs;
      this.#halfSinceMs = nowMs;
      this.#monitor.reset();
    }
    return longestMs;
  }
}
