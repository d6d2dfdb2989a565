// A frame as its sender gave it: in one piece, or in two that travel one behind the other and are never put together.

export type Frame = Uint8Array | FrameParts;

export class FrameParts {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;

  constructor(head: Uint8Array, tail: Uint8Array) {
    this.head = head;
    this.tail = tail;
  }

  get byteLength(): number {
    return this.head.byteLength + this.tail.byteLength;
  }
}

/** The next bytes of the frame from `from` on, at most so many: as they lie, and less than asked where a part ends. */
export function pieceOf(frame: Frame, from: number, maxBytes: number): Uint8Array {
  if (frame instanceof Uint8Array) return part(frame, from, maxBytes);
  const { head, tail } = frame;
  return from < head.byteLength ? part(head, from, maxBytes) : part(tail, from - head.byteLength, maxBytes);
}

export function writeFrame(target: Uint8Array, at: number, frame: Frame): void {
  if (frame instanceof Uint8Array) target.set(frame, at);
  else {
    target.set(frame.head, at);
    target.set(frame.tail, at + frame.head.byteLength);
  }
}

function part(bytes: Uint8Array, from: number, maxBytes: number): Uint8Array {
  return from === 0 && bytes.byteLength <= maxBytes ? bytes : bytes.subarray(from, from + maxBytes);
}
