// Who runs next. Work that is ready is drained in a microtask, for latency, until this turn of the event loop has been
// busy for `turnMs`; the rest goes on in a macrotask, after timers and I/O had their turn. One that has much to do gives
// way to the next after a stride of messages, so neither a flood nor a crowd starves anybody.

import { Ring } from './ring.ts';
import type { Runtime } from './runtime.ts';

/** Something that is run when it has been scheduled. */
export interface Runnable {
  /** Does up to `limit` pieces of work and says how many it did. It schedules itself again if there is more. */
  run(limit: number): number;
}

const strideMax = 64;
/** What a stride should take at most; slow handlers make strides shorter. */
const strideMs = 0.25;
/** Ends a turn even where the clock stands still, as it does in a simulation while nothing but messages happens. */
const turnMessagesMax = 100_000;

export class Dispatcher {
  readonly #runtime: Runtime;
  readonly #turnMs: number;
  readonly #ready = new Ring<Runnable>();
  readonly #around: (work: () => void) => void;
  readonly #work = (): void => this.#runReady();
  readonly #drain = (): void => this.#around(this.#work);
  readonly #next = (): void => this.#nextTurn();
  /** A microtask is on its way. */
  #called = false;
  /** A macrotask that ends this turn is on its way. */
  #open = false;
  /** This turn has had its share. */
  #spent = false;
  #turnStartMs = 0;
  #turnMessages = 0;
  #lookedMs = 0;
  #stride = strideMax;
  #left = strideMax;

  /** `around` gives each turn what it runs in. */
  constructor(runtime: Runtime, turnMs: number, around: (work: () => void) => void = (work) => work()) {
    this.#runtime = runtime;
    this.#around = around;
    this.#turnMs = turnMs;
  }

  schedule(runnable: Runnable): void {
    this.#ready.push(runnable);
    if (!this.#called && !this.#spent) this.#call();
  }

  #call(): void {
    this.#called = true;
    this.#runtime.microtask(this.#drain);
  }

  #runReady(): void {
    this.#called = true;
    if (!this.#open) this.#turnStartMs = this.#lookedMs = this.#runtime.monotonicMs();
    try {
      while (!this.#spent) {
        const runnable = this.#ready.shift();
        if (runnable === undefined) break;
        this.#left -= runnable.run(this.#left);
        if (this.#left <= 0) this.#look();
      }
    } finally {
      this.#called = false;
      // One of them threw, which none of them may: the others go on.
      if (this.#ready.length > 0 && !this.#spent) this.#call();
    }
  }

  #look(): void {
    // Only what takes more than a stride is worth a macrotask: for a lone message it would cost more than the message.
    if (!this.#open) this.#openTurn();
    const nowMs = this.#runtime.monotonicMs();
    const tookMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    this.#turnMessages += this.#stride;
    this.#spent = nowMs - this.#turnStartMs >= this.#turnMs || this.#turnMessages >= turnMessagesMax;
    this.#stride =
      tookMs > strideMs
        ? Math.max(1, Math.floor((this.#stride * strideMs) / tookMs))
        : Math.min(strideMax, this.#stride * 2);
    this.#left = this.#stride;
  }

  #openTurn(): void {
    this.#open = true;
    this.#turnMessages = 0;
    this.#runtime.macrotask(this.#next);
  }

  #nextTurn(): void {
    this.#open = false;
    this.#spent = false;
    if (this.#ready.length > 0) this.#drain();
  }
}
