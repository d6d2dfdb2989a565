// Reads what a `ByteWriter` wrote. The bytes are a peer's: nothing is allocated for a length before that many bytes are
// known to be there, and every defect is ACTOR_BAD_FRAME.

import { ActorError } from '@actor/core';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw bad('it ends too early');
    this.#at += 1;
    return value;
  }

  whole(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const group = this.byte();
      value += (group & 0x7f) * scale;
      if (group < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw bad('a number is too large');
  }

  float(): number {
    const { buffer, byteOffset } = this.#take(8);
    return new DataView(buffer, byteOffset).getFloat64(0);
  }

  text(maxBytes: number): string {
    const bytes = this.bytes(maxBytes);
    try {
      return utf8.decode(bytes);
    } catch (error) {
      throw bad('a text is not UTF-8', error);
    }
  }

  /** A view, not a copy. */
  bytes(maxBytes: number): Uint8Array {
    const length = this.whole();
    if (length > maxBytes) throw bad(`a field of ${length} bytes exceeds its limit of ${maxBytes}`);
    return this.#take(length);
  }

  list<T>(max: number, each: () => T): readonly T[] {
    const length = this.whole();
    if (length > max) throw bad(`a list of ${length} exceeds its limit of ${max}`);
    const values: T[] = [];
    for (let index = 0; index < length; index += 1) values.push(each());
    return values;
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw bad('it ends too early');
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }
}

export function bad(why: string, cause?: unknown): ActorError {
  return new ActorError('ACTOR_BAD_FRAME', `A message of a peer can't be read: ${why}.`, { cause });
}
