// The frames that wait on one lane, in order and bounded in bytes. An empty queue takes one frame of any legal size, so
// that a bound below the largest frame delays big frames instead of refusing them for ever.

import type { Frame } from './frame.ts';

/** What a frame in a queue costs beside its bytes, about. Without it a queue of empty frames would have no bound. */
export const overheadBytes = 64;

export class LaneQueue {
  readonly #maxBytes: number;
  #frames: Frame[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  /** Overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Frame): boolean {
    if (!this.isEmpty && this.#bytes + overheadBytes + frame.byteLength > this.#maxBytes) return false;
    this.append(frame);
    return true;
  }

  /** Without a look at the bound: for frames that were taken in before, elsewhere. */
  append(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += overheadBytes + frame.byteLength;
  }

  /** Takes back frames that are older than all that wait, as many as the bound allows. */
  restore(frames: readonly Frame[]): void {
    const younger = this.drain();
    for (const frame of frames) if (!this.push(frame)) break;
    for (const frame of younger) this.append(frame);
  }

  /** The oldest frame, which stays. */
  peek(): Frame | undefined {
    return this.#frames[this.#head];
  }

  shift(): Frame | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#bytes -= overheadBytes + frame.byteLength;
    this.#head += 1;
    if (this.#head === this.#frames.length) {
      this.#frames = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#frames.length) {
      // Shifting an array by one is linear in its length, so the consumed front is cut off in larger pieces.
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return frame;
  }

  /** All frames, which leave the queue. */
  drain(): Frame[] {
    const frames = this.#frames.slice(this.#head);
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
    return frames;
  }
}
