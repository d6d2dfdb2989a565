// What is known of one group: its marks, and where each of its entries is. Numbers in columns, not an object per entry.

import type { HardState, LogPosition, LogState, SnapshotMark } from '@actor/core';

import type { Segment } from './segment.ts';

export interface Place {
  /** Absent where the file that held the entry was lost or its batch could not be read. */
  readonly segment: Segment | undefined;
  /** Of its frame. */
  readonly offset: number;
  /** Of its data. */
  readonly length: number;
}

const noPlace: Place = { segment: undefined, offset: 0, length: 0 };

export class LogIndex {
  hardState: HardState = { term: 0, vote: '', commit: 0 };
  snapshot: SnapshotMark | undefined;
  #base: LogPosition = { index: 0, term: 0 };
  // Entries before `#first` in the columns were dropped; the columns are shortened now and then.
  #first = 0;
  #terms: number[] = [];
  #segments: (Segment | undefined)[] = [];
  #offsets: number[] = [];
  #lengths: number[] = [];

  get base(): LogPosition {
    return this.#base;
  }

  get lastIndex(): number {
    return this.#base.index + this.#terms.length - this.#first;
  }

  get state(): LogState {
    const index = this.lastIndex;
    const last = { index, term: this.term(index) ?? 0 };
    return { hardState: this.hardState, snapshot: this.snapshot, base: this.#base, last };
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return index > this.#base.index ? this.#terms[this.#column(index)] : undefined;
  }

  place(index: number): Place {
    const column = this.#column(index);
    const [offset, length] = [this.#offsets[column], this.#lengths[column]];
    if (index <= this.#base.index || offset === undefined || length === undefined) return noPlace;
    return { segment: this.#segments[column], offset, length };
  }

  push(term: number, { segment, offset, length }: Place): void {
    this.#terms.push(term);
    this.#segments.push(segment);
    this.#offsets.push(offset);
    this.#lengths.push(length);
  }

  resetTo({ index, term }: LogPosition): void {
    this.#cut(0);
    this.#first = 0;
    this.#base = { index, term };
  }

  dropThrough({ index, term }: LogPosition): void {
    this.#first += index - this.#base.index;
    this.#base = { index, term };
    if (this.#first < 1_024 || this.#first < this.#terms.length / 2) return;
    for (const column of [this.#terms, this.#segments, this.#offsets, this.#lengths])
      column.splice(0, this.#first);
    this.#first = 0;
  }

  truncateAfter(index: number): void {
    this.#cut(this.#column(index + 1));
  }

  /** Entries up to the index that nobody has: what is known to have been there. */
  lose(throughIndex: number, term: number): void {
    while (this.lastIndex < throughIndex) this.push(term, noPlace);
  }

  #column(index: number): number {
    return this.#first + index - this.#base.index - 1;
  }

  #cut(length: number): void {
    this.#terms.length = length;
    this.#segments.length = length;
    this.#offsets.length = length;
    this.#lengths.length = length;
  }
}
