// One direction pair between two incarnations: batches out, batches in. Whatever the network loses, doubles or
// reorders, each batch is handed over exactly once and in the order offered (G1, G2), until one of the incarnations
// ends. No batch leaves before the other side has introduced itself. Pure: time is an argument, and `poll` and `timerAt` say what the driver has to do next.

import type { RemotingLimits } from './limits.ts';

export type SessionLimits = Pick<
  RemotingLimits,
  | 'windowMaxBytes'
  | 'windowMaxFrames'
  | 'reorderMaxBytes'
  | 'reorderMaxFrames'
  | 'ackDelayMs'
  | 'retransmitMinMs'
  | 'retransmitMaxMs'
>;

/** What every frame says. */
interface SessionHeader {
  /** Counts the batches from 1 on; 0 carries none, but an acknowledgement and who the sender is. */
  readonly sequence: number;
  /** Every batch up to this one has been handed over. */
  readonly ack: number;
  /** The sender has just made this session: whatever was sent to it before is lost. */
  readonly greeting: boolean;
}

export interface OutboundFrame<T> extends SessionHeader {
  readonly batch: T | undefined;
  /** The batch has left before, and may have arrived. */
  readonly isAgain: boolean;
}

export interface InboundFrame extends SessionHeader {
  readonly batch: Uint8Array | undefined;
}

export interface Received<T> {
  /** Batches to hand over now, in order. They are those of frames, or copies of the session's own. */
  readonly batches: readonly Uint8Array[];
  /** The own batches that are acknowledged by this frame. */
  readonly acked: readonly T[];
}

interface Slot<T> {
  readonly batch: T;
  readonly bytes: number;
  sent: boolean;
}

/** A full window may take this long to arrive before a loss is suspected: 10 MB per second. */
const slowBytesPerMs = 10_000;
/** How soon a frame that the channel refused is tried again. */
const refusedMs = 20;
/** An acknowledgement leaves at once when this many frames wait for it. */
const ackEveryFrames = 32;
const nothing: readonly never[] = [];

export class Session<T> {
  readonly #limits: SessionLimits;

  // Outbound: `#window[0]` has sequence `#acked + 1`; everything before `#cursor` was sent over the present link.
  readonly #window: Slot<T>[] = [];
  #windowBytes = 0;
  #acked = 0;
  #cursor = 1;
  #probe = false;
  #recoverTo = 0;
  #timeoutMs: number;
  #timeoutAt = Infinity;
  #refusedUntil = -Infinity;

