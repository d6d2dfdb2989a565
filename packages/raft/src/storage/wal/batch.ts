// Frames that become durable with one sync: appends of one turn of the event loop, or all that came while the sync before
// was under way. A commit frame over all of it ends the batch.

import type { LogWrite } from '@actor/core';

import { type FrameFields, frameType, headerBytes, paddedBytes, writeCommit, writeFrame } from './frame.ts';

const nothing = new Uint8Array(0);
const text = new TextEncoder();

/** Who waits for a batch. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Batch {
  readonly #salt: number;
  #bytes: Buffer = Buffer.allocUnsafe(16_384);
  #view: DataView = viewOf(this.#bytes);
  #length = 0;
  waiters: Waiter[] = [];

  constructor(salt: number) {
    this.#salt = salt;
  }

  /** Its size with the commit frame. */
  get length(): number {
    return this.#length + headerBytes;
  }

  add(fields: FrameFields, payload: Uint8Array = nothing): void {
    this.#reserve(paddedBytes(payload.length));
    this.#length = writeFrame(this.#bytes, this.#view, this.#length, fields, payload, this.#salt);
  }

  /** In the order in which the parts of a write take effect. */
  addWrite(write: LogWrite): void {
    const { group, snapshot, resetTo, dropThrough, truncateAfter, hardState } = write;
    if (snapshot !== undefined) this.add({ ...at(snapshot), type: frameType.snapshot, group }, snapshot.data);
    if (resetTo !== undefined) this.add({ ...at(resetTo), type: frameType.resetTo, group });
    if (dropThrough !== undefined) this.add({ ...at(dropThrough), type: frameType.dropThrough, group });
    if (truncateAfter !== undefined)
      this.add({ type: frameType.truncateAfter, group, index: truncateAfter, term: 0 });
    for (const { index, term, kind, data } of write.entries ?? [])
      this.add({ type: frameType.entry, group, index, term, kind }, data);
    if (hardState !== undefined) {
      const { term, commit, vote } = hardState;
      this.add({ type: frameType.hardState, group, index: commit, term }, text.encode(vote));
    }
  }

  /** Makes it empty, to be filled again in the same memory. */
  clear(): void {
    this.#length = 0;
    this.waiters = [];
  }

  /** Ends the batch and returns its bytes, which stay as they are until `clear`. */
  commit(sequence: number, position: number): Buffer {
    this.#reserve(headerBytes);
    writeCommit(this.#bytes, this.#view, this.#length, { sequence, position }, this.#salt);
    return this.#bytes.subarray(0, this.#length + headerBytes);
  }

  #reserve(bytes: number): void {
    // The commit frame always has room.
    const needed = this.#length + bytes + headerBytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** How many bytes of frames a write makes. */
export function sizeOf(write: LogWrite): number {
  const { snapshot, resetTo, dropThrough, truncateAfter, hardState, entries = [] } = write;
  let bytes = 0;
  if (snapshot !== undefined) bytes += paddedBytes(snapshot.data.length);
  for (const part of [resetTo, dropThrough, truncateAfter]) if (part !== undefined) bytes += headerBytes;
  if (hardState !== undefined) bytes += paddedBytes(hardState.vote.length * 3);
  for (const { data } of entries) bytes += paddedBytes(data.length);
  return bytes;
}

const at = ({ index, term }: { readonly index: number; readonly term: number }) => ({ index, term });

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
