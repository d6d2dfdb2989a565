// The full-mesh heartbeat protocol as a state machine without I/O: a tick or a message in, effects out. Every member
// tells every other that it lives and whom it hears; whom nobody hears is suspected, and is dead when it does not refute.

import {
  formatAddress,
  type Member,
  type MembershipEvent,
  type Metadata,
  type NodeAddress,
  type NodeId,
  type PeerIdentity,
} from '@actor/core';
import { Evidence, type EvidenceOptions } from './evidence.ts';
import { isOver, Members, type MembersOptions } from './members.ts';
import type { HeartbeatMessage, JoinMessage, MembershipMessage } from './messages.ts';
import { Outgoing, type SendEffect } from './outgoing.ts';
import { Suspicions, type SuspicionOptions } from './suspicions.ts';

export interface HeartbeatSettings extends EvidenceOptions, MembersOptions, SuspicionOptions {}

export type HeartbeatEffect =
  | SendEffect
  | { readonly kind: 'event'; readonly event: MembershipEvent }
  | { readonly kind: 'admitted'; readonly by: NodeId }
  /** Every member has acknowledged that this node left. */
  | { readonly kind: 'departed' };

const ticksPerInterval = 4;

export class Heartbeat {
  readonly members: Members;
  /** A part of the heartbeat interval, so that silence is noticed when it has become too long and not much later. */
  readonly tickMs: number;
  readonly #settings: HeartbeatSettings;
  readonly #evidence: Evidence;
  readonly #suspicions: Suspicions;
  readonly #outgoing: Outgoing;
  readonly #unacknowledged = new Set<NodeId>();
  #effects: HeartbeatEffect[] = [];
  #phase: 'member' | 'leaving' | 'over' = 'member';
  /** When the next tick should come; how much later it does is how long this node did not run. */
  #tickDueMs: number;
  #beatDueMs: number;

