// Frames that wait, in order per lane and bounded in bytes per lane. An empty lane takes one frame of any legal size,
// so that a bound below the largest frame delays big frames instead of refusing them for ever.

import type { Lane } from '@actor/core';

/** From the most to the least urgent. */
export const lanes: readonly Lane[] = ['control', 'user', 'bulk'];

/** What a frame in a queue costs beside its bytes, about. Without it a queue of empty frames would have no bound. */
export const overheadBytes = 64;

interface LaneQueue {
  frames: Uint8Array[];
  bytes: number;
}

export class LaneQueues {
  readonly #maxBytes: number;
  readonly #queues: Readonly<Record<Lane, LaneQueue>> = {
    control: { frames: [], bytes: 0 },
    user: { frames: [], bytes: 0 },
    bulk: { frames: [], bytes: 0 },
  };

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return lanes.every((lane) => this.#queues[lane].frames.length === 0);
  }

  push(frame: Uint8Array, lane: Lane): boolean {
    const queue = this.#queues[lane];
    const bytes = overheadBytes + frame.byteLength;
    if (queue.frames.length > 0 && queue.bytes + bytes > this.#maxBytes) return false;
    queue.frames.push(frame);
    queue.bytes += bytes;
    return true;
  }

  /** Takes all frames of the lane, or the first ones of together about `bytesMax`: at least one, if there is one. */
  take(lane: Lane, bytesMax: number = Number.POSITIVE_INFINITY): readonly Uint8Array[] {
    const queue = this.#queues[lane];
    let [count, bytes] = [0, 0];
    while (count < queue.frames.length && bytes < bytesMax) {
      bytes += overheadBytes + (queue.frames[count]?.byteLength ?? 0);
      count += 1;
    }
    queue.bytes -= bytes;
    return queue.frames.splice(0, count);
  }

  /** Appends what another one holds; the bound was kept when those frames were taken in there. */
  adopt(other: LaneQueues): void {
    for (const lane of lanes) {
      const queue = this.#queues[lane];
      queue.bytes += other.#queues[lane].bytes;
      for (const frame of other.take(lane)) queue.frames.push(frame);
    }
  }

  clear(): void {
    for (const lane of lanes) this.take(lane);
  }
}
