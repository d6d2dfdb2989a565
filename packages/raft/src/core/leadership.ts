// One life of a leader: everything that exists only while it leads, and is gone when it does not.
import { assert } from '@actor/core';
import { isVoter, membersOf, type Configuration } from './configuration.ts';
import { nobody, sizeOf, type Entry, type PeerId } from './entry.ts';
import type { Log } from './log.ts';
import type { AppendReply, HeartbeatReply } from './message.ts';
import type { Outbox } from './outbox.ts';
import { Progress } from './progress.ts';
import { committedIndex, voteResult } from './quorum.ts';
import { ReadQueue, Rounds, type LocalReads } from './reads.ts';
import type { Settings } from './settings.ts';
import type { Writes } from './writes.ts';

/** The parts of a node that its leader works with. */
export interface Seat {
  readonly term: number;
  readonly settings: Settings;
  readonly log: Log;
  readonly writes: Writes;
  readonly outbox: Outbox;
  readonly reads: LocalReads;
}

export class Leadership {
  readonly #seat: Seat;
  readonly #id: PeerId;
  readonly #reads: ReadQueue;
  readonly #rounds = new Rounds();
  /** Ascending by peer. */
  #peers = new Map<PeerId, Progress>();
  #sessions = 0;
  /** Ticks since it was elected. */
  #now = 0;
  #sinceHeartbeat = 0;
  #transferee: PeerId = nobody;
  #transferTicks = 0;
  /** Rounds up to this one give no lease. */
  #leaseVoidThrough = 0;
  #uncommittedBytes = 0;

  constructor(seat: Seat) {
    this.#seat = seat;
    this.#id = seat.settings.id;
    this.#reads = new ReadQueue(seat.settings.readsMax);
    const { log } = seat;
    for (let index = log.commit + 1; index <= log.last; index++) {
      const entry = log.entryAt(index);
      this.#uncommittedBytes += entry === undefined ? 0 : sizeOf(entry);
    }
    // The first thing it will append is what it first sends.
    this.#reconfigure(log.last + 1);
  }

