// A frame that waits for its turn: as `send` got it, or ready for the socket, with its header in the room that its sender
// left and perhaps a second part that is never put together with the first.

import { frameKind, headerBytes, writeHeader } from './framing.ts';

export type Frame = Uint8Array | ReadyFrame;

export class ReadyFrame {
  /** The header, and what of the frame lies behind it. */
  readonly bytes: Uint8Array;
  readonly tail: Uint8Array | undefined;
  /** Without the header. */
  readonly byteLength: number;

  /** The first `headerBytes` of `bytes` are room. */
  constructor(bytes: Uint8Array, tail: Uint8Array | undefined) {
    this.bytes = bytes;
    this.tail = tail;
    this.byteLength = bytes.byteLength - headerBytes + (tail?.byteLength ?? 0);
    writeHeader(bytes, 0, this.byteLength, frameKind.frame);
  }
}

/** What comes next of the frame as it travels, when `sent` bytes of that are gone: as it lies, `maxBytes` at most. */
export function pieceOf(frame: Frame, sent: number, maxBytes: number): Uint8Array {
  if (frame instanceof Uint8Array) {
    return sent === 0 ? headerOf(frame) : part(frame, sent - headerBytes, maxBytes);
  }
  const { bytes, tail } = frame;
  if (tail === undefined || sent < bytes.byteLength) return part(bytes, sent, maxBytes);
  return part(tail, sent - bytes.byteLength, maxBytes);
}

/** The frames as they travel, in one piece. For small ones: a write costs more than a copy. */
export function joined(frames: readonly Frame[]): Uint8Array {
  const [first] = frames;
  if (frames.length === 1 && first instanceof ReadyFrame && first.tail === undefined) return first.bytes;
  let size = 0;
  for (const frame of frames) size += headerBytes + frame.byteLength;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const frame of frames) {
    if (frame instanceof Uint8Array) {
      writeHeader(bytes, at, frame.byteLength, frameKind.frame);
      bytes.set(frame, at + headerBytes);
    } else {
      bytes.set(frame.bytes, at);
      if (frame.tail !== undefined) bytes.set(frame.tail, at + frame.bytes.byteLength);
    }
    at += headerBytes + frame.byteLength;
  }
  return bytes;
}

function headerOf(frame: Uint8Array): Uint8Array {
  const header = Buffer.allocUnsafe(headerBytes);
  writeHeader(header, 0, frame.byteLength, frameKind.frame);
  return header;
}

function part(bytes: Uint8Array, from: number, maxBytes: number): Uint8Array {
  return from === 0 && bytes.byteLength <= maxBytes ? bytes : bytes.subarray(from, from + maxBytes);
}
