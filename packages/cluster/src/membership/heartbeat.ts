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

export interface HeartbeatSettings extends EvidenceOptions, MembersOptions {
  /** How long a suspect has to give a sign of life. */
  readonly suspectTimeoutMs: number;
}

export type HeartbeatEffect =
  /** `address` is given where the address book may not know it. */
  | {
      readonly kind: 'send';
      readonly to: NodeId;
      readonly message: MembershipMessage;
      readonly address?: NodeAddress;
    }
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
  /** The last digest that each member told. */
  readonly #digests = new Map<NodeId, string>();
  readonly #suspectedMs = new Map<NodeId, number>();
  /** When an ended life was last told so: two nodes that each count the other as ended must not answer each other for ever. */
  readonly #answeredMs = new Map<NodeId, number>();
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
    this.tickMs = settings.intervalMs / ticksPerInterval;
    this.#tickDueMs = nowMs;
    this.#beatDueMs = nowMs + settings.intervalMs;
  }

  /** Due every `tickMs`. `judge` follows once everything that has arrived meanwhile was received. */
  tick(nowMs: number): readonly HeartbeatEffect[] {
    const lateMs = nowMs - this.#tickDueMs;
    if (lateMs > this.tickMs / 4) this.#excuse(lateMs);
    this.#tickDueMs = nowMs + this.tickMs;
    // By the clock and not by the number of ticks: a busy node's ticks are far apart, and its heartbeats must not be further.
    if (nowMs < this.#beatDueMs) return [];
    this.#beatDueMs = Math.max(this.#beatDueMs, nowMs - this.tickMs) + this.#settings.intervalMs;
    if (this.#phase === 'leaving') this.#sendLeave();
    if (this.#phase === 'member') {
      for (const member of this.#others()) this.#sendHeartbeat(member, this.#tableFor(member), nowMs);
    }
    return this.#take();
  }

  judge(nowMs: number): readonly HeartbeatEffect[] {
    if (this.#phase !== 'member') return [];
    const witnesses = this.#others().flatMap((member) => (member.status === 'alive' ? [member.nodeId] : []));
    let isNews = false;
    for (const member of this.#others()) {
      if (this.#evidence.has(member.nodeId, witnesses, nowMs)) {
        this.#clear(member.nodeId);
      } else if (member.status === 'alive') {
        this.#suspectedMs.set(member.nodeId, nowMs);
        this.#report(this.members.suspect(member.nodeId), nowMs);
        // Told at once, so that there is time to refute.
        this.#sendHeartbeat(member, this.#tableFor(member), nowMs);
      } else if (nowMs - (this.#suspectedMs.get(member.nodeId) ?? nowMs) >= this.#settings.suspectTimeoutMs) {
        this.#merge({ ...member, status: 'dead' }, nowMs);
        isNews = true;
      }
    }
    if (isNews) this.#spread(nowMs);
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

  /** Asks a node that answered a dial for admission. */
  request(nowMs: number, peer: PeerIdentity): readonly HeartbeatEffect[] {
    if (this.#phase === 'member') this.#sendJoin(peer, 'request', nowMs);
    return this.#take();
  }

  leave(): readonly HeartbeatEffect[] {
    if (this.#phase !== 'member') return [];
    this.#phase = 'leaving';
    for (const member of this.#others()) this.#unacknowledged.add(member.nodeId);
    this.members.setSelf({ ...this.members.self, status: 'left' });
    this.#sendLeave();
    return this.#take();
  }

  setMetadata(nowMs: number, metadata: Metadata): readonly HeartbeatEffect[] {
    this.#raiseVersion(this.members.self.version + 1, metadata);
    if (this.#phase === 'member') this.#spread(nowMs);
    return this.#take();
  }

  #receiveFromLive(from: PeerIdentity, message: HeartbeatMessage | JoinMessage, nowMs: number): void {
    const wasMember = this.#isMember(from);
    const isHealthy = message.heard.length > 0;
    this.#evidence.arrived(from.nodeId, isHealthy, nowMs);
    if (isHealthy) this.#clear(from.nodeId);
    const isBelieved = this.#hearsMe(message) && this.members.get(from.nodeId)?.status !== 'suspect';
    this.#mergeTable(message.members, from, isBelieved, nowMs);
    if (this.#phase !== 'member') return;
    if (message.type === 'heartbeat') {
      this.#evidence.told(from.nodeId, message.intervalMs, message.heard, nowMs);
      if (this.#isMember(from)) this.#digests.set(from.nodeId, message.digest);
      else this.#answer(from, message, nowMs);
      return;
    }
    if (message.phase === 'accepted') this.#effects.push({ kind: 'admitted', by: from.nodeId });
    if (message.phase !== 'request') return;
    this.#evidence.arrived(from.nodeId, true, nowMs);
    this.#sendJoin(from, this.#isMember(from) ? 'accepted' : 'refused', nowMs);
    if (!wasMember && this.#isMember(from)) this.#spread(nowMs);
  }

  /** Two lives of one node id at once, an old process and its successor: the later one stays. */
  #receiveFromNamesake(
    from: PeerIdentity,
    message: MembershipMessage,
    nowMs: number,
  ): readonly HeartbeatEffect[] {
    const { incarnation } = this.members.self;
    if (from.incarnation > incarnation) this.#end(from.nodeId, from.incarnation, from.address);
    else if (from.incarnation < incarnation && message.type !== 'leave') this.#answer(from, message, nowMs);
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
      if (isMutual && this.#hearsMe(message) && this.#isOutweighed(message.members, from.nodeId)) {
        this.#end(from.nodeId, self.incarnation);
        return;
      }
    }
    this.#answer(from, message, nowMs);
  }

  #receiveLeave(from: PeerIdentity, isAcknowledgement: boolean, nowMs: number): void {
    if (isAcknowledgement) {
      this.#unacknowledged.delete(from.nodeId);
      this.#departIfTold();
      return;
    }
    const member = this.members.get(from.nodeId);
    if (member?.incarnation === from.incarnation) this.#merge({ ...member, status: 'left' }, nowMs);
    this.#send(from, { type: 'leave', isAcknowledgement: true });
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
        this.#spread(nowMs);
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

  #clear(nodeId: NodeId): void {
    this.#suspectedMs.delete(nodeId);
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
    this.#digests.delete(nodeId);
    this.#suspectedMs.delete(nodeId);
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

  #answer(from: PeerIdentity, message: HeartbeatMessage | JoinMessage, nowMs: number): void {
    const lastMs = this.#answeredMs.get(from.nodeId) ?? -Infinity;
    if (nowMs - lastMs < this.#settings.intervalMs) return;
    this.#answeredMs.set(from.nodeId, nowMs);
    for (const [nodeId, atMs] of this.#answeredMs) {
      if (nowMs - atMs > this.#settings.intervalMs) this.#answeredMs.delete(nodeId);
    }
    if (message.type === 'join' && message.phase === 'request') this.#sendJoin(from, 'refused', nowMs);
    else this.#sendHeartbeat(from, this.members.all(), nowMs);
  }

  /** After a partition both sides count each other as dead, and one must yield: the smaller, else that without the lowest id. */
  #isOutweighed(records: readonly Member[], by: NodeId): boolean {
    const theirs = records.filter((each) => !isOver(each)).map((each) => each.nodeId);
    const ours = this.members.live().map((each) => each.nodeId);
    if (theirs.length !== ours.length) return theirs.length > ours.length;
    const [theirLowest = by] = theirs.sort();
    const [ourLowest = this.members.self.nodeId] = ours;
    return theirLowest === ourLowest ? by < this.members.self.nodeId : theirLowest < ourLowest;
  }

  #raiseVersion(version: number, metadata: Metadata): void {
    this.members.setSelf({ ...this.members.self, version, metadata });
  }

  #excuse(ms: number): void {
    this.#evidence.excuse(ms);
    for (const [nodeId, atMs] of this.#suspectedMs) this.#suspectedMs.set(nodeId, atMs + ms);
  }

  #hearsMe(message: HeartbeatMessage | JoinMessage): boolean {
    return message.heard.includes(this.members.self.nodeId);
  }

  #isMember(peer: PeerIdentity): boolean {
    const member = this.members.get(peer.nodeId);
    return member?.incarnation === peer.incarnation && !isOver(member);
  }

  #others(): readonly Member[] {
    return this.members.live().filter((member) => member.nodeId !== this.members.self.nodeId);
  }

  /** What a member has to be told beside the sign of life. */
  #tableFor(member: Member): readonly Member[] {
    if (this.#digests.get(member.nodeId) !== this.members.digest()) return this.members.all();
    return member.status === 'suspect' ? [member] : [];
  }

  /** News of this node's own goes out at once; what was learnt from others goes with the next tick. */
  #spread(nowMs: number): void {
    for (const member of this.#others()) this.#sendHeartbeat(member, this.members.all(), nowMs);
  }

  #sendHeartbeat(to: PeerIdentity, members: readonly Member[], nowMs: number): void {
    const { intervalMs } = this.#settings;
    const heard = this.#evidence.heard(nowMs, to.nodeId);
    this.#send(to, { type: 'heartbeat', intervalMs, heard, digest: this.members.digest(), members });
  }

  #sendJoin(to: PeerIdentity, phase: JoinMessage['phase'], nowMs: number): void {
    const heard = this.#evidence.heard(nowMs, to.nodeId);
    this.#send(to, { type: 'join', phase, heard, members: this.members.all() });
  }

  #sendLeave(): void {
    for (const to of this.#unacknowledged) {
      this.#effects.push({ kind: 'send', to, message: { type: 'leave', isAcknowledgement: false } });
    }
    this.#departIfTold();
  }

  #departIfTold(): void {
    if (this.#phase !== 'leaving' || this.#unacknowledged.size > 0) return;
    this.#phase = 'over';
    this.#effects.push({ kind: 'departed' });
  }

  #send(to: PeerIdentity, message: MembershipMessage): void {
    const address = this.#isMember(to) ? {} : { address: to.address };
    this.#effects.push({ kind: 'send', to: to.nodeId, message, ...address });
  }

  #take(): readonly HeartbeatEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