  // Inbound.
  readonly #ahead = new Map<number, Uint8Array>();
  #aheadBytes = 0;
  #received = 0;
  #owedFrames = 0;
  #owedBytes = 0;
  #ackAt = Infinity;
  #greet = true;
  /** Whoever greets waits to be told who is here, before anything else. */
  #answer = false;
  #isIntroduced = false;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    this.#timeoutMs = limits.retransmitMinMs;
  }

  /** The peer has said who it is. */
  get isIntroduced(): boolean {
    return this.#isIntroduced;
  }

  /** Nothing waits for an acknowledgement. */
  get idle(): boolean {
    return this.#window.length === 0;
  }

  /** Bytes that wait for an acknowledgement. */
  get bytes(): number {
    return this.#windowBytes;
  }

  /** Would a batch of that many bytes be taken? One batch always fits an empty window, however large. */
  hasRoom(bytes: number): boolean {
    if (this.#window.length === 0) return true;
    const { windowMaxBytes, windowMaxFrames } = this.#limits;
    return this.#window.length < windowMaxFrames && this.#windowBytes + bytes <= windowMaxBytes;
  }

  /** Takes the batch for sending; it must not be changed from here on. The caller has asked `hasRoom`. */
  offer(batch: T, bytes: number): void {
    this.#window.push({ batch, bytes, sent: false });
    this.#windowBytes += bytes;
  }

  /** The next frame to put on the channel, if any. A frame that the channel refused is given back with `refused`. */
  poll(now: number): OutboundFrame<T> | undefined {
    if (now >= this.#refusedUntil) {
      if (this.#greet || this.#answer) return this.#frame(0, now);
      if (!this.#isIntroduced) return undefined;
      if (this.#probe && this.#window.length > 0) {
        this.#probe = false;
        return this.#frame(this.#acked + 1, now);
      }
      if (this.#cursor <= this.#acked + this.#window.length) {
        this.#cursor += 1;
        return this.#frame(this.#cursor - 1, now);
      }
      if (this.#ackAt <= now) return this.#frame(0, now);
    }
    return undefined;
  }

  /** The channel did not take the frame: it is polled again after a while, or at the next link-up. */
  refused(frame: OutboundFrame<T>, now: number): void {
    const slot = this.#window[frame.sequence - this.#acked - 1];
    if (slot !== undefined) slot.sent = frame.isAgain;
    if (frame.sequence > 0) this.#cursor = Math.min(this.#cursor, frame.sequence);
    if (frame.greeting) this.#greet = true;
    if (frame.sequence === 0) this.#answer = true;
    this.#refusedUntil = now + refusedMs;
  }

  /** When `wake` must be called, and frames polled, at the latest; Infinity when nothing is due. */
  timerAt(): number {
    const hasBatches = this.#probe || this.#cursor <= this.#acked + this.#window.length;
    const hasUnsent = this.#greet || this.#answer || (this.#isIntroduced && hasBatches);
    return Math.max(Math.min(this.#timeoutAt, this.#ackAt, hasUnsent ? 0 : Infinity), this.#refusedUntil);
  }

  /**
   * Time has passed. A frame that was not acknowledged in time is probed for with the oldest one alone; a greeting that
   * nobody answered is repeated.
   */
  wake(now: number): void {
    if (this.#timeoutAt > now) return;
    if (!this.#isIntroduced) {
      this.#greet = true;
      this.#timeoutMs = Math.min(this.#timeoutMs * 2, this.#limits.retransmitMaxMs);
      this.#timeoutAt = Infinity;
      return;
    }
    if (this.#window.length === 0) {
      this.#timeoutAt = Infinity;
      return;
    }
    this.#probe = true;
    this.#recoverTo = this.#cursor - 1;
    this.#timeoutMs = Math.min(this.#timeoutMs * 2, this.#limits.retransmitMaxMs);
    this.#timeoutAt = this.#deadline(now);
  }

  /** What was under way on the link before may be lost: all that is not acknowledged goes again. */
  linkUp(): void {
    if (!this.#isIntroduced) this.#greet = true;
    this.#cursor = this.#acked + 1;
    this.#probe = false;
    this.#recoverTo = 0;
    this.#timeoutMs = this.#limits.retransmitMinMs;
    this.#refusedUntil = -Infinity;
  }

  /** Undefined for a frame that no honest peer sends: it acknowledges what was never sent. */
  receive(frame: InboundFrame, now: number): Received<T> | undefined {
    if (frame.ack > this.#acked + this.#window.length) return undefined;
    if (!this.#isIntroduced) {
      // How to read it is not known yet. It comes again.
      if (frame.sequence > 0) return { batches: nothing, acked: nothing };
      this.#introduced();
    }
    const acked = this.#acknowledge(frame.ack, now);
    if (frame.greeting) {
      // Later it is an old one: who greets has taken nothing yet.
      if (this.#acked === 0) this.linkUp();
      this.#answer = true;
    }
    const batches = frame.batch === undefined ? nothing : this.#accept(frame.sequence, frame.batch, now);
    return { batches, acked };
  }

  /** Ends the session: what never left this node, and what may or may not have arrived. */
  end(): { readonly unsent: readonly T[]; readonly unknown: readonly T[] } {
    const slots = this.#window.splice(0);
    this.#windowBytes = 0;
    this.#ahead.clear();
    this.#timeoutAt = Infinity;
    this.#ackAt = Infinity;
    this.#greet = this.#answer = false;
    return {
      unsent: slots.filter((slot) => !slot.sent).map((slot) => slot.batch),
      unknown: slots.filter((slot) => slot.sent).map((slot) => slot.batch),
    };
  }

  #introduced(): void {
    this.#isIntroduced = true;
    this.#timeoutMs = this.#limits.retransmitMinMs;
    this.#timeoutAt = Infinity;
  }

  #frame(sequence: number, now: number): OutboundFrame<T> {
    const slot = sequence === 0 ? undefined : this.#window[sequence - this.#acked - 1];
    const isAgain = slot?.sent === true;
    if (slot !== undefined) slot.sent = true;
    const isAwaited = slot !== undefined || !this.#isIntroduced;
    if (isAwaited && this.#timeoutAt === Infinity) this.#timeoutAt = this.#deadline(now);
    const greeting = sequence === 0 && this.#greet;
    if (sequence === 0) this.#greet = this.#answer = false;
    this.#ackAt = Infinity;
    this.#owedFrames = 0;
    this.#owedBytes = 0;
    return { sequence, ack: this.#received, greeting, batch: slot?.batch, isAgain };
  }

  #deadline(now: number): number {
    return now + this.#timeoutMs + this.#windowBytes / slowBytesPerMs;
  }

  #acknowledge(ack: number, now: number): readonly T[] {
    const count = ack - this.#acked;
    if (count <= 0) return nothing;
    const batches: T[] = [];
    for (const { batch, bytes } of this.#window.splice(0, count)) {
      batches.push(batch);
      this.#windowBytes -= bytes;
    }
    this.#acked = ack;
    this.#cursor = Math.max(this.#cursor, ack + 1);
    this.#timeoutMs = this.#limits.retransmitMinMs;
    this.#timeoutAt = this.#window.length > 0 ? this.#deadline(now) : Infinity;
    // Frames that were under way when the timeout struck are probably lost as well: the next hole is known at once.
    this.#probe = this.#acked < this.#recoverTo;
    return batches;
  }

  #accept(sequence: number, batch: Uint8Array, now: number): readonly Uint8Array[] {
    if (sequence !== this.#received + 1) {
      if (sequence > this.#received) this.#keep(sequence, batch);
      this.#ackAt = now;
      return nothing;
    }
    const batches = [batch];
    let bytes = batch.length;
    this.#received += 1;
    for (let next; (next = this.#ahead.get(this.#received + 1)) !== undefined;) {
      this.#received += 1;
      this.#ahead.delete(this.#received);
      this.#aheadBytes -= next.length;
      bytes += next.length;
      batches.push(next);
    }
    this.#owe(batches.length, bytes, now);
    return batches;
  }

  #owe(frames: number, bytes: number, now: number): void {
    this.#owedFrames += frames;
    this.#owedBytes += bytes;
    const urgent =
      frames > 1 || this.#owedFrames >= ackEveryFrames || this.#owedBytes >= this.#limits.windowMaxBytes / 4;
    this.#ackAt = Math.min(this.#ackAt, urgent ? now : now + this.#limits.ackDelayMs);
  }

  #keep(sequence: number, batch: Uint8Array): void {
    const { reorderMaxBytes, reorderMaxFrames } = this.#limits;
    if (this.#ahead.has(sequence) || sequence > this.#received + reorderMaxFrames) return;
    if (this.#aheadBytes + batch.length > reorderMaxBytes) return;
    // A copy: `slice` of a Buffer would be a view of memory that may be written over.
    this.#ahead.set(sequence, new Uint8Array(batch));
    this.#aheadBytes += batch.length;
  }
}
