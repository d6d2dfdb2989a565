// One node of one group. Events go in by `step`, `tick` and the calls of its user; `ready` gives out what is to be sent,
// written and applied, and `persisted` and `applied` tell what became of it, in any interleaving. Nothing here waits.
import { assert } from '@actor/core';
import type { Accepted, Proposed, Refusal, RefusalReason } from './answers.ts';
import { Candidacy } from './candidacy.ts';
import { isJoint, isVoter, membersOf, type Configuration } from './configuration.ts';
import { changed, leaveJoint, restore, type MembersProposal } from './confchange.ts';
import { entryOverheadBytes, nobody, type Entry, type PeerId, type SnapshotMark } from './entry.ts';
import { ElectionTimer } from './election-timer.ts';
import { accepted, takeCommit, takeEntries, takeSnapshot, type AppendAnswer } from './follower.ts';
import { Lanes } from './lanes.ts';
import { Leadership } from './leadership.ts';
import { Log } from './log.ts';
import {
  isHypothetical,
  isLeaders,
  type Heartbeat,
  type Message,
  type RequestVote,
  type VoteReply,
} from './message.ts';
import { Outbox } from './outbox.ts';
import type { ProgressView } from './progress.ts';
import type { Batch, Role, SoftState } from './ready.ts';
import { LocalReads } from './reads.ts';
import { settingsOf, type RaftOptions, type Settings } from './settings.ts';
import { Writes } from './writes.ts';

export class Raft {
  readonly id: PeerId;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #writes: Writes;
  readonly #outbox = new Outbox();
  readonly #reads: LocalReads;
  readonly #lanes: Lanes;
  readonly #timer: ElectionTimer;
  #term: number;
  #vote: PeerId;
  #leader: PeerId = nobody;
  #candidacy: Candidacy | undefined;
  #leadership: Leadership | undefined;
  #damagedThrough: number;
  #softState: SoftState | undefined;

