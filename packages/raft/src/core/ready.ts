// What the core wants done, in lanes that the driver may serve at their own speed.
import type { Entry, HardState, PeerId, SnapshotMark } from './entry.ts';
import type { Message } from './message.ts';
import type { ReadResult } from './reads.ts';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What changes without the disk knowing. */
export interface SoftState {
  readonly role: Role;
  /** Who leads, or `nobody`. */
  readonly leader: PeerId;
  readonly term: number;
  /** This node lost what it had acknowledged, and neither votes nor leads until it has it again. */
  readonly isDamaged: boolean;
}

/** One durable step: all of it or nothing, in the order of `seq`. */
export interface Persist {
  readonly seq: number;
  readonly term: number;
  readonly hardState: HardState;
  /** It takes the place of the whole log, before `entries`. Its data is with the driver already. */
  readonly snapshot: SnapshotMark | undefined;
  /** The first one takes the place of whatever the log holds from its index on. May be empty. */
  readonly entries: readonly Entry[];
  /** They leave when this step, and so every earlier one, is durable; then comes `persisted(seq, term)`. */
  readonly messages: readonly Message[];
}

/** For the state machine, in order; afterwards comes `applied(index)`. */
export interface Apply {
  /** The state starts anew from this snapshot. */
  readonly snapshot: SnapshotMark | undefined;
  readonly entries: readonly Entry[];
}

export interface Batch {
  /** They may leave at once, beside the writes. */
  readonly send: readonly Message[];
  readonly persist: Persist | undefined;
  readonly apply: Apply | undefined;
  /** Each read that was accepted appears here once. */
  readonly reads: readonly ReadResult[];
  /** Present when it changed. */
  readonly softState: SoftState | undefined;
}
