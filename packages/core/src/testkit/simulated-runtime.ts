// The runtime seam of one simulated process: a clock that may drift and jump, timers on the simulation's agenda, seeded
// randomness. A process can stall, be suspended and be killed, as real ones are.

import { assert } from '../errors.ts';
import type { AsyncContext, Runtime, Timer } from '../runtime.ts';
import type { Agenda, Owner, Phase } from './agenda.ts';
import type { RandomStream } from './random-stream.ts';
import { SimulatedContext } from './simulated-context.ts';
import { reaction } from './system-turn.ts';

export interface ClockOptions {
  /**
   * How far the wall clock is ahead of true time at the start, in milliseconds.
   * @defaultValue 0
   */
  readonly offsetMs?: number;
  /**
   * How fast both clocks of the node run; real ones stay within 0.95 and 1.05.
   * @defaultValue 1
   */
  readonly rate?: number;
}

export interface PauseOptions {
  /**
   * The machine sleeps: the monotonic clock stands still meanwhile, the wall clock goes on.
   * @defaultValue false
   */
  readonly suspended?: boolean;
}

/** What a process needs of the simulation that it is in. */
export interface SimulatedProcess {
  readonly node: string;
  readonly index: number;
  readonly agenda: Agenda;
  readonly random: RandomStream;
  /** The wall clock at true time 0. */
  readonly epochMs: number;
}

interface Stall {
  readonly endMs: number;
  readonly forMs: number;
}

const delayWindowMs = 10_000;

export class SimulatedRuntime implements Runtime, Owner {
  readonly node: string;
  readonly index: number;
  readonly #agenda: Agenda;
  readonly #random: RandomStream;
  readonly #epochMs: number;
  #offsetMs: number;
  #rate: number;
  // The monotonic clock read `anchorMs` when true time was `anchorUs`.
  #anchorUs: number;
  #anchorMs = 0;
  #heldUntilUs = 0;
  #isDead = false;
  #stalls: Stall[] = [];
  /** Moves each timer that is set to where it is due when the clock runs at another rate. */
  readonly #timers = new Set<() => void>();
  /** The contexts that have been used, which timers and macrotasks carry on. */
  readonly #contexts: SimulatedContext<unknown>[] = [];

  constructor(process: SimulatedProcess, clock: ClockOptions = {}) {
    this.node = process.node;
    this.index = process.index;
    this.#agenda = process.agenda;
    this.#random = process.random;
    this.#epochMs = process.epochMs;
    this.#anchorUs = process.agenda.nowUs;
    this.#offsetMs = process.agenda.nowUs / 1_000 + (clock.offsetMs ?? 0);
    this.#rate = clock.rate ?? 1;
    assert(this.#rate > 0, 'a clock runs forward');
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get heldUntilUs(): number {
    return this.#heldUntilUs;
  }

  monotonicMs(): number {
    const elapsedUs = Math.max(0, this.#agenda.nowUs - this.#anchorUs);
    return this.#anchorMs + (elapsedUs * this.#rate) / 1_000;
  }

  wallMs(): number {
    return Math.floor(this.#epochMs + this.#offsetMs + this.monotonicMs());
  }

  after(ms: number, body: () => void): Timer {
    // As on Node, a timer takes a millisecond at least.
    const delayMs = Math.max(1, ms);
    const dueMs = this.monotonicMs() + delayMs;
    const bound = this.#bind(body);
    const agenda = this.#agenda;
    const timers = this.#timers;
    const wake = (): void => {
      // The clock may have stood still since the timer was set.
      const restMs = dueMs - this.monotonicMs();
      if (restMs > 0.000_5) {
        event = this.#schedule(restMs / this.#rate, 'timer', wake);
        return;
      }
      timers.delete(retime);
      bound();
    };
    const retime = (): void => {
      agenda.cancel(event);
      event = this.#schedule(Math.max(0, dueMs - this.monotonicMs()) / this.#rate, 'timer', wake);
    };
    let event = this.#schedule(delayMs / this.#rate, 'timer', wake);
    timers.add(retime);
    return {
      cancel: () => {
        timers.delete(retime);
        agenda.cancel(event);
      },
    };
  }

  microtask(body: () => void): void {
    reaction(() => {
      if (!this.#isDead) body();
    });
  }

  /** Takes a microsecond, so that a process that is busy for ever does not stop time. */
  macrotask(body: () => void): void {
    this.#schedule(0.001, 'macrotask', this.#bind(body));
  }

  /** Something from outside reaches the process after `ms` of true time: a packet, the end of a disk's work. */
  input(ms: number, body: () => void): Timer {
    const event = this.#schedule(ms, 'input', body);
    return { cancel: () => this.#agenda.cancel(event) };
  }

  random(): number {
    return this.#random.next();
  }

  randomBytes(length: number): Uint8Array {
    return this.#random.bytes(length);
  }

  loopDelay(): number {
    const sinceMs = this.monotonicMs() - delayWindowMs;
    this.#stalls = this.#stalls.filter((stall) => stall.endMs >= sinceMs);
    return Math.max(0, ...this.#stalls.map((stall) => stall.forMs));
  }

  asyncContext<T>(): AsyncContext<T> {
    return new SimulatedContext<T>((context) => this.#contexts.push(context));
  }

  /** The process does nothing for this long, then everything that is due at once: a blocked event loop, a stopped process. */
  pause(ms: number, options: PauseOptions = {}): void {
    const nowUs = this.#agenda.nowUs;
    const untilUs = nowUs + Math.ceil(ms * 1_000);
    if (untilUs <= this.#heldUntilUs) return;
    if (options.suspended === true) {
      this.#anchorMs = this.monotonicMs();
      this.#anchorUs = untilUs;
      this.#offsetMs += ms;
    } else {
      this.#stalls.push({ endMs: this.monotonicMs() + ms * this.#rate, forMs: ms * this.#rate });
    }
    this.#heldUntilUs = untilUs;
  }

  /** Moves the wall clock, as an operator or a time server does. The monotonic clock does not notice. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /** From now on both clocks run at this rate. */
  drift(rate: number): void {
    assert(rate > 0, 'a clock runs forward');
    this.#anchorMs = this.monotonicMs();
    this.#anchorUs = Math.max(this.#anchorUs, this.#agenda.nowUs);
    this.#rate = rate;
    for (const retime of this.#timers) retime();
  }

  /** The process is gone: none of its timers, tasks and inputs ever happens. */
  kill(): void {
    this.#isDead = true;
  }

  #schedule(trueMs: number, phase: Phase, body: () => void): ReturnType<Agenda['schedule']> {
    return this.#agenda.schedule(this, this.#agenda.nowUs + trueMs * 1_000, phase, body);
  }

  // Node's timers run in the context of whoever set them. `AsyncLocalStorage.snapshot` would carry all contexts on, but
  // costs more than ten times what the event itself does on Node 20, so only those of this runtime are.
  #bind(body: () => void): () => void {
    return SimulatedContext.bind(this.#contexts, body);
  }
}
