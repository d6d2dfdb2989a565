// The frames that wait on one lane, in order and bounded in bytes. An empty queue takes one frame of any legal size, so
// that a bound below the largest frame delays big frames instead of refusing them for ever.

/** What a frame in a queue costs beside its bytes, about. Without it a queue of empty frames would have no bound. */
export const overheadBytes = 64;

export class LaneQueue {
  readonly #maxBytes: number;
  #frames: Uint8Array[] = [];
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

  push(frame: Uint8Array): boolean {
    if (!this.isEmpty && this.#bytes + overheadBytes + frame.byteLength > this.#maxBytes) return false;
    this.append(frame);
    return true;
  }

  /** Without a look at the bound: for frames that were taken in before, elsewhere. */
  append(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += overheadBytes + frame.byteLength;
  }

  /** Takes back frames that are older than all that wait, as many as the bound allows. */
  restore(frames: readonly Uint8Array[]): void {
    const younger = this.drain();
    for (const frame of frames) if (!this.push(frame)) break;
    for (const frame of younger) this.append(frame);
  }

  /** The oldest frame, which stays. */
  peek(): Uint8Array | undefined {
    return this.#frames[this.#head];
  }

  shift(): Uint8Array | undefined {
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
  drain(): Uint8Array[] {
    const frames = this.#frames.slice(this.#head);
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
    return frames;
  }
}
