// Linearizable reads without writing to the log (thesis §6.4). A leader notes the commit index, proves by one round of
// heartbeats that it still led after the read came, and the reader waits until it has applied that index.
import type { PeerId } from './entry.ts';

/** What became of a read. A dropped one was not served and may be asked again. */
export type ReadResult =
  | { readonly id: number; readonly isServed: true; readonly index: number }
  | { readonly id: number; readonly isServed: false };

interface Asked {
  readonly from: PeerId;
  readonly id: number;
}
interface Noted extends Asked {
  readonly index: number;
  readonly round: number;
}

/** Reads at the leader, its own and its followers'. Those that come between two rounds share the next one. */
export class ReadQueue {
  readonly #max: number;
  #asked: Asked[] = [];
  #noted: Noted[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get hasAsked(): boolean {
    return this.#asked.length > 0;
  }

  /** Whether there was room; a message that came twice takes none. */
  ask(from: PeerId, id: number): boolean {
    const isKnown = (read: Asked): boolean => read.from === from && read.id === id;
    if (this.#asked.some(isKnown) || this.#noted.some(isKnown)) return true;
    if (this.#asked.length + this.#noted.length >= this.#max) return false;
    this.#asked.push({ from, id });
    return true;
  }

  /** A round begins now: a majority's answer to it confirms `index` for every read that has been asked. */
  note(round: number, index: number): void {
    for (const read of this.#asked) this.#noted.push({ ...read, index, round });
    this.#asked = [];
  }

  confirm(round: number): readonly Noted[] {
    const count = this.#noted.findIndex((read) => read.round > round);
    return this.#noted.splice(0, count < 0 ? this.#noted.length : count);
  }
}

/** The reads of this node: where each waits, from being asked until its index is applied. */
export class LocalReads {
  readonly #max: number;
  /** Ticks left for the leader's answer, by read. */
  readonly #asked = new Map<number, number>();
  #confirmed: { readonly id: number; readonly index: number }[] = [];
  #results: ReadResult[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#asked.size + this.#confirmed.length >= this.#max;
  }

  has(id: number): boolean {
    return this.#asked.has(id) || this.#confirmed.some((read) => read.id === id);
  }

  ask(id: number, patienceTicks: number): void {
    this.#asked.set(id, patienceTicks);
  }

  /** The answer to a read that waits for one; any other is old. */
  confirm(id: number, index: number): void {
    if (this.#asked.delete(id)) this.#confirmed.push({ id, index });
  }

  tick(): void {
    for (const [id, left] of this.#asked) {
      if (left > 1) this.#asked.set(id, left - 1);
      else this.#drop(id);
    }
  }

  /** Who would answer is gone. What is confirmed stays so. */
  dropAsked(): void {
    for (const id of this.#asked.keys()) this.#drop(id);
  }

  take(applied: number): readonly ReadResult[] {
    const served = this.#confirmed.filter((read) => read.index <= applied);
    this.#confirmed = this.#confirmed.filter((read) => read.index > applied);
    const results = this.#results;
    this.#results = [];
    return [...results, ...served.map(({ id, index }) => ({ id, isServed: true as const, index }))];
  }

  #drop(id: number): void {
    this.#asked.delete(id);
    this.#results.push({ id, isServed: false });
  }
}

/** Rounds of heartbeats: their numbers, and the tick at which each was *sent*, from which a lease is counted. */
export class Rounds {
  #last = 0;
  #firstOfTick: { readonly round: number; readonly tick: number }[] = [];

  get last(): number {
    return this.#last;
  }

  /** @param keepTicks How long a round may still matter. */
  begin(tick: number, keepTicks: number): number {
    this.#last++;
    if (this.#firstOfTick.at(-1)?.tick !== tick) this.#firstOfTick.push({ round: this.#last, tick });
    while ((this.#firstOfTick[0]?.tick ?? tick) < tick - keepTicks) this.#firstOfTick.shift();
    return this.#last;
  }

  /** When this round was sent; `undefined` when that is long ago. */
  sentAt(round: number): number | undefined {
    return this.#firstOfTick.findLast((sent) => sent.round <= round)?.tick;
  }
}
