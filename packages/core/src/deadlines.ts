// Every pending deadline of a system under one timer of the runtime, because most asks are answered long before theirs
// and a timer each would cost more than the ask. A wheel of slots holds doubly linked lists, so adding and removing
// take constant time; soon after the last has left, nothing is armed.

import type { Runtime, Timer } from './runtime.ts';

/**
 * An entry; the links belong to the wheel.
 * @experimental
 */
export interface Pending {
  readonly deadlineMs: number;
  before: Pending | undefined;
  after: Pending | undefined;
  /** Called once, after the entry has left the wheel. */
  expire(): void;
}

const slots = 512;
const slotMs = 16;

/**
 * For whoever has many deadlines, most of which never come.
 * @experimental
 */
export class Deadlines {
  readonly #runtime: Runtime;
  readonly #heads: (Pending | undefined)[] = Array.from({ length: slots });
  readonly #fire = (): void => this.#turn();
  readonly #rest = (): void => {
    this.#resting = false;
    if (this.#count === 0) this.#disarm();
  };
  #count = 0;
  #timer: Timer | undefined;
  #armedMs = Infinity;
  #resting = false;
  /** Slots before this tick have been looked at. */
  #tick = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  add(entry: Pending): void {
    if (this.#count === 0) this.#tick = tickOf(this.#runtime.monotonicMs());
    this.#count += 1;
    const slot = slotOf(entry.deadlineMs);
    const head = this.#heads[slot];
    entry.after = head;
    if (head !== undefined) head.before = entry;
    this.#heads[slot] = entry;
    if (entry.deadlineMs < this.#armedMs) this.#arm(entry.deadlineMs);
  }

  /** The entry must be in the wheel. */
  remove(entry: Pending): void {
    const { before, after } = entry;
    if (before === undefined) this.#heads[slotOf(entry.deadlineMs)] = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    entry.before = undefined;
    entry.after = undefined;
    this.#count -= 1;
    // Disarming at once would set and cancel a timer for each ask of a sequence.
    if (this.#count === 0 && !this.#resting) {
      this.#resting = true;
      this.#runtime.after(slotMs, this.#rest);
    }
  }

  #turn(): void {
    this.#timer = undefined;
    this.#armedMs = Infinity;
    const nowMs = this.#runtime.monotonicMs();
    const last = Math.min(tickOf(nowMs), this.#tick + slots - 1);
    for (let tick = this.#tick; tick <= last; tick += 1) this.#expire(tick % slots, nowMs);
    this.#tick = tickOf(nowMs);
    if (this.#count > 0) this.#arm(this.#earliest());
  }

  #expire(slot: number, nowMs: number): void {
    const due: Pending[] = [];
    for (let entry = this.#heads[slot]; entry !== undefined; entry = entry.after) {
      if (entry.deadlineMs <= nowMs) due.push(entry);
    }
    // Entries are added at the head, so the oldest is the last. One that expires may settle others.
    for (const entry of due.reverse()) {
      if (entry.before === undefined && this.#heads[slot] !== entry) continue;
      this.remove(entry);
      entry.expire();
    }
  }

  /** The next deadline, or the end of the wheel when all are further away than it reaches. */
  #earliest(): number {
    for (let tick = this.#tick; tick < this.#tick + slots; tick += 1) {
      let earliest = Infinity;
      for (let entry = this.#heads[tick % slots]; entry !== undefined; entry = entry.after) {
        if (tickOf(entry.deadlineMs) === tick) earliest = Math.min(earliest, entry.deadlineMs);
      }
      if (earliest < Infinity) return earliest;
    }
    return (this.#tick + slots - 1) * slotMs;
  }

  #arm(deadlineMs: number): void {
    this.#timer?.cancel();
    this.#armedMs = deadlineMs;
    this.#timer = this.#runtime.after(Math.max(0, deadlineMs - this.#runtime.monotonicMs()), this.#fire);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }
}

const tickOf = (ms: number): number => Math.floor(ms / slotMs);
const slotOf = (ms: number): number => tickOf(ms) % slots;
