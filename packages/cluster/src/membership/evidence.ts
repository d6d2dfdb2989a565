// Who gives signs of life: heard directly, or heard by somebody whom this node hears. Pure. The silence of a time in
// which this node itself did not run is excused, and counts against nobody.

import type { NodeId } from '@actor/core';
import { PhiAccrual } from './phi-accrual.ts';

export interface EvidenceOptions {
  readonly intervalMs: number;
  /** φ from which a silence is suspicious. */
  readonly phiThreshold: number;
  readonly windowMax: number;
}

interface Peer {
  /** Of its signs of health. */
  rhythm: PhiAccrual;
  /** It was heard at all; until then the detector only waits. */
  isHeard: boolean;
  /** When anything came from it last, a sign of health or not. */
  lastMs: number;
  /** When it was learnt that it refuted a suspicion, from whomever. */
  refutedMs: number;
  /** Whom it says to hear. */
  heard: ReadonlySet<NodeId>;
}

/** Nodes that are no members but were heard lately: ended lives that go on talking, newcomers. */
const strangersMax = 64;
/** For so many heartbeats after its last message a node is told that it is heard, though nothing is said to others. */
const lately = 3;

export class Evidence {
  readonly #options: EvidenceOptions;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #strangers = new Map<NodeId, number>();

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /** Starts to watch a member. It has the time of two more heartbeats to be dialled and to speak. */
  add(nodeId: NodeId, nowMs: number): void {
    const { intervalMs } = this.#options;
    const lastMs = this.#strangers.get(nodeId) ?? -Infinity;
    this.#strangers.delete(nodeId);
    const rhythm = this.#rhythm(intervalMs, nowMs + 2 * intervalMs);
    const isHeard = lastMs > -Infinity;
    this.#peers.set(nodeId, { rhythm, isHeard, lastMs, refutedMs: -Infinity, heard: new Set() });
  }

  remove(nodeId: NodeId): void {
    this.#peers.delete(nodeId);
  }

  /** A message came from the node itself. One that hears nobody is at fault, however loudly it talks: no sign of health. */
  arrived(nodeId: NodeId, isHealthy: boolean, nowMs: number): void {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) {
      this.#strangers.delete(nodeId);
      this.#strangers.set(nodeId, nowMs);
      const oldest = this.#strangers.keys().next();
      if (this.#strangers.size > strangersMax && oldest.done !== true) this.#strangers.delete(oldest.value);
      return;
    }
    peer.lastMs = nowMs;
    if (!isHealthy) return;
    peer.isHeard = true;
    peer.rhythm.arrived(nowMs);
  }

  /** The node told its rhythm and whom it hears. */
  told(nodeId: NodeId, intervalMs: number, heard: readonly NodeId[], nowMs: number): void {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return;
    if (peer.rhythm.expectedMs !== intervalMs) peer.rhythm = this.#rhythm(intervalMs, nowMs);
    peer.heard = new Set(heard);
  }

  /** It raised its version, so it was alive a moment ago. It has the time of two heartbeats to be heard again. */
  refuted(nodeId: NodeId, nowMs: number): void {
    const peer = this.#peers.get(nodeId);
    if (peer !== undefined) peer.refutedMs = nowMs;
  }

  /** Is there a sign of life, direct or through one of the witnesses? */
  has(nodeId: NodeId, witnesses: readonly NodeId[], nowMs: number): boolean {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return false;
    if (nowMs - peer.refutedMs < 2 * this.#options.intervalMs || this.#isHeardNow(peer, nowMs)) return true;
    return witnesses.some((witnessId) => {
      const witness = witnessId === nodeId ? undefined : this.#peers.get(witnessId);
      return witness !== undefined && witness.heard.has(nodeId) && this.#isHeardNow(witness, nowMs);
    });
  }

  /**
   * What to tell `to`: who gives this node signs of health now, and `to` itself if it was heard at all. Else two nodes that
   * lost each other for a moment would hold each other deaf for ever.
   */
  heard(nowMs: number, to: NodeId): readonly NodeId[] {
    const ids: NodeId[] = [];
    for (const [nodeId, peer] of this.#peers) {
      if (peer.isHeard && this.#isHeardNow(peer, nowMs)) ids.push(nodeId);
    }
    const lastMs = this.#peers.get(to)?.lastMs ?? this.#strangers.get(to) ?? -Infinity;
    if (nowMs - lastMs <= lately * this.#options.intervalMs && !ids.includes(to)) ids.push(to);
    return ids;
  }

  excuse(ms: number): void {
    for (const peer of this.#peers.values()) {
      peer.rhythm.excuse(ms);
      peer.lastMs += ms;
      peer.refutedMs += ms;
    }
    for (const [nodeId, atMs] of this.#strangers) this.#strangers.set(nodeId, atMs + ms);
  }

  #isHeardNow(peer: Peer, nowMs: number): boolean {
    return peer.rhythm.phi(nowMs) < this.#options.phiThreshold;
  }

  #rhythm(expectedMs: number, nowMs: number): PhiAccrual {
    return new PhiAccrual({ expectedMs, windowMax: this.#options.windowMax }, nowMs);
  }
}