  /** @throws {@link ActorError} `ACTOR_CONFIG_INVALID` for an option, or for a configuration that contradicts itself. */
  constructor(options: RaftOptions) {
    this.#settings = settingsOf(options);
    this.id = this.#settings.id;
    const snapshot = { ...options.snapshot, configuration: restore(options.snapshot.configuration) };
    const { term = 0, vote = nobody, commit = 0 } = options.hardState ?? {};
    const entries = options.entries ?? [];
    this.#damagedThrough = options.damagedThrough ?? 0;
    // Of a damaged log less may be left than was committed.
    const known = this.isDamaged ? Math.min(commit, snapshot.index + entries.length) : commit;
    this.#log = new Log(snapshot, entries, known);
    assert(term >= this.#log.lastTerm, 'the term is not behind the log');
    this.#term = term;
    this.#vote = vote;
    this.#writes = new Writes(this.#log.last, term);
    const applied = options.applied ?? snapshot.index;
    assert(applied >= snapshot.index && applied <= this.#log.commit, 'what is applied is committed');
    const parts = { settings: this.#settings, log: this.#log, writes: this.#writes, outbox: this.#outbox };
    this.#lanes = new Lanes(parts, { term, vote }, applied);
    this.#timer = new ElectionTimer(this.#settings);
    this.#reads = new LocalReads(this.#settings.readsMax);
  }

  get term(): number {
    return this.#term;
  }
  get leader(): PeerId {
    return this.#leader;
  }
  get role(): Role {
    if (this.#leadership !== undefined) return 'leader';
    if (this.#candidacy === undefined) return 'follower';
    return this.#candidacy.isPreVote ? 'pre-candidate' : 'candidate';
  }
  /** The configuration in force: the last one in the log, committed or not. */
  get configuration(): Configuration {
    return this.#log.configuration;
  }
  get commitIndex(): number {
    return this.#log.commit;
  }
  get lastIndex(): number {
    return this.#log.last;
  }
  /** The log is on this node's disk up to here. */
  get durableIndex(): number {
    return this.#writes.durable;
  }
  get appliedIndex(): number {
    return this.#lanes.applied;
  }
  /** It lost what it may have acknowledged, and has not got it back yet. */
  get isDamaged(): boolean {
    return this.#damagedThrough > 0;
  }

  /** What the log holds there, committed or not; `undefined` where it ends, or was compacted. */
  entryAt(index: number): Entry | undefined {
    return this.#log.entryAt(index);
  }

  /** At the leader, how far a follower is. */
  progress(id: PeerId): ProgressView | undefined {
    return this.#leadership?.progress(id);
  }

  /** Time passes. The driver calls it late rather than early, and after the messages that came before. */
  tick(ticks = 1): void {
    assert(Number.isSafeInteger(ticks) && ticks >= 0, 'ticks are counted');
    for (let n = 0; n < ticks; n++) this.#tickOnce();
  }

  /** A message came. It may be late, double, or out of order. */
  step(message: Message): void {
    assert(message.to === this.id, `a message to ${message.to} came to ${this.id}`);
    assert(Number.isSafeInteger(message.term), 'terms are integers');
    if (message.kind === 'request-vote' && this.#isDisturbing(message)) return;
    if (message.term > this.#term) {
      if (!isHypothetical(message))
        this.#becomeFollower(message.term, isLeaders(message) ? message.from : nobody);
    } else if (message.term < this.#term) {
      this.#answerPast(message);
      return;
    }
    this.#handle(message);
  }

  /** Appends commands, all or none. They are in a batch soon, and committed or lost later. */
  propose(data: readonly Uint8Array[]): Proposed | Refusal {
    const leadership = this.#leadership;
    if (leadership === undefined) return this.#refuse('not-leader');
    if (leadership.transferee !== nobody) return this.#refuse('transferring');
    const bytes = data.reduce((sum, command) => sum + entryOverheadBytes + command.byteLength, 0);
    const held = leadership.uncommittedBytes;
    // A single one that is larger than the bound may go when nothing else is held.
    if (held > 0 && held + bytes > this.#settings.uncommittedMaxBytes) return this.#refuse('full');
    const firstIndex = this.#log.last + 1;
    for (const command of data)
      leadership.append({ kind: 'command', index: this.#log.last + 1, term: this.#term, data: command });
    return { isAccepted: true, term: this.#term, firstIndex, lastIndex: this.#log.last };
  }

  /**
   * Appends a change of members, in force at once.
   * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` when the change can't be made to the configuration in force.
   */
  proposeConfig(proposal: MembersProposal): Proposed | Refusal {
    const leadership = this.#leadership;
    if (leadership === undefined) return this.#refuse('not-leader');
    if (leadership.transferee !== nobody) return this.#refuse('transferring');
    // Two leaders' uncommitted changes could else have quorums that don't meet.
    if (!leadership.hasCommittedInTerm) return this.#refuse('too-early');
    if (this.#log.configIndex > this.#log.commit) return this.#refuse('in-flight');
    return this.#appendConfig(leadership, changed(this.configuration, proposal));
  }

  /**
   * Asks for an index at which a read is linearizable. The answer comes with a batch, once that index is applied.
   * @param id A number that this node has used for no other read in any of its lives: a late answer speaks of the past.
   */
  readIndex(id: number): Accepted | Refusal {
    assert(Number.isSafeInteger(id), 'reads are numbered');
    if (this.#reads.has(id)) return this.#refuse('duplicate');
    if (this.#leader === nobody) return this.#refuse('not-leader');
    if (this.#reads.isFull) return this.#refuse('full');
    const leadership = this.#leadership;
    if (leadership === undefined) {
      const { electionTicks } = this.#settings;
      this.#reads.ask(id, electionTicks);
      this.#outbox.send({ kind: 'read-request', from: this.id, to: this.#leader, term: this.#term, id });
    } else if (leadership.hasCommittedInTerm && leadership.hasLease) {
      this.#reads.ask(id, Number.MAX_SAFE_INTEGER);
      this.#reads.confirm(id, this.#log.commit);
    } else {
      if (!leadership.ask(this.id, id)) return this.#refuse('full');
      // A leader without a quorum steps down, and drops it then.
      this.#reads.ask(id, Number.MAX_SAFE_INTEGER);
    }
    return { isAccepted: true };
  }

  /** Hands leadership over. Nothing is proposed meanwhile; after an election timeout without success this node goes on. */
  transfer(to: PeerId): Accepted | Refusal {
    if (this.#leadership === undefined) return this.#refuse('not-leader');
    if (to === this.id || !isVoter(this.configuration, to)) return this.#refuse('not-eligible');
    this.#leadership.transfer(to);
    return { isAccepted: true };
  }

  /** Stands for election now, as if the timeout had passed; not while it owes a leader its lease. */
  campaign(): void {
    if (this.#mayLead() && !this.#timer.isPromised) this.#preCampaign();
  }

  /** The clock can't be trusted about the past, as after a pause: reads go by a round again. */
  voidLease(): void {
    this.#leadership?.voidLease();
  }

  /** Each `install-snapshot` that left ends with this: its transfer failed, or the other side has it. */
  snapshotReported(id: PeerId, isInstalled: boolean): void {
    this.#leadership?.onSnapshotReport(id, isInstalled);
  }

  /** What a snapshot of the state at `index` has to carry. */
  markAt(index: number): SnapshotMark {
    assert(index <= this.#lanes.applied, `a snapshot at ${index} is of what was applied`);
    return this.#log.markAt(index);
  }

  /**
   * A snapshot with this mark is durable; entries before it may go.
   * @param keepEntries So many of them stay for followers that are a little behind.
   * @returns False when the snapshot is of no use, as a later one came from elsewhere.
   */
  compact(mark: SnapshotMark, keepEntries: number): boolean {
    if (mark.index <= this.#log.snapshot.index) return false;
    this.#log.compact(mark, Math.max(mark.index - keepEntries, this.#log.base));
    return true;
  }

  /** Everything that is to be done now, or `undefined`. The next batch may be taken before this one is done. */
  ready(): Batch | undefined {
    this.#leadership?.flush();
    const persist = this.#lanes.takePersist({ term: this.#term, vote: this.#vote });
    const apply = this.#lanes.takeApply();
    const send = this.#outbox.takeNow();
    const reads = this.#reads.take(this.#lanes.applied);
    const softState = this.#takeSoftState();
    const isEmpty = persist === undefined && apply === undefined && softState === undefined;
    if (isEmpty && send.length === 0 && reads.length === 0) return undefined;
    return { send, persist, apply, reads, softState };
  }

  /** The persist lane `seq`, and so each before it, is durable; `term` is the one that it carried. */
  persisted(seq: number, term: number): void {
    if (!this.#writes.done(seq, term, this.#term)) return;
    if (this.#candidacy?.isPreVote === false) this.#onVote(this.id, true);
    this.#advance();
    this.#heal();
  }

  /** The state machine has everything up to `index`. */
  applied(index: number): void {
    this.#lanes.reportApplied(index);
  }

  #tickOnce(): void {
    this.#timer.tick();
    this.#writes.tick();
    this.#reads.tick();
    const leadership = this.#leadership;
    if (leadership !== undefined) {
      leadership.tick();
      // Whom nobody answers, or who can't write, only keeps others from leading.
      if (this.#isStalled() || !leadership.hasQuorum) this.#becomeFollower(this.#term, nobody);
    } else if (this.#timer.isDue) {
      if (this.#mayLead() && !this.#isStalled()) this.#preCampaign();
      else this.#setLeader(nobody);
    }
  }

  #isStalled(): boolean {
    return this.#writes.age >= this.#settings.electionTicks;
  }

  /**
   * Whose removal or demotion is not known to be committed may still be the only one that can be elected, with that very
   * entry; its own vote counts no more (thesis §4.2.2). Who never was a voter does not stand.
   */
  #mayLead(): boolean {
    if (this.#leadership !== undefined || this.isDamaged) return false;
    return isVoter(this.configuration, this.id) || isVoter(this.#log.committedConfiguration, this.id);
  }

  /** A leader that was heard of lately, and did not ask for this, is to be left in peace (thesis §4.2.3, §9.6). */
  #isDisturbing({ term, isTransfer }: RequestVote): boolean {
    if (isTransfer || term < this.#term) return false;
    if (this.#timer.isPromised) return true;
    if (term === this.#term) return false;
    return this.#leadership !== undefined || (this.#leader !== nobody && this.#timer.isFresh);
  }

  #preCampaign(): void {
    this.#setLeader(nobody);
    this.#candidacy = new Candidacy(true);
    this.#timer.restart();
    this.#requestVotes(true, false);
    this.#onVote(this.id, true);
  }

  #campaign(isTransfer: boolean): void {
    this.#term++;
    this.#vote = this.id;
    this.#setLeader(nobody);
    this.#candidacy = new Candidacy(false);
    this.#timer.restart();
    // The own vote counts when it is durable, see `persisted`.
    this.#requestVotes(false, isTransfer);
  }

  #requestVotes(isPreVote: boolean, isTransfer: boolean): void {
    const { last: lastIndex, lastTerm } = this.#log;
    const term = isPreVote ? this.#term + 1 : this.#term;
    for (const to of membersOf({ ...this.configuration, learners: [] })) {
      if (to === this.id) continue;
      const request: RequestVote = {
        kind: 'request-vote',
        ...{ from: this.id, to, term, isPreVote, isTransfer, lastIndex, lastTerm },
      };
      // A vote in a term that a crash could take back might be asked for twice, with two different logs.
      if (isPreVote) this.#outbox.send(request);
      else this.#outbox.sendAfterWrites(request);
    }
  }

  #onVote(from: PeerId, isGranted: boolean): void {
    const candidacy = this.#candidacy;
    if (candidacy === undefined) return;
    candidacy.record(from, isGranted);
    const result = candidacy.result(this.configuration);
    if (result === 'lost') this.#becomeFollower(this.#term, nobody);
    else if (result === 'won' && candidacy.isPreVote) this.#campaign(false);
    else if (result === 'won') this.#becomeLeader();
  }

  #becomeLeader(): void {
    this.#candidacy = undefined;
    this.#leadership = new Leadership({
      term: this.#term,
      settings: this.#settings,
      log: this.#log,
      writes: this.#writes,
      outbox: this.#outbox,
      reads: this.#reads,
    });
    this.#setLeader(this.id);
    this.#leadership.append({ kind: 'no-op', index: this.#log.last + 1, term: this.#term });
  }

  #becomeFollower(term: number, leader: PeerId): void {
    if (term > this.#term) {
      this.#term = term;
      this.#vote = nobody;
    }
    this.#candidacy = undefined;
    this.#leadership = undefined;
    this.#setLeader(leader);
    this.#timer.restart();
  }

  /** Reads that wait for an answer wait for this leader's. */
  #setLeader(leader: PeerId): void {
    if (leader !== this.#leader) this.#reads.dropAsked();
    this.#leader = leader;
  }

  /** From a term that is over. A leader of it has to learn that, or this node would never be reached again. */
  #answerPast(message: Message): void {
    if (isLeaders(message)) {
      const nothing = { index: 0, isRejected: true, hintIndex: 0, hintTerm: 0 };
      this.#sendAppendReply(message, nothing);
    } else if (message.kind === 'request-vote' && message.isPreVote) {
      this.#sendVoteReply(message, false);
    }
  }

  #handle(message: Message): void {
    switch (message.kind) {
      case 'request-vote':
        return this.#onRequestVote(message);
      case 'vote-reply':
        return this.#onVoteReply(message);
      case 'append-entries':
        this.#follow(message.from);
        this.#sendAppendReply(message, takeEntries(this.#log, this.#writes, message));
        return this.#heal();
      case 'heartbeat':
        return this.#onHeartbeat(message);
      case 'install-snapshot':
        this.#follow(message.from);
        if (takeSnapshot(this.#log, this.#writes, message.snapshot)) this.#lanes.restored(message.snapshot);
        this.#sendAppendReply(message, accepted(this.#log.commit));
        return this.#heal();
      case 'append-reply':
        this.#leadership?.onAppendReply(message);
        return this.#advance();
      case 'heartbeat-reply':
        return this.#leadership?.onHeartbeatReply(message);
      case 'timeout-now':
        if (this.#mayLead()) this.#campaign(true);
        return;
      case 'read-request':
        this.#leadership?.ask(message.from, message.id);
        return;
      case 'read-reply':
        return this.#reads.confirm(message.id, message.index);
    }
  }

  /** A leader of this term speaks. */
  #follow(leader: PeerId): void {
    assert(this.#leadership === undefined, `${leader} leads in term ${this.#term}, as this node does`);
    if (this.#candidacy !== undefined) this.#becomeFollower(this.#term, leader);
    this.#setLeader(leader);
    this.#timer.heard();
  }

  #onRequestVote(request: RequestVote): void {
    const { from, isPreVote, term } = request;
    const isFree = this.#vote === from || (this.#vote === nobody && this.#leader === nobody);
    const isGranted =
      (isFree || (isPreVote && term > this.#term)) &&
      !this.isDamaged &&
      this.#log.isCoveredBy(request.lastIndex, request.lastTerm);
    if (isGranted && !isPreVote) {
      this.#vote = from;
      this.#timer.reset();
    }
    this.#sendVoteReply(request, isGranted);
  }

  #sendVoteReply({ from: to, isPreVote, term }: RequestVote, isGranted: boolean): void {
    // A grant is for the term asked about; a refusal carries the own one, so that who lags behind learns of it.
    const reply = { isPreVote, isGranted, term: isGranted ? term : this.#term };
    this.#outbox.sendAfterWrites({ kind: 'vote-reply', from: this.id, to, ...reply });
  }

  #onVoteReply({ from, isPreVote, isGranted, term }: VoteReply): void {
    if (this.#candidacy?.isPreVote !== isPreVote) return;
    const expected = isPreVote && isGranted ? this.#term + 1 : this.#term;
    if (term === expected) this.#onVote(from, isGranted);
  }

  #onHeartbeat({ from, commit, session, round }: Heartbeat): void {
    this.#follow(from);
    takeCommit(this.#log, commit, this.isDamaged);
    const reply = { from: this.id, to: from, term: this.#term, session, round };
    const { isDamaged } = this;
    const message: Message = { kind: 'heartbeat-reply', ...reply, isStalled: this.#isStalled(), isDamaged };
    // It says that this term is reached, and nothing about the log.
    if (this.#writes.durableTerm === this.#term) this.#outbox.send(message);
    else this.#outbox.sendAfterWrites(message);
    this.#heal();
  }

  #sendAppendReply(
    { from: to, session }: { readonly from: PeerId; readonly session: number },
    answer: AppendAnswer,
  ): void {
    const head = { from: this.id, to, term: this.#term, session, isDamaged: this.isDamaged };
    this.#outbox.sendAfterWrites({ kind: 'append-reply', ...head, ...answer });
  }

  /** As leader, commits what can be, and does what a committed configuration asks for. */
  #advance(): void {
    const leadership = this.#leadership;
    if (leadership === undefined || !leadership.advance()) return;
    if (this.#log.configIndex > this.#log.commit) return;
    if (isJoint(this.configuration)) {
      if (this.configuration.autoLeave) this.#appendConfig(leadership, leaveJoint(this.configuration));
    } else if (!isVoter(this.configuration, this.id)) {
      this.#resign(leadership);
    }
  }

  #appendConfig(leadership: Leadership, next: Configuration): Proposed {
    const index = this.#log.last + 1;
    leadership.append({ kind: 'config', index, term: this.#term, configuration: next });
    this.#advance();
    return { isAccepted: true, term: this.#term, firstIndex: index, lastIndex: index };
  }

  /** It led until the configuration without it was committed; now somebody else has to (Raft §6). */
  #resign(leadership: Leadership): void {
    leadership.flush();
    const successor = leadership.bestSuccessor();
    if (successor !== nobody) leadership.sendTimeoutNow(successor);
    this.#becomeFollower(this.#term, nobody);
  }

  /** What was lost is here again, on the disk and committed. */
  #heal(): void {
    if (this.isDamaged && Math.min(this.#writes.durable, this.#log.commit) >= this.#damagedThrough)
      this.#damagedThrough = 0;
  }

  #takeSoftState(): SoftState | undefined {
    const { role, leader, term, isDamaged } = this;
    const before = this.#softState;
    const isSame = before?.role === role && before.leader === leader;
    if (isSame && before.term === term && before.isDamaged === isDamaged) return undefined;
    this.#softState = { role, leader, term, isDamaged };
    return this.#softState;
  }

  #refuse(reason: RefusalReason): Refusal {
    return { isAccepted: false, reason, leader: this.#leader };
  }
}
