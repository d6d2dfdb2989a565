// The bytes of remote messages. A frame is a fixed header and a batch; a batch is a row of envelopes, each one byte of
// kind and its fields. Integers are variable-length (7 bits a byte, least first), payloads are opaque and prefixed by
// their length. What is read is a peer's: every length is checked against what is there and against a bound, and the
// only error is ACTOR_BAD_FRAME.

import { Buffer } from 'node:buffer';
import { ActorError } from '@actor/core';

/** Raised when the layout changes; a frame of another version is refused. */
const wireVersion = 1;

export const frameHeaderBytes = 38;

/**
 * What travels between the actors of two lives: one frame of their session. A batch of envelopes follows it on the wire,
 * unless `sequence` is 0.
 */
export interface ActorMessage {
  readonly type: 'actor';
  /** Which payload encoding the sender uses; see `payloadFormat`. */
  readonly format: number;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  readonly ack: number;
  readonly greeting: boolean;
}

/** The kinds of envelopes, by number: the numbers are what older and newer nodes agree on. */
export const kind = {
  shape: 1,
  tell: 2,
  ask: 3,
  stream: 4,
  /** An ask or stream that was withdrawn before it left: its texts count, it does not. */
  voidAsk: 5,
  voidStream: 6,
  resolve: 7,
  reject: 8,
  item: 9,
  end: 10,
  credit: 11,
  cancel: 12,
  started: 13,
  watch: 14,
  unwatch: 15,
  terminated: 16,
} as const;

/** Which optional fields a tell, ask or stream has. */
export const field = { uid: 1, sender: 2, headers: 4, deadline: 8, causes: 16 } as const;

export function badFrame(why: string): ActorError {
  return new ActorError('ACTOR_BAD_FRAME', `A peer sent a frame that makes no sense: ${why}.`);
}

export function writeHeader(target: Uint8Array, header: ActorMessage): void {
  const view = new DataView(target.buffer, target.byteOffset, frameHeaderBytes);
  view.setUint8(0, wireVersion);
  view.setUint8(1, header.greeting ? 1 : 0);
  view.setUint32(2, header.format);
  view.setFloat64(6, header.from);
  view.setFloat64(14, header.to);
  view.setFloat64(22, header.sequence);
  view.setFloat64(30, header.ack);
}

/** @throws {@link ActorError} ACTOR_BAD_FRAME */
export function readHeader(bytes: Uint8Array): ActorMessage {
  if (bytes.length < frameHeaderBytes) throw badFrame('it is shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, frameHeaderBytes);
  if (view.getUint8(0) !== wireVersion) throw badFrame(`it has version ${view.getUint8(0)}`);
  const header: ActorMessage = {
    type: 'actor',
    format: view.getUint32(2),
    from: view.getFloat64(6),
    to: view.getFloat64(14),
    sequence: view.getFloat64(22),
    ack: view.getFloat64(30),
    greeting: view.getUint8(1) === 1,
  };
  for (const number of [header.from, header.to, header.sequence, header.ack]) {
    if (!Number.isSafeInteger(number) || number < 0) throw badFrame('a number of its header is none');
  }
  return header;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const toUtf8 = new TextEncoder();
const nothing = new Uint8Array(0);

/** Appends to one buffer that is used again for each batch. */
export class BatchWriter {
  #bytes: Uint8Array;
  #length = 0;
  #count = 0;
  readonly #sizeBytes: number;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#bytes = new Uint8Array(sizeBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Envelopes begun since the last `take`. */
  get count(): number {
    return this.#count;
  }

  /** Begins an envelope. */
  open(kindNumber: number): void {
    this.#count += 1;
    this.#room(64);
    this.#bytes[this.#length++] = kindNumber;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  integer(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  text(value: string): void {
    const bytes = toUtf8.encode(value);
    this.integer(bytes.length);
    this.raw(bytes, 0, bytes.length);
  }

  /** A part of `bytes`, without its length. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#room(length);
    const target = this.#bytes;
    let at = this.#length;
    // A call into the engine costs more than copying a small message byte by byte.
    if (length <= 48) for (let i = start; i < end; i += 1) target[at++] = bytes[i] as number;
    else target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.#length += length;
  }

  /** Takes back what was written since the batch was this long. */
  truncate(length: number, count: number): void {
    this.#length = length;
    this.#count = count;
  }

  /** Writes over one byte. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** What was written, behind `headBytes` of room and before `tail`; the writer starts anew. */
  take(headBytes: number, tail: Uint8Array = nothing): Uint8Array {
    const frame = Buffer.allocUnsafe(headBytes + this.#length + tail.length);
    frame.set(this.#bytes.subarray(0, this.#length), headBytes);
    frame.set(tail, headBytes + this.#length);
    this.#length = 0;
    this.#count = 0;
    if (this.#bytes.length > 16 * this.#sizeBytes) this.#bytes = new Uint8Array(this.#sizeBytes);
    return frame;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads a batch from its start to its end. Every method throws ACTOR_BAD_FRAME where the bytes end too early. */
export class BatchReader {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  get at(): number {
    return this.#at;
  }

  byte(): number {
    const value = this.bytes[this.#at];
    if (value === undefined) throw badFrame('it ends too early');
    this.#at += 1;
    return value;
  }

  integer(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; scale < 2 ** 53; scale *= 0x80) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw badFrame('a number of it is too large');
  }

  text(maxBytes: number): string {
    const length = this.integer();
    if (length > maxBytes) throw badFrame(`a text of it is longer than ${maxBytes} bytes`);
    const start = this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw badFrame('a text of it is not UTF-8');
    }
  }

  /** Passes over that many bytes and returns where they begin. */
  skip(length: number): number {
    const start = this.#at;
    if (length > this.bytes.length - start) throw badFrame('it ends too early');
    this.#at += length;
    return start;
  }
}
