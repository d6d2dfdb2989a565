// What a node keeps: entries, the promise it made about terms and votes, and what a snapshot stands for.
import type { Configuration } from './configuration.ts';

/** A node of the group as a small positive integer. The driver interns names to numbers; the core compares and sorts them. */
export type PeerId = number;

/** In the place of a peer: nobody. */
export const nobody: PeerId = 0;

interface Position {
  /** Counts from 1 without a gap. */
  readonly index: number;
  /** The term of the leader that made the entry. */
  readonly term: number;
}

/** Bytes that the state machine understands. */
export interface Command extends Position {
  readonly kind: 'command';
  readonly data: Uint8Array;
}

/** What a new leader appends, so that entries of earlier terms can be committed (Raft §5.4.2, §8). */
export interface NoOp extends Position {
  readonly kind: 'no-op';
}

/**
 * A change of members, as the whole result of it. It is in force from the moment it is *appended*, not when it is committed;
 * so the configuration of a log is the last one in it, and after a truncation the last one that is left.
 */
export interface ConfigEntry extends Position {
  readonly kind: 'config';
  readonly configuration: Configuration;
}

export type Entry = Command | NoOp | ConfigEntry;

/** What an entry counts for besides its data, so that a bound of bytes bounds empty commands too. */
export const entryOverheadBytes = 32;

/** What an entry counts for in a bound of bytes. */
export const sizeOf = (entry: Entry): number =>
  entryOverheadBytes + (entry.kind === 'command' ? entry.data.byteLength : 0);

/** What must be durable before a message that relies on it leaves. */
export interface HardState {
  readonly term: number;
  /** Who got this node's vote in `term`, or {@link nobody}. */
  readonly vote: PeerId;
  /** A hint that spares work after a restart. It may lag behind, and is not written for its own sake. */
  readonly commit: number;
}

/** A snapshot as the log sees it: the state after `index`, and the committed configuration there, joint half and learners included. */
export interface SnapshotMark extends Position {
  readonly configuration: Configuration;
}
