// Joins a session to the channel, the clock and the event loop. All that is written within a turn leaves in one frame,
// and no timer belongs to a message: there is one per session, set only while something is due.

import { Buffer } from 'node:buffer';
import type { Channel, NodeId, Runtime, Timer } from '@actor/core';
import type { RemotingLimits } from './limits.ts';
import type { Batch } from './outbox.ts';
import { type OutboundFrame, Session } from './session.ts';
import { type ActorMessage, frameHeaderBytes, writeHeader } from './wire.ts';

/** Promise reactions write one after the other; a flush waits for this many rounds of them at most. */
const roundsMax = 4;

export interface SessionDriverOptions {
  readonly channel: Channel;
  readonly runtime: Runtime;
  readonly limits: RemotingLimits;
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly ownIncarnation: number;
  readonly number: number;
  /** What goes behind the header of a frame without a batch. */
  readonly introduction: Uint8Array;
  /** Envelopes written and not yet in a batch. */
  readonly waiting: () => number;
  /** Called before frames leave: closes the batch. */
  readonly collect: () => void;
  readonly onSent: (batch: Batch) => void;
  readonly onAcked: (batch: Batch) => void;
}

export class SessionDriver {
  readonly #options: SessionDriverOptions;
  readonly #session: Session<Batch>;
  #isScheduled = false;
  #rounds = 0;
  #seen = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #isEnded = false;

  constructor(options: SessionDriverOptions) {
    this.#options = options;
    this.#session = new Session(options.limits);
    this.schedule();
  }

  get isIntroduced(): boolean {
    return this.#session.isIntroduced;
  }

  get isIdle(): boolean {
    return this.#session.idle;
  }

  get bytes(): number {
    return this.#session.bytes;
  }

  hasRoom(bytes: number): boolean {
    return this.#session.hasRoom(bytes);
  }

  offer(batch: Batch): void {
    this.#session.offer(batch, batch.frame.length + (batch.tail?.length ?? 0));
  }

  /** Frames leave when the code that runs now, and the promise reactions that follow it, are done. */
  schedule(): void {
    if (this.#isScheduled || this.#isEnded) return;
    this.#isScheduled = true;
    this.#rounds = 0;
    this.#seen = this.#options.waiting();
    this.#options.runtime.microtask(this.#flush);
  }

  /** Frames leave now. */
  transmit(): void {
    const now = this.#options.runtime.monotonicMs();
    for (let frame; (frame = this.#session.poll(now)) !== undefined;) {
      if (!this.#send(frame)) {
        this.#session.refused(frame, now);
        break;
      }
    }
    this.#arm(now);
  }

  linkUp(): void {
    this.#session.linkUp();
    this.schedule();
  }

  /**
   * The frames to act on the batches of; undefined for a frame that no honest peer sends. `schedule` must follow, behind
   * what they lead to, so that one frame carries it all.
   */
  receive(header: ActorMessage, frame: Buffer, now: number): readonly Uint8Array[] | undefined {
    const { sequence, ack, greeting } = header;
    const batch = sequence === 0 ? undefined : frame;
    const received = this.#session.receive({ sequence, ack, greeting, batch }, now);
    if (received === undefined) return undefined;
    for (const acked of received.acked) this.#options.onAcked(acked);
    return received.batches;
  }

  end(): { readonly unsent: readonly Batch[]; readonly unknown: readonly Batch[] } {
    this.#isEnded = true;
    this.#timer?.cancel();
    return this.#session.end();
  }

  readonly #flush = (): void => {
    if (this.#isEnded) return;
    const waiting = this.#options.waiting();
    if (waiting > this.#seen && this.#rounds < roundsMax) {
      this.#seen = waiting;
      this.#rounds += 1;
      this.#options.runtime.microtask(this.#flush);
      return;
    }
    this.#isScheduled = false;
    this.#options.collect();
    this.transmit();
  };

  #send({ sequence, ack, greeting, batch }: OutboundFrame<Batch>): boolean {
    const { channel, nodeId, incarnation, ownIncarnation, number, onSent } = this.#options;
    // What was given to the channel once is its own: the same again is a copy.
    const frame = batch === undefined ? this.#room() : batch.sent ? Buffer.from(batch.frame) : batch.frame;
    writeHeader(frame, channel.headBytes, {
      type: 'actor',
      session: number,
      from: ownIncarnation,
      to: incarnation,
      sequence,
      ack,
      greeting,
    });
    if (!channel.sendInPlace(nodeId, frame, batch?.tail)) return false;
    if (batch?.sent === false) {
      batch.sent = true;
      onSent(batch);
    }
    return true;
  }

  /** For a frame without a batch. */
  #room(): Buffer {
    const { channel, introduction } = this.#options;
    const start = channel.headBytes + frameHeaderBytes;
    const frame = Buffer.alloc(start + introduction.length);
    frame.set(introduction, start);
    return frame;
  }

  #arm(now: number): void {
    const at = this.#session.timerAt();
    if (this.#isEnded || at >= this.#timerAt || at === Infinity) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#options.runtime.after(Math.max(0, at - now), () => {
      this.#timerAt = Infinity;
      this.#session.wake(this.#options.runtime.monotonicMs());
      this.transmit();
    });
  }
}
