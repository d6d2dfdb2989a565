// Where a consensus plugin keeps what it must not forget: entries, hard state and snapshot marks of many groups in one
// store. `logStorageSuite` of `@actor/core/testkit` checks an implementation.

import type { Startable } from './startable.ts';

/** A place in a log. Before the first entry it is `{ index: 0, term: 0 }`. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

export interface LogEntry extends LogPosition {
  /** What the data is, 0 to 255; the meaning is the owner's. */
  readonly kind: number;
  readonly data: Uint8Array;
}

/** What a member must remember before it answers (Raft §5.2). */
export interface HardState {
  readonly term: number;
  /** The candidate that got this member's vote in the term; `''` while none has. */
  readonly vote: string;
  readonly commit: number;
}

/** The snapshot that stands for the entries up to its index. The snapshot itself is kept elsewhere. */
export interface SnapshotMark extends LogPosition {
  /** What the owner needs to find and use it: a name, the configuration. */
  readonly data: Uint8Array;
}

/**
 * Changes of one group, made together, in the order of these fields. A change that does not fit the log as it is then is
 * the caller's bug and rejects with ACTOR_ASSERTION.
 */
export interface LogWrite {
  /** A whole number from 0 to 2^32 - 1. Whoever has names for groups keeps them in a group of its own. */
  readonly group: number;
  readonly snapshot?: SnapshotMark;
  /** Empties the log, which then goes on after this place: what a snapshot from another member asks for. */
  readonly resetTo?: LogPosition;
  /** The entries up to this place, which is in the log, are not needed any more. */
  readonly dropThrough?: LogPosition;
  /** The entries after this index are void. It is not before the log's base. */
  readonly truncateAfter?: number;
  /** The first has the index after the last one of the log, and each the index after the one before. */
  readonly entries?: readonly LogEntry[];
  readonly hardState?: HardState;
}

/** What the store knows of one group. A group that was never written has zeros, and no snapshot. */
export interface LogState {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark | undefined;
  /** The log goes on after this place: the last entry that was dropped. */
  readonly base: LogPosition;
  /** The last entry, or the base. */
  readonly last: LogPosition;
}

/** Something that was durable and is not what was written any more. */
export interface LogDamage {
  /**
   * Absent when even that is not known: then what the store tells of any group, its hard state and entries included, may
   * be older than what was durable.
   */
  readonly group?: number;
  /** The entry, where it is known to be one. */
  readonly index?: number;
  readonly term?: number;
  /** For people. */
  readonly why: string;
}

/**
 * A store of logs. An implementer guarantees:
 *
 * - `append` resolves only when all of its writes are durable: they survive the loss of power. Appends become durable in
 *   the order of the calls, each as a whole; after a crash the store holds a prefix of the appends that includes each
 *   one that resolved.
 * - Nothing else is ever found: what a crash left half written is dropped, and what was durable and has changed since is
 *   reported by `damage`, never returned as data and never removed.
 * - `state`, `term` and `read` tell what is durable, as of the last append that resolved.
 * - After a write or sync that failed, the store is useless until it is opened again: every later append rejects with
 *   the same ACTOR_STORAGE_IO. A sync is never tried a second time, since the system may have dropped the pages.
 * - What waits to be written is bounded by options of the implementation, and so is the number of groups. Space on the disk
 *   is given back for what was dropped, truncated or reset, and for nothing else.
 *
 * `start` opens the store and reads what is there. It rejects with ACTOR_STORAGE_LOCKED while another process has it,
 * with ACTOR_STORAGE_FOREIGN when it belongs to something else, with ACTOR_STORAGE_IO when it can't be read or written.
 * A start that failed may be tried again. `stop` waits for appends that are under way; a store that was stopped is not started again.
 */
export interface LogStorage extends Startable {
  /** False when a new life of the process finds nothing: then the member must never use its identity again. */
  readonly durable: boolean;
  /** What is damaged, as far as it is known. While there is any, every append rejects with ACTOR_STORAGE_CORRUPT. */
  damage(): readonly LogDamage[];
  /** The groups that were ever written, in ascending order. */
  groups(): readonly number[];
  state(group: number): LogState;
  /** The term of the base or of an entry; undefined outside of the log. */
  term(group: number, index: number): number | undefined;
  /**
   * The entries from `from` to `to` inclusive, at least one, then as many as fit in `maxBytes` of data. They must be in
   * the log, else it rejects with ACTOR_ASSERTION. The data belongs to the caller.
   *
   * @throws {@link ActorError} ACTOR_STORAGE_CORRUPT when one of them is damaged; `details` has its index.
   */
  read(group: number, from: number, to: number, maxBytes: number): Promise<readonly LogEntry[]>;
  /**
   * Makes the writes durable together. The data may be used again once this returns.
   *
   * @throws {@link ActorError} ACTOR_STORAGE_FULL: nothing of it, nor of any append after it, was taken; the disk is
   * full, or too much is waiting. ACTOR_FRAME_TOO_LARGE: it could never be taken. ACTOR_STORAGE_IO,
   * ACTOR_STORAGE_CORRUPT: the store is at its end. ACTOR_NODE_NOT_STARTED, ACTOR_NODE_STOPPED.
   */
  append(writes: readonly LogWrite[]): Promise<void>;
}
