// The bytes of remote messages. A frame is a fixed header and a batch; a batch is a row of envelopes, each one byte of
// kind and its fields. Integers are variable-length (7 bits a byte, least first), payloads are opaque and prefixed by
// their length. What is read is a peer's: every length is checked against what is there and against a bound, and the
// only error is ACTOR_BAD_FRAME.

import { Buffer } from 'node:buffer';
import { ActorError } from '@actor/core';

/** Raised when the layout changes; a frame of another version is refused. */
const wireVersion = 1;

export const frameHeaderBytes = 38;

// Both sides count and check alike, so these bounds belong to the layout: as options they would have to be the same on
// all nodes at all times.
/** Texts (paths, message names) that travel as numbers once they are known; later ones travel in full each time. */
export const textsMax = 16_384;
/** The longest path, message name or header, in bytes of UTF-8. */
export const textMaxBytes = 1_024;
/** Envelopes in one batch. */
export const envelopesMax = 65_536;
export const headersMax = 64;

/**
 * What travels between the actors of two lives: one frame of their session. A batch of envelopes follows it on the wire,
 * or the sender's introduction where `sequence` is 0.
 */
export interface ActorMessage {
  readonly type: 'actor';
  /** Counts the sessions between the two lives, at the sender: one that was given up is followed by another. */
  readonly session: number;
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
  return new ActorError('ACTOR_BAD_FRAME', `A peer sent a frame that makes no sense: ${why}.`, {
    details: { why },
  });
}

/** The same memory, with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes the header at `at`. */
export function writeHeader(target: Buffer, at: number, header: ActorMessage): void {
  target[at] = wireVersion;
  target[at + 1] = header.greeting ? 1 : 0;
  target.writeUInt32BE(header.session, at + 2);
  target.writeDoubleBE(header.from, at + 6);
  target.writeDoubleBE(header.to, at + 14);
  target.writeDoubleBE(header.sequence, at + 22);
  target.writeDoubleBE(header.ack, at + 30);
}

/** @throws {@link ActorError} ACTOR_BAD_FRAME */
export function readHeader(frame: Buffer): ActorMessage {
  if (frame.length < frameHeaderBytes) throw badFrame('it is shorter than its header');
  if (frame[0] !== wireVersion) throw badFrame(`it has version ${frame[0]}`);
  return {
    type: 'actor',
    session: frame.readUInt32BE(2),
    from: count(frame, 6),
    to: count(frame, 14),
    sequence: count(frame, 22),
    ack: count(frame, 30),
    greeting: frame[1] === 1,
  };
}

function count(frame: Buffer, at: number): number {
  const value = frame.readDoubleBE(at);
  if (!Number.isSafeInteger(value) || value < 0) throw badFrame('a number of its header is none');
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const toUtf8 = new TextEncoder();
/** So many full batches fit the memory that is taken at once. */
const batchesPerSlab = 4;
const noSlab = Buffer.alloc(0);

export interface BatchWriterOptions {
  readonly batchMaxBytes: number;
  /** Room before each batch, for headers. */
  readonly headBytes: number;
}

/** Writes batches side by side into slabs of memory, where they stay until nobody needs them any more. */
export class BatchWriter {
  readonly #headBytes: number;
  readonly #slabBytes: number;
  #slab: Buffer = noSlab;
  /** Where the present batch begins, behind its room, and where it goes on. */
  #start = 0;
  #at = 0;
  #count = 0;

  constructor({ batchMaxBytes, headBytes }: BatchWriterOptions) {
    this.#headBytes = headBytes;
    this.#slabBytes = batchesPerSlab * (headBytes + batchMaxBytes);
  }

  /** Bytes since the last `take`. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** Envelopes begun since the last `take`. */
  get count(): number {
    return this.#count;
  }

  /** Begins an envelope. */
  open(kindNumber: number): void {
    this.#count += 1;
    this.#room(64);
    this.#slab[this.#at++] = kindNumber;
  }

  byte(value: number): void {
    this.#room(1);
    this.#slab[this.#at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  integer(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#slab[this.#at++] = (rest % 0x80) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#slab[this.#at++] = rest;
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
    const target = this.#slab;
    let at = this.#at;
    // A call into the engine costs more than copying a small message byte by byte.
    if (length <= 48) for (let i = start; i < end; i += 1) target[at++] = bytes[i] as number;
    else target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.#at += length;
  }

  /** Takes back what was written since the batch was this long. */
  truncate(length: number, count: number): void {
    this.#at = this.#start + length;
    this.#count = count;
  }

  /** Writes over one byte of the present batch. */
  patch(at: number, value: number): void {
    this.#slab[this.#start + at] = value;
  }

  /** The batch with the room before it; the next one begins. */
  take(): Buffer {
    const frame = this.#slab.subarray(this.#start - this.#headBytes, this.#at);
    this.#count = 0;
    this.#start = this.#at = this.#at + this.#headBytes;
    // Memory made for one large batch is not kept for small ones.
    if (this.#slab.length > this.#slabBytes) {
      this.#slab = noSlab;
      this.#start = this.#at = 0;
    }
    return frame;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    const { length } = this;
    const slab = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, this.#headBytes + length + bytes));
    slab.set(this.#slab.subarray(this.#start, this.#at), this.#headBytes);
    this.#slab = slab;
    this.#start = this.#headBytes;
    this.#at = this.#start + length;
  }
}

/** Reads a batch from `start` to its end. Every method throws ACTOR_BAD_FRAME where the bytes end too early. */
export class BatchReader {
  readonly bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start = 0) {
    this.bytes = bytes;
    this.#at = start;
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
