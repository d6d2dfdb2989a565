// What has been handed out to the driver, and what is next: one lane of writes, and one of entries for the state machine.
import { assert } from '@actor/core';
import type { PeerId, SnapshotMark } from './entry.ts';
import type { Log } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { Apply, Persist } from './ready.ts';
import type { Settings } from './settings.ts';
import type { Writes } from './writes.ts';

/** The part of the hard state that is written for its own sake. */
export interface Ballot {
  readonly term: number;
  readonly vote: PeerId;
}

export class Lanes {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #writes: Writes;
  readonly #outbox: Outbox;
  /** What the last write held. */
  #written: Ballot;
  /** A snapshot that has not been handed out to be written, or to be applied. */
  #unwritten: SnapshotMark | undefined;
  #unapplied: SnapshotMark | undefined;
  #applying: number;
  #applied: number;

  constructor(
    parts: {
      readonly settings: Settings;
      readonly log: Log;
      readonly writes: Writes;
      readonly outbox: Outbox;
    },
    durable: Ballot,
    applied: number,
  ) {
    this.#settings = parts.settings;
    this.#log = parts.log;
    this.#writes = parts.writes;
    this.#outbox = parts.outbox;
    this.#written = durable;
    this.#applying = this.#applied = applied;
  }

  /** The state machine has this much. */
  get applied(): number {
    return this.#applied;
  }

  reportApplied(index: number): void {
    assert(index >= this.#applied && index <= this.#applying, `applied ${index} of ${this.#applying}`);
    this.#applied = index;
  }

  /** The log was replaced by a snapshot; so the disk's has to be, and then the state machine. */
  restored(snapshot: SnapshotMark): void {
    this.#unwritten = this.#unapplied = snapshot;
  }

  takePersist({ term, vote }: Ballot): Persist | undefined {
    const { commit, base, last } = this.#log;
    const from = Math.max(this.#writes.handed, base) + 1;
    const isDirty = term !== this.#written.term || vote !== this.#written.vote;
    const isNew = isDirty || this.#unwritten !== undefined || from <= last;
    if (!isNew && !this.#outbox.hasWaiting) return undefined;
    if (this.#writes.inFlight >= this.#settings.writesMax) return undefined;
    if (!isNew && this.#writes.inFlight === 0) {
      // Everything they rely on is durable already.
      for (const message of this.#outbox.takeWaiting()) this.#outbox.send(message);
      return undefined;
    }
    const snapshot = this.#unwritten;
    this.#unwritten = undefined;
    this.#written = { term, vote };
    return {
      seq: this.#writes.handOut(term, last),
      term,
      hardState: { term, vote, commit },
      snapshot,
      entries: this.#log.slice(from, last, Number.MAX_SAFE_INTEGER),
      messages: this.#outbox.takeWaiting(),
    };
  }

  takeApply(): Apply | undefined {
    const { applyMaxBytes, applyMaxEntries } = this.#settings;
    // Only what is on the own disk: a state machine never is ahead of its log.
    const durable = Math.min(this.#log.commit, this.#writes.durable);
    const snapshot = this.#unapplied;
    if (snapshot !== undefined) {
      if (durable < snapshot.index) return undefined;
      this.#unapplied = undefined;
      this.#applying = snapshot.index;
      return { snapshot, entries: [] };
    }
    const to = Math.min(durable, this.#applied + applyMaxEntries);
    if (to <= this.#applying) return undefined;
    const entries = this.#log.slice(this.#applying + 1, to, applyMaxBytes);
    this.#applying += entries.length;
    return { snapshot: undefined, entries };
  }
}
