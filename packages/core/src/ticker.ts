// The ticks of `ctx.every(ms)`: on the grid of the first one, so they don't drift, and only when they are asked for, so
// none pile up. It ends with its signal, and with the timers that it is one of.

import type { Runtime, Timer } from './runtime.ts';
import type { Timers } from './timers.ts';

export interface TickerOptions {
  readonly runtime: Runtime;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly timers?: Timers | undefined;
}

const done: IteratorResult<number> = { value: undefined, done: true };

export class Ticker implements AsyncIterableIterator<number>, Timer {
  readonly #runtime: Runtime;
  readonly #everyMs: number;
  readonly #signal: AbortSignal;
  readonly #timers: Timers | undefined;
  readonly #startMs: number;
  readonly #abort = (): void => this.cancel();
  #tick = 0;
  #timer: Timer | undefined;
  #waiting: ((result: IteratorResult<number>) => void)[] = [];
  #ended: boolean;

  /** @throws {@link ActorError} ACTOR_TIMERS_FULL */
  constructor({ runtime, everyMs, signal, timers }: TickerOptions) {
    this.#runtime = runtime;
    this.#everyMs = everyMs;
    this.#signal = signal;
    this.#timers = timers;
    this.#startMs = runtime.monotonicMs();
    this.#ended = signal.aborted;
    if (this.#ended) return;
    timers?.add(this);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  next(): Promise<IteratorResult<number>> {
    if (this.#ended) return Promise.resolve(done);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#timer === undefined) this.#arm();
    });
  }

  return(): Promise<IteratorResult<number>> {
    this.cancel();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#timers?.remove(this);
    this.#signal.removeEventListener('abort', this.#abort);
    for (const waiter of this.#waiting.splice(0)) waiter(done);
  }

  #arm(): void {
    const elapsedMs = this.#runtime.monotonicMs() - this.#startMs;
    this.#tick = Math.max(this.#tick + 1, Math.floor(elapsedMs / this.#everyMs));
    const dueMs = this.#startMs + this.#tick * this.#everyMs;
    this.#timer = this.#runtime.after(Math.max(0, dueMs - this.#runtime.monotonicMs()), () => {
      this.#timer = undefined;
      this.#waiting.shift()?.({ value: this.#tick, done: false });
      if (this.#waiting.length > 0) this.#arm();
    });
  }
}
