// The way from one peer to this node, with its faults. Its invariant towards the listeners is the transport's: link-up
// before the first frame, link-down after the last, and, unless hostile conditions are set, frames in order and once.

import type { NodeId, PeerIdentity } from '../plugin/node.ts';
import type { Lane } from '../plugin/transport.ts';
import type { Runtime, Timer } from '../runtime.ts';
import type { FaultNetwork } from './fault-network.ts';
import { corrupted } from './link-model.ts';

export interface FaultLinkOptions {
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly network: FaultNetwork;
  readonly runtime: Runtime;
  readonly onFrame: (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void;
  readonly onLink: (peer: PeerIdentity, up: boolean) => void;
}

/** Something on its way: a frame, or the news that the link is up or down. */
interface InFlight {
  readonly readyMs: number;
  readonly deliver: () => void;
  readonly isFrame: boolean;
}

export class FaultLink {
  readonly #options: FaultLinkOptions;
  #queue: InFlight[] = [];
  #timer: Timer | undefined;
  #notice: Timer | undefined;
  // The peer as the inner transport has it linked, and as the listeners know it.
  #linked: PeerIdentity | undefined;
  #reported: PeerIdentity | undefined;
  /** Something may have been lost, so the link must not outlive the partition. */
  #isTainted = false;

  constructor(options: FaultLinkOptions) {
    this.#options = options;
  }

  get peer(): PeerIdentity | undefined {
    return this.#reported;
  }

  get isUp(): boolean {
    return this.#reported !== undefined;
  }

  /** A frame has come out of the inner transport. */
  frame(from: PeerIdentity, frame: Uint8Array, lane: Lane): void {
    const { self, peer, network, runtime } = this.#options;
    const nowMs = runtime.monotonicMs();
    const fate = network.model.fate({ from: peer, to: self, bytes: frame.length, nowMs });
    if (fate.isReset) {
      network.reset(self, peer);
      return;
    }
    // The bytes are the transport's after this call.
    const isNow = fate.arrivals.length === 1 && this.#isClear(fate.arrivals[0]?.delayMs ?? 0);
    const kept = isNow ? frame : frame.slice();
    for (const { delayMs, isOrdered, corruptAt } of fate.arrivals) {
      const bytes = corruptAt === undefined ? kept : corrupted(kept, corruptAt);
      const deliver = (): void => {
        if (this.#isFrom(from)) this.#options.onFrame(from, bytes, lane);
      };
      if (!isOrdered) runtime.after(delayMs, deliver);
      else if (this.#isClear(delayMs)) deliver();
      else this.#enqueue(delayMs, deliver, true);
    }
  }

  /** The inner transport has said that its link is up, or down. */
  inner(peer: PeerIdentity, up: boolean): void {
    const { delayMinMs } = this.#options.network.model.conditions(this.#options.peer, this.#options.self);
    if (up) this.#linked = peer;
    else if (isSame(this.#linked, peer)) this.#linked = undefined;
    const tell = (): void => {
      if (!up) {
        if (isSame(this.#reported, peer)) this.#report(undefined);
      } else if (this.#isCut('either')) this.#isTainted = true;
      else if (isSame(this.#linked, peer)) this.#report(peer);
    };
    if (this.#isClear(delayMinMs)) tell();
    else this.#enqueue(delayMinMs, tell, false);
  }

  /**
   * The link breaks and is up again, and what is in flight is lost. As with everything that the network does by itself,
   * the listeners hear of it in a turn of their own process: it may be stalled now.
   */
  reset(): void {
    this.#loseFrames();
    this.#enqueue(0, () => this.#restart(), false);
  }

  cutsChanged(): void {
    const { network, runtime } = this.#options;
    if (!this.#isCut('either')) {
      if (!this.#isTainted) return;
      this.#isTainted = false;
      this.#notice?.cancel();
      this.#notice = undefined;
      this.reset();
      return;
    }
    this.#isTainted = true;
    if (!this.#isCut('both') || this.#notice !== undefined) return;
    if (network.noticeMs === 0) this.#enqueue(0, () => this.#noticed(), false);
    else if (network.noticeMs < Infinity) {
      this.#notice = runtime.after(network.noticeMs, () => this.#noticed());
    }
  }

  /** The transport has stopped: its last news are told at once, and no frame is. */
  flush(): void {
    this.#timer?.cancel();
    this.#notice?.cancel();
    const queue = this.#queue;
    this.#queue = [];
    for (const { deliver, isFrame } of queue) if (!isFrame) deliver();
  }

  #noticed(): void {
    this.#notice = undefined;
    if (!this.#isCut('both')) return;
    this.#loseFrames();
    this.#report(undefined);
  }

  #restart(): void {
    this.#report(undefined);
    if (this.#linked === undefined) return;
    if (this.#isCut('either')) this.#isTainted = true;
    else this.#report(this.#linked);
  }

  #isCut(how: 'either' | 'both'): boolean {
    const { self, peer, network } = this.#options;
    const [there, back] = [network.model.isCut(self, peer), network.model.isCut(peer, self)];
    return how === 'both' ? there && back : there || back;
  }

  #isFrom(peer: PeerIdentity): boolean {
    return (
      isSame(this.#reported, peer) && !this.#options.network.model.isCut(peer.nodeId, this.#options.self)
    );
  }

  #report(peer: PeerIdentity | undefined): void {
    const before = this.#reported;
    if (before !== undefined && isSame(before, peer)) return;
    this.#reported = peer;
    if (before !== undefined) this.#options.onLink(before, false);
    if (peer !== undefined) this.#options.onLink(peer, true);
  }

  #isClear(delayMs: number): boolean {
    return delayMs <= 0 && this.#queue.length === 0;
  }

  #enqueue(delayMs: number, deliver: () => void, isFrame: boolean): void {
    const earliestMs = this.#options.runtime.monotonicMs() + delayMs;
    const readyMs = Math.max(this.#queue.at(-1)?.readyMs ?? 0, earliestMs);
    this.#queue.push({ readyMs, deliver, isFrame });
    if (this.#queue.length === 1) this.#arm(readyMs);
  }

  #arm(readyMs: number): void {
    const { runtime } = this.#options;
    this.#timer?.cancel();
    this.#timer = runtime.after(readyMs - runtime.monotonicMs(), () => this.#drain());
  }

  #drain(): void {
    const nowMs = this.#options.runtime.monotonicMs();
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) return;
      if (next.readyMs > nowMs) {
        this.#arm(next.readyMs);
        return;
      }
      this.#queue.shift();
      next.deliver();
    }
  }

  #loseFrames(): void {
    this.#queue = this.#queue.filter(({ isFrame }) => !isFrame);
    const next = this.#queue[0];
    if (next === undefined) this.#timer?.cancel();
    else this.#arm(next.readyMs);
  }
}

function isSame(a: PeerIdentity | undefined, b: PeerIdentity | undefined): boolean {
  return a !== undefined && b !== undefined && a.nodeId === b.nodeId && a.incarnation === b.incarnation;
}
