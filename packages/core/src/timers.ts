// The timers of one actor: bounded in number, and all of them end with its state.

import { timersFull } from './failure.ts';
import type { Runtime, Timer } from './runtime.ts';

export interface TimersOptions {
  readonly runtime: Runtime;
  readonly timersMax: number;
  /** Whose they are. */
  readonly owner: { readonly address: string };
}

/** What a timer is set to: `due` is called after `ms`, and when `repeats` is true every `ms` from then on. */
export interface Alarm {
  readonly ms: number;
  readonly repeats: boolean;
  readonly due: (timer: ActorTimer) => void;
}

export class Timers {
  readonly #options: TimersOptions;
  readonly #set = new Set<Timer>();

  constructor(options: TimersOptions) {
    this.#options = options;
  }

  /** @throws {@link ActorError} ACTOR_TIMERS_FULL */
  set(alarm: Alarm): ActorTimer {
    this.#requireRoom();
    const timer = new ActorTimer(this.#options.runtime, alarm, this.#set);
    this.#set.add(timer);
    return timer;
  }

  /**
   * Keeps one that was set elsewhere, until it is removed.
   * @throws {@link ActorError} ACTOR_TIMERS_FULL
   */
  add(timer: Timer): void {
    this.#requireRoom();
    this.#set.add(timer);
  }

  remove(timer: Timer): void {
    this.#set.delete(timer);
  }

  cancelAll(): void {
    for (const timer of this.#set) timer.cancel();
  }

  #requireRoom(): void {
    const { timersMax, owner } = this.#options;
    if (this.#set.size >= timersMax) throw timersFull(owner.address, timersMax);
  }
}

/** It counts until it was cancelled or its turn has come for the last time, so what is due is bounded too. */
export class ActorTimer implements Timer {
  readonly #runtime: Runtime;
  readonly #alarm: Alarm;
  readonly #set: Set<Timer>;
  readonly #startMs: number;
  #tick = 0;
  #running: Timer | undefined;
  #isDue = false;

  constructor(runtime: Runtime, alarm: Alarm, set: Set<Timer>) {
    this.#runtime = runtime;
    this.#alarm = alarm;
    this.#set = set;
    this.#startMs = runtime.monotonicMs();
    this.#arm();
  }

  cancel(): void {
    this.#set.delete(this);
    this.#running?.cancel();
  }

  /** Its turn has come. False when it was cancelled after it was due. */
  claim(): boolean {
    this.#isDue = false;
    const isSet = this.#set.has(this);
    if (!this.#alarm.repeats) this.#set.delete(this);
    return isSet;
  }

  // On the grid of the start, so that late ticks don't shift the later ones; ticks that were missed are skipped.
  #arm(): void {
    const { ms } = this.#alarm;
    const elapsedMs = this.#runtime.monotonicMs() - this.#startMs;
    this.#tick = this.#tick === 0 ? 1 : Math.max(this.#tick + 1, Math.floor(elapsedMs / ms));
    this.#running = this.#runtime.after(Math.max(0, this.#tick * ms - elapsedMs), () => this.#fire());
  }

  #fire(): void {
    if (this.#alarm.repeats) this.#arm();
    // A tick that finds the last one still waiting is skipped.
    if (this.#isDue) return;
    this.#isDue = true;
    this.#alarm.due(this);
  }
}
