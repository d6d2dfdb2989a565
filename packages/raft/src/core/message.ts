// What nodes of one group say to each other. Plain data; how it is encoded is the driver's business.
import type { Entry, PeerId, SnapshotMark } from './entry.ts';

interface Addressed {
  readonly from: PeerId;
  readonly to: PeerId;
  /** The sender's term; of a pre-vote and its grant, the term that would be. */
  readonly term: number;
}

/** A leader's word to one follower. The follower echoes `session` in its reply. */
interface Led extends Addressed {
  /**
   * Names one stretch of replication to this follower. It changes when the follower is removed and added again, so that an
   * answer from before can't speak for the member of now.
   */
  readonly session: number;
}

export interface RequestVote extends Addressed {
  readonly kind: 'request-vote';
  /** Asks whether it would win, and obliges nobody (thesis §9.6). */
  readonly isPreVote: boolean;
  /** The leader asked for this election, so a follower need not protect that leader. */
  readonly isTransfer: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface VoteReply extends Addressed {
  readonly kind: 'vote-reply';
  readonly isPreVote: boolean;
  readonly isGranted: boolean;
}

export interface AppendEntries extends Led {
  readonly kind: 'append-entries';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

export interface AppendReply extends Led {
  readonly kind: 'append-reply';
  /** Accepted: the last index that is known to match. Rejected: the `prevIndex` that did not. */
  readonly index: number;
  readonly isRejected: boolean;
  /** This node lost entries that it may have acknowledged. */
  readonly isDamaged: boolean;
  /** Of a rejection: the last index, and its term, that could match instead. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

export interface Heartbeat extends Led {
  readonly kind: 'heartbeat';
  readonly commit: number;
  /** Numbers the rounds of a leader. A majority that answers a round proves that it still led when the round began. */
  readonly round: number;
}

export interface HeartbeatReply extends Led {
  readonly kind: 'heartbeat-reply';
  readonly round: number;
  /** The follower's disk has not finished a write for an election timeout: it hears, and can't acknowledge. */
  readonly isStalled: boolean;
  /** As in {@link AppendReply}: what it acknowledged may be gone, so the leader looks again. */
  readonly isDamaged: boolean;
}

/** Delivered to the core when the driver holds the snapshot's data complete; answered by an {@link AppendReply}. */
export interface InstallSnapshot extends Led {
  readonly kind: 'install-snapshot';
  readonly snapshot: SnapshotMark;
}

/** Campaign now: leadership is handed over (thesis §3.10). */
export interface TimeoutNow extends Addressed {
  readonly kind: 'timeout-now';
}

/** A follower asks for an index at which a read is linearizable. */
export interface ReadRequest extends Addressed {
  readonly kind: 'read-request';
  readonly id: number;
}

export interface ReadReply extends Addressed {
  readonly kind: 'read-reply';
  readonly id: number;
  readonly index: number;
}

export type Message =
  | RequestVote
  | VoteReply
  | AppendEntries
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | InstallSnapshot
  | TimeoutNow
  | ReadRequest
  | ReadReply;

/** Whether its term is one that nobody has reached yet. */
export const isHypothetical = (message: Message): boolean =>
  (message.kind === 'request-vote' && message.isPreVote) ||
  (message.kind === 'vote-reply' && message.isPreVote && message.isGranted);

/** Whether only a leader of its term sends it to a follower. */
export const isLeaders = (message: Message): message is AppendEntries | Heartbeat | InstallSnapshot =>
  message.kind === 'append-entries' || message.kind === 'heartbeat' || message.kind === 'install-snapshot';
