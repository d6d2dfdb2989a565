// What a node says to the others: it makes the messages, and knows what each of the others has to be told. Pure.

import type { Member, NodeAddress, NodeId, PeerIdentity } from '@actor/core';
import type { Evidence } from './evidence.ts';
import type { Members } from './members.ts';
import type { HeartbeatMessage, JoinMessage, MembershipMessage } from './messages.ts';

export interface SendEffect {
  readonly kind: 'send';
  readonly to: NodeId;
  readonly message: MembershipMessage;
  /** Given where the address book may not know it. */
  readonly address?: NodeAddress;
}

export interface OutgoingOptions {
  readonly members: Members;
  readonly evidence: Evidence;
  readonly intervalMs: number;
  readonly emit: (effect: SendEffect) => void;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  /** The last digest that each member told. */
  readonly #digests = new Map<NodeId, string>();
  /** When an ended life was last told so: two nodes that each count the other as ended must not answer each other for ever. */
  readonly #answeredMs = new Map<NodeId, number>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** A member said what it knows. */
  told(nodeId: NodeId, digest: string): void {
    this.#digests.set(nodeId, digest);
  }

  forget(nodeId: NodeId): void {
    this.#digests.delete(nodeId);
  }

  /** A sign of life, and beside it what the member does not know yet. */
  heartbeat(to: Member, nowMs: number): void {
    const { members } = this.#options;
    const isBehind = this.#digests.get(to.nodeId) !== members.digest();
    const suspicion = to.status === 'suspect' ? [to] : [];
    this.#heartbeat(to, isBehind ? members.all() : suspicion, nowMs);
  }

  /** News of this node's own goes out at once; what was learnt from others goes with the next heartbeats. */
  spread(nowMs: number): void {
    const { members } = this.#options;
    for (const member of members.others()) this.#heartbeat(member, members.all(), nowMs);
  }

  join(to: PeerIdentity, phase: JoinMessage['phase'], nowMs: number): void {
    const { members, evidence } = this.#options;
    this.#send(to, {
      type: 'join',
      phase,
      heard: evidence.heard(nowMs, to.nodeId),
      members: members.all(),
    });
  }

  /** Lets somebody know whose life has ended, here or for itself; not more often than every heartbeat. */
  answer(from: PeerIdentity, message: HeartbeatMessage | JoinMessage, nowMs: number): void {
    const { members, intervalMs } = this.#options;
    if (nowMs - (this.#answeredMs.get(from.nodeId) ?? -Infinity) < intervalMs) return;
    this.#answeredMs.set(from.nodeId, nowMs);
    for (const [nodeId, atMs] of this.#answeredMs) {
      if (nowMs - atMs > intervalMs) this.#answeredMs.delete(nodeId);
    }
    if (message.type === 'join' && message.phase === 'request') this.join(from, 'refused', nowMs);
    else this.#heartbeat(from, members.all(), nowMs);
  }

  leave(to: Member): void {
    this.#send(to, { type: 'leave', isAcknowledgement: false });
  }

  acknowledge(to: PeerIdentity): void {
    this.#send(to, { type: 'leave', isAcknowledgement: true });
  }

  #heartbeat(to: PeerIdentity, table: readonly Member[], nowMs: number): void {
    const { members, evidence, intervalMs } = this.#options;
    this.#send(to, {
      type: 'heartbeat',
      intervalMs,
      heard: evidence.heard(nowMs, to.nodeId),
      digest: members.digest(),
      members: table,
    });
  }

  #send(to: PeerIdentity, message: MembershipMessage): void {
    const { members, emit } = this.#options;
    const address = members.isLive(to) ? {} : { address: to.address };
    emit({ kind: 'send', to: to.nodeId, message, ...address });
  }
}
