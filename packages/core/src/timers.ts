// The timers of one actor: all of them end with it.

import type { Runtime, Timer } from './runtime.ts';

export class Timers {
  readonly #runtime: Runtime;
  readonly #running = new Set<Timer>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  after(ms: number, body: () => void): Timer {
    const running = this.#runtime.after(ms, () => {
      this.#running.delete(running);
      body();
    });
    this.#running.add(running);
    return {
      cancel: () => {
        this.#running.delete(running);
        running.cancel();
      },
    };
  }

  /** On the grid of the start, so that late ticks don't shift the later ones; ticks that were missed are skipped. */
  every(ms: number, body: () => void): Timer {
    const startMs = this.#runtime.monotonicMs();
    let tick = 0;
    let current: Timer;
    const arm = (): void => {
      const nowMs = this.#runtime.monotonicMs();
      tick = Math.max(tick + 1, Math.floor((nowMs - startMs) / ms));
      current = this.after(Math.max(0, startMs + tick * ms - nowMs), () => {
        arm();
        body();
      });
    };
    arm();
    return { cancel: () => current.cancel() };
  }

  cancelAll(): void {
    for (const timer of this.#running) timer.cancel();
    this.#running.clear();
  }
}
