// What a leader knows of one follower, and how it sends to it: one append at a time while it looks for the place where
// the logs agree (probe), many in a row once it knows (replicate), none while a snapshot is under way (snapshot).
import { Inflights } from './inflights.ts';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export interface Window {
  readonly inflightMaxMessages: number;
  readonly inflightMaxBytes: number;
}

export class Progress {
  /** Echoed by the follower; an answer with another one is not about this stretch of replication. */
  readonly session: number;
  readonly #window: Window;
  #state: ProgressState = 'probe';
  #match = 0;
  #next: number;
  #inflights: Inflights;
  /** A probe is under way. */
  #isProbing = false;
  /** The index of the snapshot under way. */
  #pendingSnapshot = 0;
  /** The commit index that the follower was last told. */
  sentCommit = 0;
  /** The last heartbeat round that it answered. */
  round = 0;
  /** The tick of the leader at which it was last heard of. */
  lastActive: number;

  constructor(session: number, next: number, now: number, window: Window) {
    this.session = session;
    this.#next = next;
    this.#window = window;
    this.#inflights = new Inflights(window.inflightMaxMessages, window.inflightMaxBytes);
    this.lastActive = now;
  }

  get state(): ProgressState {
    return this.#state;
  }
  /** The follower has the leader's log up to here, durably. */
  get match(): number {
    return this.#match;
  }
  /** The next index to send. */
  get next(): number {
    return this.#next;
  }
  get inflights(): number {
    return this.#inflights.count;
  }

  /** Nothing may be sent until an answer comes. */
  get isPaused(): boolean {
    if (this.#state === 'probe') return this.#isProbing;
    return this.#state === 'snapshot' || this.#inflights.isFull;
  }

  /** An append up to `last` left. */
  sent(last: number, bytes: number): void {
    if (this.#state === 'probe') {
      this.#isProbing = true;
    } else if (last >= this.#next) {
      this.#next = last + 1;
      this.#inflights.add(last, bytes);
    }
  }

  /**
   * The follower has everything up to `index`.
   * @param base Where the leader's log begins: from there on it can go on without the snapshot.
   * @returns Whether that is news.
   */
  accepted(index: number, base: number): boolean {
    const isNews = index > this.#match;
    this.#match = Math.max(this.#match, index);
    this.#next = Math.max(this.#next, this.#match + 1);
    this.#inflights.freeTo(index);
    if (this.#state === 'probe') this.#become(isNews || index >= this.#match ? 'replicate' : 'probe');
    // The report of the transfer may be lost: the follower's own word is enough.
    if (this.#state === 'snapshot' && this.#match >= base) this.#become('replicate');
    return isNews;
  }

  /**
   * The follower has something else at `rejected`.
   * @param hint The highest index where the logs could agree.
   * @returns False when the answer is old and says nothing new.
   */
  rejected(rejected: number, hint: number): boolean {
    if (this.#state === 'snapshot') return false;
    if (this.#state === 'replicate') {
      if (rejected <= this.#match) return false;
      this.#become('probe');
      return true;
    }
    if (rejected !== this.#next - 1) return false;
    this.#next = Math.max(Math.min(rejected, hint + 1), this.#match + 1);
    this.#isProbing = false;
    return true;
  }

  /** A snapshot up to `index` left. */
  snapshotSent(index: number): void {
    this.#become('snapshot');
    this.#pendingSnapshot = index;
  }

  /** The transfer ended. What the follower has is asked by a probe; a failure sends the snapshot again. */
  snapshotReported(isInstalled: boolean): void {
    if (this.#state !== 'snapshot') return;
    const next = isInstalled ? this.#pendingSnapshot + 1 : 0;
    this.#become('probe');
    this.#next = Math.max(this.#match + 1, next);
    // An installed snapshot acknowledges itself, and a failed one would fail again: the next heartbeat's answer resumes.
    this.#isProbing = true;
  }

  /** It answered a heartbeat, so a message may have been lost: let one more go. */
  resume(): void {
    this.#isProbing = false;
    if (this.#state === 'replicate' && this.#inflights.isFull) this.#inflights.freeFirst();
  }

  #become(state: ProgressState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#isProbing = false;
    this.#pendingSnapshot = 0;
    this.#inflights = new Inflights(this.#window.inflightMaxMessages, this.#window.inflightMaxBytes);
    this.#next = this.#match + 1;
  }
}

/** What may be asked about a follower. */
export type ProgressView = Pick<Progress, 'state' | 'match' | 'next' | 'inflights' | 'isPaused' | 'session'>;