  get transferee(): PeerId {
    return this.#transferee;
  }
  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }
  /** Its first own entry is committed, and with it everything from before (Raft §5.4.2). */
  get hasCommittedInTerm(): boolean {
    return this.#seat.log.termAt(this.#seat.log.commit) === this.#seat.term;
  }
  /** A majority was heard of within an election timeout. */
  get hasQuorum(): boolean {
    const since = this.#now - this.#seat.settings.electionTicks;
    const isActive = (id: PeerId): boolean =>
      id === this.#id || (this.#peers.get(id)?.lastActive ?? since) > since;
    return voteResult(this.#configuration, isActive) === 'won';
  }
  /** No other leader can have been elected, by the clocks. */
  get hasLease(): boolean {
    const { lease, electionTicks, leaseDriftTicks } = this.#seat.settings;
    const round = this.#confirmedRound();
    if (!lease || round <= this.#leaseVoidThrough) return false;
    const sentAt = this.#rounds.sentAt(round);
    // Counted from the sending, as followers count from a moment after it. Two ticks, as both sides round down.
    return sentAt !== undefined && this.#now - sentAt < electionTicks - 2 - leaseDriftTicks;
  }

  get #configuration(): Configuration {
    return this.#seat.log.configuration;
  }

  progress(id: PeerId): Progress | undefined {
    return this.#peers.get(id);
  }

  tick(): void {
    const { electionTicks, heartbeatTicks } = this.#seat.settings;
    this.#now++;
    if (this.#transferee !== nobody && ++this.#transferTicks >= electionTicks) this.#transferee = nobody;
    if (++this.#sinceHeartbeat >= heartbeatTicks) this.#beginRound();
  }

  /** Adds to the end of the log. A configuration is in force at once. */
  append(entry: Entry): void {
    this.#seat.log.append([entry]);
    this.#uncommittedBytes += sizeOf(entry);
    if (entry.kind === 'config') this.#reconfigure(entry.index);
  }

  /** Commits what a majority has, itself only as far as its own disk (Raft §5.3, §5.4.2). */
  advance(): boolean {
    const { log, writes, term } = this.#seat;
    const index = committedIndex(this.#configuration, (id) =>
      id === this.#id ? writes.durable : (this.#peers.get(id)?.match ?? 0),
    );
    const before = log.commit;
    if (index <= before || log.termAt(index) !== term) return false;
    log.commitTo(index);
    for (let at = before + 1; at <= index; at++) {
      const entry = log.entryAt(at);
      this.#uncommittedBytes -= entry === undefined ? 0 : sizeOf(entry);
    }
    return true;
  }

  onAppendReply(reply: AppendReply): void {
    const peer = this.#peers.get(reply.from);
    if (peer === undefined || reply.session !== peer.session) return;
    peer.lastActive = this.#now;
    const { log } = this.#seat;
    if (reply.isRejected) {
      const hint = log.agreement(reply.hintIndex, reply.hintTerm);
      // It has less than it once acknowledged, and says so: start over, so that old answers don't count for it.
      if (reply.isDamaged && reply.index <= peer.match)
        this.#peers.set(reply.from, this.#newProgress(hint + 1));
      else peer.rejected(reply.index, hint);
      return;
    }
    assert(reply.index <= log.last, `peer ${reply.from} acknowledged what this leader never sent`);
    peer.accepted(reply.index, log.base);
    if (reply.from === this.#transferee) this.#handOver();
  }

  onHeartbeatReply(reply: HeartbeatReply): void {
    const peer = this.#peers.get(reply.from);
    if (peer === undefined || reply.session !== peer.session) return;
    if (!reply.isStalled) peer.lastActive = this.#now;
    peer.round = Math.max(peer.round, reply.round);
    peer.resume();
    const isBehind = peer.match < this.#seat.log.last || reply.isDamaged;
    if (isBehind && !peer.isPaused) this.#sendAppend(reply.from, peer, true);
    this.#confirmReads();
  }

  onSnapshotReport(id: PeerId, isInstalled: boolean): void {
    this.#peers.get(id)?.snapshotReported(isInstalled);
  }

  ask(from: PeerId, id: number): boolean {
    return this.#reads.ask(from, id);
  }

  /** Whatever was confirmed so far is no proof that the clock can be trusted. */
  voidLease(): void {
    this.#leaseVoidThrough = this.#rounds.last;
  }

  /** Hands over when `to` has the whole log. A second call replaces the first. */
  transfer(to: PeerId): void {
    if (to === this.#transferee) return;
    this.#transferee = to;
    this.#transferTicks = 0;
    this.#handOver();
  }

  /** The voter that has most of the log, besides this node; `nobody` when there is none. */
  bestSuccessor(): PeerId {
    let best = nobody;
    let match = -1;
    for (const [id, peer] of this.#peers) {
      if (!isVoter(this.#configuration, id) || peer.match <= match) continue;
      best = id;
      match = peer.match;
    }
    return best;
  }

  sendTimeoutNow(to: PeerId): void {
    // From here on somebody may be elected against every follower's promise, however late this message arrives.
    this.#leaseVoidThrough = Number.MAX_SAFE_INTEGER;
    this.#seat.outbox.send({ kind: 'timeout-now', from: this.#id, to, term: this.#seat.term });
  }

  /** Sends what can be sent; once per batch, so that a batch's proposals and reads travel together. */
  flush(): void {
    if (this.#reads.hasAsked && this.hasCommittedInTerm) {
      this.#beginRound();
      this.#reads.note(this.#rounds.last, this.#seat.log.commit);
      this.#confirmReads();
    }
    for (const [id, peer] of this.#peers) while (!peer.isPaused && this.#sendAppend(id, peer, false));
  }

  #beginRound(): void {
    const { settings, log, outbox, term } = this.#seat;
    this.#sinceHeartbeat = 0;
    const round = this.#rounds.begin(this.#now, settings.electionTicks);
    for (const [to, { session, match }] of this.#peers) {
      // What the follower is not known to have can't be called committed to it.
      const commit = Math.min(match, log.commit);
      outbox.send({ kind: 'heartbeat', from: this.#id, to, term, session, commit, round });
    }
  }

  #confirmedRound(): number {
    const answered = (id: PeerId): number =>
      id === this.#id ? this.#rounds.last : (this.#peers.get(id)?.round ?? 0);
    return committedIndex(this.#configuration, answered);
  }

  #confirmReads(): void {
    const { outbox, reads, term } = this.#seat;
    for (const { from, id, index } of this.#reads.confirm(this.#confirmedRound())) {
      if (from === this.#id) reads.confirm(id, index);
      else outbox.send({ kind: 'read-reply', from: this.#id, to: from, term, id, index });
    }
  }

  #handOver(): void {
    const peer = this.#peers.get(this.#transferee);
    if (peer?.match === this.#seat.log.last) this.sendTimeoutNow(this.#transferee);
  }

  /** @returns Whether something left. */
  #sendAppend(to: PeerId, peer: Progress, isForced: boolean): boolean {
    const { log, outbox, term, settings } = this.#seat;
    const prevIndex = peer.next - 1;
    const prevTerm = log.termAt(prevIndex);
    const head = { from: this.#id, to, term, session: peer.session };
    if (prevTerm === undefined) {
      outbox.send({ kind: 'install-snapshot', ...head, snapshot: log.snapshot });
      peer.snapshotSent(log.snapshot.index);
      return true;
    }
    const entries = log.slice(peer.next, log.last, settings.appendMaxBytes);
    if (entries.length === 0 && !isForced && peer.sentCommit >= log.commit) return false;
    outbox.send({ kind: 'append-entries', ...head, prevIndex, prevTerm, entries, commit: log.commit });
    peer.sentCommit = log.commit;
    peer.sent(
      prevIndex + entries.length,
      entries.reduce((bytes, entry) => bytes + sizeOf(entry), 0),
    );
    return true;
  }

  #newProgress(next: number): Progress {
    return new Progress(++this.#sessions, next, this.#now, this.#seat.settings);
  }

  /** Who is new starts a session, who is gone loses it; all others keep theirs. */
  #reconfigure(next: number): void {
    const peers = new Map<PeerId, Progress>();
    for (const id of membersOf(this.#configuration))
      if (id !== this.#id) peers.set(id, this.#peers.get(id) ?? this.#newProgress(next));
    this.#peers = peers;
    if (!isVoter(this.#configuration, this.#transferee)) this.#transferee = nobody;
  }
}
