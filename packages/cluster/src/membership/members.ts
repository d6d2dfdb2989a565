// The table of lives that a node knows of, one per node id, and how the tables of two nodes become one. Pure.
// A life's record is ordered by (incarnation, version); `left` and `dead` end it for good, whatever the version, so a
// node that was declared dead comes back only as a new incarnation.

import { createHash } from 'node:crypto';
import {
  formatAddress,
  type Member,
  type MembershipEvent,
  type NodeAddress,
  type NodeId,
  type PeerIdentity,
} from '@actor/core';

export interface MembersOptions {
  readonly membersMax: number;
}

/** Has this life ended? */
export function isOver(member: Member): boolean {
  return member.status === 'dead' || member.status === 'left';
}

export class Members {
  readonly #membersMax: number;
  readonly #records = new Map<NodeId, Member>();
  #self: Member;
  #live: readonly Member[] | undefined;
  #digest: string | undefined;

  constructor(self: Member, options: MembersOptions) {
    this.#self = self;
    this.#membersMax = options.membersMax;
  }

  get self(): Member {
    return this.#self;
  }

  get(nodeId: NodeId): Member | undefined {
    return nodeId === this.#self.nodeId ? this.#self : this.#records.get(nodeId);
  }

  /** Alive and suspect members, self included, sorted by id; the same array until something changes. */
  live(): readonly Member[] {
    this.#live ??= Object.freeze(
      [...this.#records.values(), this.#self]
        .filter((member) => !isOver(member))
        .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)),
    );
    return this.#live;
  }

  others(): readonly Member[] {
    return this.live().filter((member) => member.nodeId !== this.#self.nodeId);
  }

  /** Is this very life a member? */
  isLive(peer: PeerIdentity): boolean {
    const member = this.get(peer.nodeId);
    return member?.incarnation === peer.incarnation && !isOver(member);
  }

  /**
   * After a partition both sides count each other as dead, and one must yield: the smaller, else the one without the lowest
   * id. Does ours, when `by` holds these records?
   */
  isOutweighed(records: readonly Member[], by: NodeId): boolean {
    const theirs = records.filter((each) => !isOver(each)).map((each) => each.nodeId);
    const ours = this.live().map((each) => each.nodeId);
    if (theirs.length !== ours.length) return theirs.length > ours.length;
    const [theirLowest = by] = theirs.sort();
    const [ourLowest = this.#self.nodeId] = ours;
    return theirLowest === ourLowest ? by < this.#self.nodeId : theirLowest < ourLowest;
  }

  /** Every record, ended lives included, in the order in which they should be merged elsewhere. */
  all(): readonly Member[] {
    return [...this.live(), ...(isOver(this.#self) ? [this.#self] : []), ...this.ended()];
  }

  /** The ended lives that are remembered, the earliest end first. */
  ended(): readonly Member[] {
    return [...this.#records.values()].filter(isOver);
  }

  /** Equal for two nodes that hold the same lives at the same versions. Suspicion is each node's own and left out. */
  digest(): string {
    this.#digest ??= createHash('sha256')
      .update(JSON.stringify(this.live().map((each) => [each.nodeId, each.incarnation, each.version])))
      .digest('hex')
      .slice(0, 16);
    return this.#digest;
  }

  setSelf(self: Member): void {
    this.#self = self;
    this.#changed();
  }

  /** Takes over what is news in a record of another node, and says what that means. */
  merge(record: Member): readonly MembershipEvent[] {
    const known = this.#records.get(record.nodeId);
    if (known !== undefined && record.incarnation < known.incarnation) return [];
    if (known?.incarnation === record.incarnation) return this.#mergeSameLife(known, record);
    if (isOver(record)) return this.#mergeEnd(known, record);
    if (this.live().length >= this.#membersMax && (known === undefined || isOver(known))) return [];
    const holder = this.#holderOf(record.address, record.nodeId);
    // Two lives can't answer at one address: the later one is there, the earlier is over.
    if (holder !== undefined && holder.incarnation > record.incarnation) {
      return this.#mergeEnd(known, { ...record, status: 'dead' });
    }
    const events: MembershipEvent[] = [];
    for (const replaced of [known, holder]) {
      if (replaced !== undefined && !isOver(replaced) && replaced.nodeId !== this.#self.nodeId) {
        events.push(this.#end(replaced, 'dead', 'replaced'));
      }
    }
    const member = this.#put({ ...record, status: 'alive' });
    events.push({ kind: 'member-up', member });
    return events;
  }

  /** This node's own judgement; undefined when the member is not a live one. */
  suspect(nodeId: NodeId): MembershipEvent | undefined {
    const member = this.#records.get(nodeId);
    if (member?.status !== 'alive') return undefined;
    return { kind: 'member-suspect', member: this.#put({ ...member, status: 'suspect' }) };
  }

  /** This node's own judgement, withdrawn. */
  clear(nodeId: NodeId): MembershipEvent | undefined {
    const member = this.#records.get(nodeId);
    if (member?.status !== 'suspect') return undefined;
    return { kind: 'member-reachable', member: this.#put({ ...member, status: 'alive' }) };
  }

  #mergeSameLife(known: Member, record: Member): readonly MembershipEvent[] {
    if (isOver(known)) {
      // Two nodes can see one end differently, and both have reported it; the tables still agree on the kinder word.
      if (known.status === 'dead' && record.status === 'left') this.#put({ ...known, status: 'left' });
      return [];
    }
    if (record.status === 'dead' || record.status === 'left') {
      return [this.#end(known, record.status, 'unreachable')];
    }
    if (record.version <= known.version) return [];
    const member = this.#put({ ...known, version: record.version, metadata: record.metadata });
    const isSame = JSON.stringify(known.metadata) === JSON.stringify(record.metadata);
    return isSame ? [] : [{ kind: 'member-updated', member }];
  }

  #mergeEnd(known: Member | undefined, record: Member): readonly MembershipEvent[] {
    const wasLive = known !== undefined && !isOver(known);
    const events = wasLive ? [this.#end(known, 'dead', 'replaced')] : [];
    this.#put(record);
    this.#prune();
    return events;
  }

  #end(member: Member, status: 'dead' | 'left', reason: 'unreachable' | 'replaced'): MembershipEvent {
    // Deleted first, so that the map's order is the order of ends.
    this.#records.delete(member.nodeId);
    const ended = this.#put({ ...member, status });
    this.#prune();
    return status === 'left'
      ? { kind: 'member-left', member: ended }
      : { kind: 'member-dead', member: ended, reason };
  }

  #put(member: Member): Member {
    const frozen = Object.freeze(member);
    this.#records.set(member.nodeId, frozen);
    this.#changed();
    return frozen;
  }

  #holderOf(address: NodeAddress, exceptId: NodeId): Member | undefined {
    const key = formatAddress(address);
    return this.live().find((each) => each.nodeId !== exceptId && formatAddress(each.address) === key);
  }

  // Ended lives are kept so that late news can't revive them: as many as there may be members, then the oldest go.
  #prune(): void {
    const ended = this.ended();
    for (const member of ended.slice(0, Math.max(0, ended.length - this.#membersMax))) {
      this.#records.delete(member.nodeId);
    }
  }

  #changed(): void {
    this.#live = undefined;
    this.#digest = undefined;
  }
}
