// One socket after the handshake: frames of one lane, both ways. What goes out in one tick goes out in one write, and no
// more than a batch is ever inside the socket: the rest waits here, where it is bounded and can be taken back.

import type { Socket } from 'node:net';
import type { Runtime } from '@actor/core';
import { type Frame, joined, pieceOf } from './frame.ts';
import { FrameDecoder, frameKind, headerBytes, writeHeader } from './framing.ts';
import { LaneQueue } from './lane-queue.ts';

export interface ConnectionOptions {
  readonly runtime: Runtime;
  readonly frameMaxBytes: number;
  readonly queueMaxBytes: number;
  readonly chunkBytes: number;
}

export interface ConnectionEvents {
  onFrame(bytes: Uint8Array): void;
  /** The other side has said that it sends nothing more, after its last frame. */
  onEnd(): void;
  /** Once, last. The error is the reason where there is one. */
  onClose(error: Error | undefined): void;
}

/** Bytes put into a socket before it is asked again whether it takes more. */
const batchBytes = 256 * 1024;
/** Up to here a frame is copied into a batch; above, the socket gets it as it is. */
const copyMaxBytes = 4096;

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #queue: LaneQueue;
  readonly #decoder: FrameDecoder;
  readonly #pump = (): void => this.#write();
  #events: ConnectionEvents | undefined;
  /** Bytes of the oldest frame that are in the socket already, counted from its header on. */
  #sentOfFirst = 0;
  #isScheduled = false;
  #isBlocked = false;
  #isEnding = false;
  #control: number[] = [];
  #wasHeard = true;
  #error: Error | undefined;

  /** The socket comes paused, and nothing is read before `open`; `rest` is what came behind the hello. */
  constructor(socket: Socket, options: ConnectionOptions, rest: Buffer) {
    this.#socket = socket;
    this.#options = options;
    this.#queue = new LaneQueue(options.queueMaxBytes);
    this.#decoder = new FrameDecoder(options.frameMaxBytes, {
      onFrame: (bytes) => this.#events?.onFrame(bytes),
      onPing: () => this.#say(frameKind.pong),
    });
    if (rest.length > 0) socket.unshift(rest);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', () => this.#events?.onClose(this.#error));
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Starts to read. */
  open(events: ConnectionEvents): void {
    this.#events = events;
    this.#socket.on('data', (piece: Buffer) => this.#read(piece));
    this.#socket.on('end', () => events.onEnd());
    this.#socket.on('drain', () => this.#onDrain());
    this.#socket.resume();
  }

  /** Takes the frame, or returns false: the queue is full, or the connection is ending. */
  send(frame: Frame): boolean {
    if (this.#isEnding || !this.#queue.push(frame)) return false;
    this.#schedule();
    return true;
  }

  /** Sends what waited for the link; the bound was kept there. */
  sendAll(frames: readonly Frame[]): void {
    for (const frame of frames) this.#queue.append(frame);
    if (frames.length > 0) this.#schedule();
  }

  /** True when something was received, or the peer's side took bytes, since the last call; else asks for a sign of life. */
  checkAlive(): boolean {
    const wasHeard = this.#wasHeard;
    this.#wasHeard = false;
    if (!wasHeard) this.#say(frameKind.ping);
    return wasHeard;
  }

  /** Sends what is queued, then ends; `onClose` follows when the other side has ended too. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#schedule();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Frames of which nothing has been written. Only after the end. */
  takeUnsent(): readonly Frame[] {
    if (this.#sentOfFirst > 0) this.#queue.shift();
    this.#sentOfFirst = 0;
    return this.#queue.drain();
  }

  #read(piece: Buffer): void {
    this.#wasHeard = true;
    try {
      this.#decoder.push(piece);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  // Between two frames, and without waiting in the queue.
  #say(kind: number): void {
    // A peer that asks and never reads the answers gets one when it does.
    if (this.#control.length >= 2 || this.#control.includes(kind)) return;
    this.#control.push(kind);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isBlocked) return;
    this.#isScheduled = true;
    this.#options.runtime.microtask(this.#pump);
  }

  #onDrain(): void {
    this.#wasHeard = true;
    this.#isBlocked = false;
    this.#write();
  }

  #write(): void {
    this.#isScheduled = false;
    const socket = this.#socket;
    if (this.#isBlocked || socket.destroyed || socket.writableEnded) return;
    if (this.#fitsOneWrite()) this.#writeSmall(batchBytes);
    else this.#writeBatch();
    this.#isBlocked = socket.writableNeedDrain;
    const isEmpty = this.#queue.isEmpty && this.#control.length === 0;
    if (isEmpty && this.#isEnding) socket.end();
    // The socket took a whole batch without a pause: the rest goes when others had their turn.
    else if (!isEmpty && !this.#isBlocked) this.#scheduleRest();
  }

  /** The usual case, for which corking would cost as much as the rest. */
  #fitsOneWrite(): boolean {
    const queue = this.#queue;
    return !queue.isEmpty && queue.bytes <= copyMaxBytes && this.#control.length === 0;
  }

  #writeBatch(): void {
    this.#socket.cork();
    let budget = batchBytes;
    while (budget > 0 && !(this.#queue.isEmpty && this.#control.length === 0))
      budget -= this.#writeNext(budget);
    this.#socket.uncork();
  }

  #scheduleRest(): void {
    this.#isScheduled = true;
    this.#options.runtime.macrotask(this.#pump);
  }

  /** Writes what comes next, about `budget` bytes at most, and returns how many bytes that was. */
  #writeNext(budget: number): number {
    if (this.#sentOfFirst === 0 && this.#control.length > 0) return this.#writeControl();
    const frame = this.#queue.peek();
    if (frame === undefined) return 0;
    return frame.byteLength <= copyMaxBytes ? this.#writeSmall(budget) : this.#writeLarge(frame);
  }

  #writeControl(): number {
    const bytes = Buffer.allocUnsafe(this.#control.length * headerBytes);
    for (const [index, kind] of this.#control.entries()) writeHeader(bytes, index * headerBytes, 0, kind);
    this.#control = [];
    this.#socket.write(bytes);
    return bytes.length;
  }

  #writeSmall(budget: number): number {
    const run: Frame[] = [];
    let size = 0;
    for (;;) {
      const frame = this.#queue.peek();
      if (frame === undefined || frame.byteLength > copyMaxBytes || size >= budget) break;
      size += headerBytes + frame.byteLength;
      run.push(frame);
      this.#queue.shift();
    }
    this.#socket.write(joined(run));
    return size;
  }

  #writeLarge(frame: Frame): number {
    const piece = pieceOf(frame, this.#sentOfFirst, this.#options.chunkBytes);
    this.#socket.write(piece);
    this.#sentOfFirst += piece.byteLength;
    if (this.#sentOfFirst === headerBytes + frame.byteLength) {
      this.#queue.shift();
      this.#sentOfFirst = 0;
    }
    return piece.byteLength;
  }
}