  constructor(self: Member, settings: HeartbeatSettings, nowMs: number) {
    this.members = new Members(self, settings);
    this.#settings = settings;
    this.#evidence = new Evidence(settings);
    this.#suspicions = new Suspicions(settings);
    this.#outgoing = new Outgoing({
      members: this.members,
      evidence: this.#evidence,
      intervalMs: settings.intervalMs,
      emit: (effect) => this.#effects.push(effect),
    });
    this.tickMs = settings.intervalMs / ticksPerInterval;
    this.#tickDueMs = nowMs;
    this.#beatDueMs = nowMs + settings.intervalMs;
  }

  /** Due every `tickMs`. `judge` follows once everything that has arrived meanwhile was received. */
  tick(nowMs: number): readonly HeartbeatEffect[] {
    const lateMs = nowMs - this.#tickDueMs;
    if (lateMs > this.tickMs / 4) {
      this.#evidence.excuse(lateMs);
      this.#suspicions.excuse(lateMs);
    }
    this.#tickDueMs = nowMs + this.tickMs;
    // By the clock and not by the number of ticks: a busy node's ticks are far apart, and its heartbeats must not be further.
    if (nowMs < this.#beatDueMs) return [];
    this.#beatDueMs = Math.max(this.#beatDueMs, nowMs - this.tickMs) + this.#settings.intervalMs;
    if (this.#phase === 'leaving') this.#sendLeave();
    if (this.#phase === 'member') {
      for (const member of this.members.others()) this.#outgoing.heartbeat(member, nowMs);
    }
    return this.#take();
  }

  judge(nowMs: number): readonly HeartbeatEffect[] {
    if (this.#phase !== 'member') return [];
    const witnesses = this.members
      .others()
      .flatMap((member) => (member.status === 'alive' ? [member.nodeId] : []));
    let isNews = false;
    for (const member of this.members.others()) {
      if (this.#evidence.has(member.nodeId, witnesses, nowMs)) {
        this.#clear(member.nodeId);
      } else if (member.status === 'alive') {
        this.#suspect(member.nodeId, nowMs);
      } else if (this.#suspicions.isOverdue(member, nowMs)) {
        this.#merge({ ...member, status: 'dead' }, nowMs);
        isNews = true;
      }
    }
    if (isNews) this.#outgoing.spread(nowMs);
    return this.#take();
  }

  receive(nowMs: number, from: PeerIdentity, message: MembershipMessage): readonly HeartbeatEffect[] {
    if (this.#phase === 'over') return [];
    const known = this.members.get(from.nodeId);
    if (known === this.members.self) return this.#receiveFromNamesake(from, message, nowMs);
    const isEnded =
      known !== undefined &&
      (from.incarnation < known.incarnation || (from.incarnation === known.incarnation && isOver(known)));
    if (message.type === 'leave') this.#receiveLeave(from, message.isAcknowledgement, nowMs);
    else if (this.#phase === 'leaving') return [];
    else if (isEnded) this.#receiveFromEnded(known, from, message, nowMs);
    else this.#receiveFromLive(from, message, nowMs);
    return this.#take();
  }

  /** The connections to a peer stand, or stand no more. */
  link(peer: PeerIdentity, up: boolean): void {
    this.#suspicions.link(peer, up);
  }

  /** Asks a node that answered a dial for admission. */
  request(nowMs: number, peer: PeerIdentity): readonly HeartbeatEffect[] {
    if (this.#phase === 'member') this.#outgoing.join(peer, 'request', nowMs);
    return this.#take();
  }

  leave(): readonly HeartbeatEffect[] {
    if (this.#phase !== 'member') return [];
    this.#phase = 'leaving';
    for (const member of this.members.others()) this.#unacknowledged.add(member.nodeId);
    this.members.setSelf({ ...this.members.self, status: 'left' });
    this.#sendLeave();
    return this.#take();
  }

  setMetadata(nowMs: number, metadata: Metadata): readonly HeartbeatEffect[] {
    this.#raiseVersion(this.members.self.version + 1, metadata);
    if (this.#phase === 'member') this.#outgoing.spread(nowMs);
    return this.#take();
  }

  #receiveFromLive(from: PeerIdentity, message: HeartbeatMessage | JoinMessage, nowMs: number): void {
    const wasMember = this.members.isLive(from);
    const isHealthy = message.heard.length > 0;
    this.#evidence.arrived(from.nodeId, isHealthy, nowMs);
    if (isHealthy) this.#clear(from.nodeId);
    const isBelieved = this.#hearsMe(message) && this.members.get(from.nodeId)?.status !== 'suspect';
    this.#mergeTable(message.members, from, isBelieved, nowMs);
    if (this.#phase !== 'member') return;
    if (message.type === 'heartbeat') {
      this.#evidence.told(from.nodeId, message.intervalMs, message.heard, nowMs);
      if (this.members.isLive(from)) this.#outgoing.told(from.nodeId, message.digest);
      else this.#outgoing.answer(from, message, nowMs);
      return;
    }
    if (message.phase === 'accepted') this.#effects.push({ kind: 'admitted', by: from.nodeId });
    if (message.phase !== 'request') return;
    this.#evidence.arrived(from.nodeId, true, nowMs);
    this.#outgoing.join(from, this.members.isLive(from) ? 'accepted' : 'refused', nowMs);
    if (!wasMember && this.members.isLive(from)) this.#outgoing.spread(nowMs);
  }

  /** Two lives of one node id at once, an old process and its successor: the later one stays. */
  #receiveFromNamesake(
    from: PeerIdentity,
    message: MembershipMessage,
    nowMs: number,
  ): readonly HeartbeatEffect[] {
    const { incarnation } = this.members.self;
    if (from.incarnation > incarnation) this.#end(from.nodeId, from.incarnation, from.address);
    else if (from.incarnation < incarnation && message.type !== 'leave')
      this.#outgoing.answer(from, message, nowMs);
    return this.#take();
  }

  /** Someone talks whose life is over for this node: it has to learn that, unless its side of a partition outweighs ours. */
  #receiveFromEnded(
    known: Member,
    from: PeerIdentity,
    message: HeartbeatMessage | JoinMessage,
    nowMs: number,
  ): void {
    this.#evidence.arrived(from.nodeId, true, nowMs);
    if (from.incarnation === known.incarnation) {
      if (known.status === 'left') return;
      const { self } = this.members;
      const mine = message.members.find((member) => member.nodeId === self.nodeId);
      const isMutual = mine !== undefined && mine.incarnation === self.incarnation && isOver(mine);
      if (isMutual && this.#hearsMe(message) && this.members.isOutweighed(message.members, from.nodeId)) {
        this.#end(from.nodeId, self.incarnation);
        return;
      }
    }
    this.#outgoing.answer(from, message, nowMs);
  }

  #receiveLeave(from: PeerIdentity, isAcknowledgement: boolean, nowMs: number): void {
    if (isAcknowledgement) {
      this.#unacknowledged.delete(from.nodeId);
      this.#departIfTold();
      return;
    }
    const member = this.members.get(from.nodeId);
    if (member?.incarnation === from.incarnation) this.#merge({ ...member, status: 'left' }, nowMs);
    this.#outgoing.acknowledge(from);
  }

  #mergeTable(records: readonly Member[], from: PeerIdentity, isBelieved: boolean, nowMs: number): void {
    // Lives before ends: what is dead because it was replaced is then known to be replaced.
    for (const record of [...records.filter((each) => !isOver(each)), ...records.filter(isOver)]) {
      if (this.#phase === 'over') return;
      if (record.nodeId === this.members.self.nodeId) this.#mergeSelf(record, from, isBelieved, nowMs);
      else if (isBelieved || !isOver(record)) this.#merge(record, nowMs);
    }
  }

  #mergeSelf(record: Member, from: PeerIdentity, isBelieved: boolean, nowMs: number): void {
    const { self } = this.members;
    if (record.incarnation > self.incarnation) {
      this.#end(from.nodeId, record.incarnation, isOver(record) ? undefined : record.address);
    } else if (record.incarnation === self.incarnation) {
      if (isOver(record)) {
        if (isBelieved) this.#end(from.nodeId, self.incarnation);
      } else if (record.status === 'suspect' && record.version >= self.version) {
        this.#raiseVersion(record.version + 1, self.metadata);
        this.#outgoing.spread(nowMs);
      }
    }
  }

  #merge(record: Member, nowMs: number): void {
    const before = this.members.get(record.nodeId);
    for (const event of this.members.merge(record)) this.#report(event, nowMs);
    const after = this.members.get(record.nodeId);
    if (before?.incarnation !== after?.incarnation || before?.version === after?.version) return;
    // Only the member itself raises its version, so it was alive when it did.
    this.#evidence.refuted(record.nodeId, nowMs);
    this.#clear(record.nodeId);
  }

  #suspect(nodeId: NodeId, nowMs: number): void {
    this.#suspicions.begin(nodeId, nowMs);
    this.#report(this.members.suspect(nodeId), nowMs);
    // Told at once, so that there is time to refute.
    const suspect = this.members.get(nodeId);
    if (suspect !== undefined) this.#outgoing.heartbeat(suspect, nowMs);
  }

  #clear(nodeId: NodeId): void {
    this.#suspicions.end(nodeId);
    const event = this.members.clear(nodeId);
    if (event !== undefined) this.#effects.push({ kind: 'event', event });
  }

  #report(event: MembershipEvent | undefined, nowMs: number): void {
    if (event === undefined) return;
    this.#effects.push({ kind: 'event', event });
    if (event.kind === 'member-up') this.#evidence.add(event.member.nodeId, nowMs);
    if (event.kind !== 'member-dead' && event.kind !== 'member-left') return;
    const { nodeId } = event.member;
    this.#evidence.remove(nodeId);
    this.#outgoing.forget(nodeId);
    this.#suspicions.end(nodeId);
    this.#unacknowledged.delete(nodeId);
    this.#departIfTold();
  }

  /** This life is over. A later one that lives at another address is a successor, with whom nobody should compete. */
  #end(by: NodeId, incarnation: number, laterAt?: NodeAddress): void {
    this.#phase = 'over';
    const isElsewhere =
      laterAt !== undefined && formatAddress(laterAt) !== formatAddress(this.members.self.address);
    const event = { kind: 'declared-dead' as const, by, incarnation };
    this.#effects.push({ kind: 'event', event: isElsewhere ? { ...event, successor: laterAt } : event });
  }

  #raiseVersion(version: number, metadata: Metadata): void {
    this.members.setSelf({ ...this.members.self, version, metadata });
  }

  #hearsMe(message: HeartbeatMessage | JoinMessage): boolean {
    return message.heard.includes(this.members.self.nodeId);
  }

  #sendLeave(): void {
    for (const member of this.members.others()) {
      if (this.#unacknowledged.has(member.nodeId)) this.#outgoing.leave(member);
    }
    this.#departIfTold();
  }

  #departIfTold(): void {
    if (this.#phase !== 'leaving' || this.#unacknowledged.size > 0) return;
    this.#phase = 'over';
    this.#effects.push({ kind: 'departed' });
  }

  #take(): readonly HeartbeatEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
