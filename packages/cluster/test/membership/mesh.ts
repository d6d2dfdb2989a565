// Nodes of the pure protocol on a clock and a network of a few lines, which can cut links one way and stop nodes.

import type { Member, MembershipEvent, PeerIdentity } from '@actor/core';
import { Heartbeat, type HeartbeatEffect, type HeartbeatSettings } from '../../src/membership/heartbeat.ts';
import type { MembershipMessage } from '../../src/membership/messages.ts';

export const settings: HeartbeatSettings = {
  intervalMs: 500,
  phiThreshold: 8,
  windowMax: 100,
  membersMax: 100,
  suspectTimeoutMs: 1_500,
  stallTimeoutMs: 5_000,
};

const stepMs = 10;

export class Node {
  readonly id: string;
  readonly core: Heartbeat;
  readonly events: MembershipEvent[] = [];
  readonly admittedBy: string[] = [];
  readonly inbox: { from: PeerIdentity; message: MembershipMessage }[] = [];
  dueMs: number;
  isStopped = false;
  hasDeparted = false;

  constructor(id: string, incarnation: number, host: string, nowMs: number) {
    this.id = id;
    const address = { host, port: 1 };
    const self: Member = { nodeId: id, incarnation, version: 0, address, status: 'alive', metadata: {} };
    this.core = new Heartbeat(self, settings, nowMs);
    this.dueMs = nowMs + ((id.charCodeAt(0) * 37) % settings.intervalMs);
  }

  get identity(): PeerIdentity {
    const { nodeId, incarnation, address } = this.core.members.self;
    return { nodeId, incarnation, address };
  }

  /** What happened to the others, as `dead b`. */
  get story(): string[] {
    return this.events.map((event) =>
      event.kind === 'declared-dead' ? event.kind : `${event.kind.slice(7)} ${event.member.nodeId}`,
    );
  }

  get view(): string {
    return this.core.members
      .live()
      .map((member) => member.nodeId)
      .join('');
  }
}

export class Mesh {
  readonly nodes = new Map<string, Node>();
  readonly #cuts = new Set<string>();
  nowMs = 1_000;
  sent = 0;

  /** A node whose address is its id, unless said otherwise. */
  add(id: string, incarnation = 1, host = id): Node {
    const node = new Node(id, incarnation, host, this.nowMs);
    this.nodes.set(id, node);
    return node;
  }

  /** Members `a`, `b`, … that know each other and have settled. */
  static of(ids: string): Mesh {
    const mesh = new Mesh();
    for (const id of ids) mesh.add(id);
    for (const id of ids.slice(1)) mesh.request(id, ids.charAt(0));
    mesh.run(5_000);
    for (const node of mesh.nodes.values()) node.events.length = 0;
    return mesh;
  }

  get(id: string): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  request(from: string, to: string): void {
    this.perform(this.get(from), this.get(from).core.request(this.nowMs, this.get(to).identity));
  }

  /** Messages from each of the first to each of the second are lost, and with `both` the other way too. */
  cut(from: string, to: string, both = true): void {
    for (const a of from) for (const b of to) if (a !== b) this.#cuts.add(a + b);
    if (both) this.cut(to, from, false);
  }

  heal(): void {
    this.#cuts.clear();
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += stepMs) {
      for (const node of [...this.nodes.values()]) if (!node.isStopped) this.#step(node);
    }
  }

  perform(node: Node, effects: readonly HeartbeatEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'event') node.events.push(effect.event);
      else if (effect.kind === 'admitted') node.admittedBy.push(effect.by);
      else if (effect.kind === 'departed') node.hasDeparted = true;
      else {
        this.sent += 1;
        if (this.#cuts.has(node.id + effect.to)) continue;
        this.nodes.get(effect.to)?.inbox.push({ from: node.identity, message: effect.message });
      }
    }
  }

  #step(node: Node): void {
    const isDue = this.nowMs >= node.dueMs;
    if (isDue) {
      node.dueMs = this.nowMs + node.core.tickMs;
      this.perform(node, node.core.tick(this.nowMs));
    }
    for (const { from, message } of node.inbox.splice(0)) {
      this.perform(node, node.core.receive(this.nowMs, from, message));
    }
    if (isDue) this.perform(node, node.core.judge(this.nowMs));
  }
}
