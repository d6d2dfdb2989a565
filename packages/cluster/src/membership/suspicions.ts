// How long those who are under suspicion have to give a sign of life. Pure. A process that is gone takes its connections
// with it, one that only stalls keeps them: whose link stands is a busy node until it has been silent for far longer.

import type { Member, NodeId, PeerIdentity } from '@actor/core';

export interface SuspicionOptions {
  /** For a suspect without a link. */
  readonly suspectTimeoutMs: number;
  /** For a suspect whose link stands. */
  readonly stallTimeoutMs: number;
}

export class Suspicions {
  readonly #options: SuspicionOptions;
  readonly #sinceMs = new Map<NodeId, number>();
  /** The incarnation of each node that this one is linked with. */
  readonly #linked = new Map<NodeId, number>();

  constructor(options: SuspicionOptions) {
    this.#options = options;
  }

  link({ nodeId, incarnation }: PeerIdentity, up: boolean): void {
    if (up) this.#linked.set(nodeId, incarnation);
    else if (this.#linked.get(nodeId) === incarnation) this.#linked.delete(nodeId);
  }

  begin(nodeId: NodeId, nowMs: number): void {
    this.#sinceMs.set(nodeId, nowMs);
  }

  end(nodeId: NodeId): void {
    this.#sinceMs.delete(nodeId);
  }

  isOverdue({ nodeId, incarnation }: Member, nowMs: number): boolean {
    const { suspectTimeoutMs, stallTimeoutMs } = this.#options;
    const timeoutMs = this.#linked.get(nodeId) === incarnation ? stallTimeoutMs : suspectTimeoutMs;
    return nowMs - (this.#sinceMs.get(nodeId) ?? nowMs) >= timeoutMs;
  }

  /** This node did not listen for so long: nobody could give it a sign. */
  excuse(ms: number): void {
    for (const [nodeId, atMs] of this.#sinceMs) this.#sinceMs.set(nodeId, atMs + ms);
  }
}
