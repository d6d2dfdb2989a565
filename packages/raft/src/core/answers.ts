// What the calls of a core answer. A refusal changed nothing.
import type { PeerId } from './entry.ts';

export type RefusalReason =
  | 'not-leader'
  /** Leadership is being handed over. */
  | 'transferring'
  /** A bound is reached: of commands that wait for a quorum, or of reads. */
  | 'full'
  /** A new leader has not committed an entry of its own term yet. */
  | 'too-early'
  /** Another change of members is not committed yet. */
  | 'in-flight'
  /** A read with this number is under way. */
  | 'duplicate'
  /** The node named is this one, or no voter. */
  | 'not-eligible';

export interface Refusal {
  readonly isAccepted: false;
  readonly reason: RefusalReason;
  /** Who leads, as far as this node knows, or `nobody`. */
  readonly leader: PeerId;
}

/** In the log, and not committed: the leader may fall, and another one may overwrite it. */
export interface Proposed {
  readonly isAccepted: true;
  readonly term: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

export interface Accepted {
  readonly isAccepted: true;
}
