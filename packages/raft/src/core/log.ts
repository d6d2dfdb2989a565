// The log of one node, in memory from where it was compacted. It keeps `base ≤ durable ≤ last` and `commit ≤ last`, and
// knows the configuration that is in force: the last one in it, or the snapshot's.
import { assert } from '@actor/core';
import type { Configuration } from './configuration.ts';
import { sizeOf, type Entry, type SnapshotMark } from './entry.ts';
import { TermRuns } from './term-runs.ts';

interface Placed {
  readonly index: number;
  readonly configuration: Configuration;
}

export class Log {
  #snapshot: SnapshotMark;
  /** The index before the first entry. It is the snapshot's, or less when entries before that are kept for followers. */
  #base: number;
  #entries: Entry[] = [];
  #terms: TermRuns;
  #commit: number;
  /** The configurations of the log, and first the one that held at its base or at the snapshot. */
  #configs: Placed[];

  /** @param commit What is known to be committed; the snapshot is, whatever this says. */
  constructor(snapshot: SnapshotMark, entries: readonly Entry[], commit: number) {
    this.#snapshot = snapshot;
    this.#base = snapshot.index;
    this.#terms = new TermRuns(snapshot.index, snapshot.term);
    this.#configs = [snapshot];
    this.#commit = snapshot.index;
    this.append(entries);
    this.commitTo(Math.max(commit, snapshot.index));
  }

  get snapshot(): SnapshotMark {
    return this.#snapshot;
  }
  /** The lowest index whose term is known; entries begin behind it. */
  get base(): number {
    return this.#base;
  }
  get last(): number {
    return this.#base + this.#entries.length;
  }
  get lastTerm(): number {
    return this.#terms.termAt(this.last);
  }
  get commit(): number {
    return this.#commit;
  }
  get configuration(): Configuration {
    return (this.#configs.at(-1) ?? this.#snapshot).configuration;
  }
  /** The last one that is known to be committed. */
  get committedConfiguration(): Configuration {
    const placed = this.#configs.findLast(({ index }) => index <= this.#commit);
    return (placed ?? this.#snapshot).configuration;
  }
  /** Where the configuration in force stands. */
  get configIndex(): number {
    return (this.#configs.at(-1) ?? this.#snapshot).index;
  }

  /** The term of an entry, or `undefined` where this log has none or forgot it. */
  termAt(index: number): number | undefined {
    return index < this.#base || index > this.last ? undefined : this.#terms.termAt(index);
  }

  entryAt(index: number): Entry | undefined {
    return index <= this.#base ? undefined : this.#entries[index - this.#base - 1];
  }

  /** Entries from `from` to `to`, up to a size, yet at least one. */
  slice(from: number, to: number, maxBytes: number): readonly Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index++) {
      const entry = this.entryAt(index);
      assert(entry !== undefined, `entry ${index} is in the log`);
      bytes += sizeOf(entry);
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(entry);
    }
    return taken;
  }

  /** Whether a log that ends so has at least what this one has (Raft §5.4.1). */
  isCoveredBy(lastIndex: number, lastTerm: number): boolean {
    return lastTerm === this.lastTerm ? lastIndex >= this.last : lastTerm > this.lastTerm;
  }

  /** Where a log that has `term` at `index` could still agree with this one. */
  agreement(index: number, term: number): number {
    return this.#terms.lastNotAfter(Math.min(index, this.last), term);
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.last + 1, `entry ${entry.index} follows ${this.last}`);
      assert(entry.term >= this.lastTerm, `terms grow along the log, at ${entry.index}`);
      this.#entries.push(entry);
      this.#terms.append(entry.index, entry.term);
      if (entry.kind === 'config') this.#configs.push(entry);
    }
  }

  /**
   * The first of these entries that is not in the log, whose place in it may be taken by one of another term; `undefined`
   * when all are there. A prefix that matches is no reason to touch what follows it: the message may be late.
   */
  firstNew(entries: readonly Entry[]): number | undefined {
    return entries.find((entry) => this.termAt(entry.index) !== entry.term)?.index;
  }

  /** Drops entries from this index on. Losing a committed one would be losing the group's word, so it stops the node. */
  truncate(index: number): void {
    assert(index > this.#commit, `entry ${index} is committed and stays`);
    this.#entries.length = index - this.#base - 1;
    this.#terms.truncate(index);
    while (this.#configs.length > 1 && this.configIndex >= index) this.#configs.pop();
  }

  commitTo(index: number): void {
    assert(index <= this.last, `commit ${index} is in the log, which ends at ${this.last}`);
    this.#commit = Math.max(this.#commit, index);
  }

  /** The mark of a snapshot taken of the state at a committed index. */
  markAt(index: number): SnapshotMark {
    const term = this.termAt(index);
    assert(term !== undefined && index <= this.#commit, `a snapshot at ${index} is of the committed log`);
    const placed = this.#configs.findLast((config) => config.index <= index) ?? this.#snapshot;
    return { index, term, configuration: placed.configuration };
  }

  /** A snapshot at `mark` is durable here: forget entries up to `base`, which may keep some of before for slow followers. */
  compact(mark: SnapshotMark, base: number): void {
    assert(base <= mark.index && mark.index <= this.#commit, 'what is forgotten is in the snapshot');
    this.#snapshot = mark;
    if (base <= this.#base) return;
    this.#terms.compact(base);
    this.#entries.splice(0, base - this.#base);
    this.#base = base;
    const kept = this.#configs.findLastIndex((config) => config.index <= base);
    this.#configs.splice(0, Math.max(kept, 0));
  }

  /** A snapshot from elsewhere takes the place of the whole log, and of every configuration in it. */
  restore(snapshot: SnapshotMark): void {
    assert(snapshot.index > this.#commit, `a snapshot at ${snapshot.index} does not go back`);
    this.#snapshot = snapshot;
    this.#base = snapshot.index;
    this.#entries = [];
    this.#terms = new TermRuns(snapshot.index, snapshot.term);
    this.#configs = [snapshot];
    this.#commit = snapshot.index;
  }
}
