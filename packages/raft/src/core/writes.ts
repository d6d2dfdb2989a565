// Writes on their way to the disk, and how much of the log is durable. A write stands for a prefix of the log as it was
// when it was handed out; when the log is cut, what lies behind the cut no longer is what that write holds.
import { assert } from '@actor/core';

interface Write {
  readonly seq: number;
  readonly term: number;
  /** Up to here the log is what this write, and those before it, put on the disk. */
  last: number;
  /** Ticks since it was handed out. */
  age: number;
}

export class Writes {
  #durable: number;
  #durableTerm: number;
  #inFlight: Write[] = [];
  #lastSeq = 0;
  #handed: number;

  constructor(index: number, term: number) {
    this.#durable = index;
    this.#handed = index;
    this.#durableTerm = term;
  }

  /** The log is on the disk up to here. */
  get durable(): number {
    return this.#durable;
  }
  /** The term whose hard state is on the disk. */
  get durableTerm(): number {
    return this.#durableTerm;
  }
  /** Entries up to here were handed out, and are durable or under way. */
  get handed(): number {
    return this.#handed;
  }
  get inFlight(): number {
    return this.#inFlight.length;
  }
  /** Ticks that the oldest write has been under way. */
  get age(): number {
    return this.#inFlight[0]?.age ?? 0;
  }

  tick(): void {
    for (const write of this.#inFlight) write.age++;
  }

  handOut(term: number, last: number): number {
    this.#handed = last;
    this.#inFlight.push({ seq: ++this.#lastSeq, term, last, age: 0 });
    return this.#lastSeq;
  }

  /** The log changed from this index on: no write that was handed out before holds it there. */
  cut(index: number): void {
    this.#durable = Math.min(this.#durable, index - 1);
    this.#handed = Math.min(this.#handed, index - 1);
    for (const write of this.#inFlight) write.last = Math.min(write.last, index - 1);
  }

  /**
   * Write `seq`, and so every one before it, is durable. A notice from another term than the current one says nothing
   * about this log; the hard state of the new term is written too, and the notice of that covers what this one held.
   */
  done(seq: number, term: number, currentTerm: number): boolean {
    assert(Number.isSafeInteger(seq) && seq <= this.#lastSeq, `write ${seq} was never handed out`);
    const done = this.#inFlight.findLast((write) => write.seq <= seq);
    this.#inFlight = this.#inFlight.filter((write) => write.seq > seq);
    if (done === undefined) return false;
    this.#durableTerm = done.term;
    if (term !== currentTerm) return false;
    this.#durable = Math.max(this.#durable, done.last);
    return true;
  }
}
