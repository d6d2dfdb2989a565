// A link: two ends, each with the queues of what travels towards it. Frames are handed over in a macrotask of the
// receiver, as a socket would, in order per lane and the urgent lanes first.

import type { Lane, PeerIdentity, Runtime } from '@actor/core';
import { lanes, LaneQueues } from './lane-queues.ts';

const bulkBytesPerTurn = 64 * 1024;

/** What a link tells the transport that holds this end. */
export interface LinkOwner {
  readonly identity: PeerIdentity;
  readonly runtime: Runtime;
  readonly queueMaxBytes: number;
  onUp(link: MemoryLink): void;
  onFrame(link: MemoryLink, frame: Uint8Array, lane: Lane): void;
  onDown(link: MemoryLink, wasUp: boolean): void;
  /** Everything that this end sent has been handed over. */
  onFlushed(): void;
}

/** One end of a link, as its owner sees it. */
export class MemoryLink {
  readonly peer: PeerIdentity;
  readonly #owner: LinkOwner;
  readonly #inbox: LaneQueues;
  #other: MemoryLink | undefined;
  #state: 'new' | 'up' | 'closed' = 'new';
  #isScheduled = false;

  private constructor(owner: LinkOwner, peer: LinkOwner) {
    this.#owner = owner;
    this.peer = peer.identity;
    this.#inbox = new LaneQueues(peer.queueMaxBytes);
  }

  /** Both ends of a new link. Each is up at its owner in a later macrotask of that owner. */
  static pair(a: LinkOwner, b: LinkOwner): readonly [MemoryLink, MemoryLink] {
    const [left, right] = [new MemoryLink(a, b), new MemoryLink(b, a)];
    left.#other = right;
    right.#other = left;
    left.#schedule();
    right.#schedule();
    return [left, right];
  }

  get isOpen(): boolean {
    return this.#other !== undefined;
  }

  /** Has all that was sent been handed to the other side's listeners? */
  get isFlushed(): boolean {
    return this.#other === undefined || this.#other.#inbox.isEmpty;
  }

  send(frame: Uint8Array, lane: Lane): boolean {
    const other = this.#other;
    if (other === undefined || !other.#inbox.push(frame, lane)) return false;
    other.#schedule();
    return true;
  }

  /** Sends what waited for the link. */
  sendAll(waiting: LaneQueues): void {
    const other = this.#other;
    if (other === undefined || waiting.isEmpty) return;
    other.#inbox.adopt(waiting);
    other.#schedule();
  }

  /** Ends the link for both sides. The owner of this end hears it now, the other one in a macrotask of its own. */
  close(): void {
    const other = this.#other;
    if (other !== undefined) other.#endSoon();
    this.#end();
  }

  /** Ends the link for both sides, and lets each hear it in a macrotask of its own. */
  cut(): void {
    const other = this.#other;
    if (other !== undefined) other.#endSoon();
    this.#endSoon();
  }

  #endSoon(): void {
    this.#other = undefined;
    this.#inbox.clear();
    this.#owner.runtime.macrotask(() => this.#end());
  }

  #end(): void {
    if (this.#state === 'closed') return;
    const wasUp = this.#state === 'up';
    this.#state = 'closed';
    this.#other = undefined;
    this.#inbox.clear();
    this.#owner.onDown(this, wasUp);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#owner.runtime.macrotask(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    if (!this.isOpen) return;
    if (this.#state === 'new') {
      this.#state = 'up';
      this.#owner.onUp(this);
    }
    // Little of bulk per turn: a snapshot under way does not hold up what comes after it on the other lanes.
    for (const lane of lanes) {
      for (const frame of this.#inbox.take(lane, lane === 'bulk' ? bulkBytesPerTurn : undefined)) {
        // A listener may close the link.
        if (!this.isOpen) return;
        this.#deliver(frame, lane);
      }
    }
    const sender = this.#other;
    if (!this.#inbox.isEmpty) this.#schedule();
    else if (sender !== undefined) sender.#owner.onFlushed();
  }

  // Copied here and not in `send`: a sender that goes on writing into a frame it gave away is seen, as it is over a socket.
  // Overwritten afterwards, so that a listener that keeps a frame without copying is seen as well.
  #deliver(frame: Uint8Array, lane: Lane): void {
    const copy = new Uint8Array(frame);
    this.#owner.onFrame(this, copy, lane);
    copy.fill(0xdd);
  }
}
