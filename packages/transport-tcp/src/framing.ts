// The stream of one connection after the handshake: frames of [u32 length][u8 kind][body], little-endian. The lane is not
// in the frame: each lane has a connection of its own, so that nothing of one lane stands before something of another.

import { ActorError } from '@actor/core';

export const headerBytes = 5;

/** `frame` is a frame of the transport's user; the others ask for and give a sign of life, and have no body. */
export const frameKind = { frame: 0, ping: 1, pong: 2 } as const;

export function writeHeader(target: Uint8Array, at: number, length: number, kind: number): void {
  target[at] = length;
  target[at + 1] = length >>> 8;
  target[at + 2] = length >>> 16;
  target[at + 3] = length >>> 24;
  target[at + 4] = kind;
}

export interface FrameSink {
  /** The bytes are a view of a received buffer; whoever keeps them copies them. */
  onFrame(bytes: Uint8Array): void;
  onPing(): void;
}

/** Cuts a stream into frames, whatever the pieces it arrives in. A body is copied only when it spans pieces. */
export class FrameDecoder {
  readonly #frameMaxBytes: number;
  readonly #sink: FrameSink;
  readonly #header = Buffer.allocUnsafeSlow(headerBytes);
  #headerFilled = 0;
  #kind = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  constructor(frameMaxBytes: number, sink: FrameSink) {
    this.#frameMaxBytes = frameMaxBytes;
    this.#sink = sink;
  }

  /** @throws {@link ActorError} ACTOR_BAD_FRAME for bytes that no peer of this version sends; the stream is lost then. */
  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#body !== undefined) {
        at += this.#fill(this.#body, piece, at);
        continue;
      }
      if (this.#headerFilled === 0 && piece.length - at >= headerBytes) {
        at = this.#begin(piece, at, piece.readUInt32LE(at), piece[at + 4] as number);
        continue;
      }
      const copied = piece.copy(this.#header, this.#headerFilled, at);
      this.#headerFilled += copied;
      at += copied;
      if (this.#headerFilled < headerBytes) return;
      this.#headerFilled = 0;
      const [length, kind] = [this.#header.readUInt32LE(0), this.#header[4] as number];
      at = this.#begin(piece, at - headerBytes, length, kind);
    }
  }

  /** A header that ends at `at + headerBytes` has been read. Returns where the next one begins in the piece, or its end. */
  #begin(piece: Buffer, at: number, length: number, kind: number): number {
    const bodyAt = at + headerBytes;
    if (kind > frameKind.pong) throw badFrame(`Frame kind ${kind} is unknown.`, { kind });
    const maxBytes = kind === frameKind.frame ? this.#frameMaxBytes : 0;
    if (length > maxBytes) {
      throw badFrame(`A frame of ${length} bytes is over the limit of ${maxBytes}.`, { length, maxBytes });
    }
    if (piece.length - bodyAt >= length) {
      this.#complete(kind, piece.subarray(bodyAt, bodyAt + length));
      return bodyAt + length;
    }
    this.#kind = kind;
    this.#body = Buffer.allocUnsafeSlow(length);
    this.#bodyFilled = 0;
    return bodyAt + this.#fill(this.#body, piece, bodyAt);
  }

  #fill(body: Buffer, piece: Buffer, at: number): number {
    const copied = piece.copy(body, this.#bodyFilled, at);
    this.#bodyFilled += copied;
    if (this.#bodyFilled === body.length) {
      this.#body = undefined;
      this.#complete(this.#kind, body);
    }
    return copied;
  }

  #complete(kind: number, body: Buffer): void {
    if (kind === frameKind.frame) this.#sink.onFrame(body);
    else if (kind === frameKind.ping) this.#sink.onPing();
  }
}

function badFrame(message: string, details: Readonly<Record<string, unknown>>): ActorError {
  return new ActorError('ACTOR_BAD_FRAME', message, { details });
}
