// What comes after the last sound batch of a file: nothing, a batch that was being written when the power went, or one that
// was durable and is damaged. At most one write is ever without its sync, so a later batch proves that this one was
// durable; and a sector that was never written is zeros, which no sound batch has.

import { type Frame, frameType, headerBytes, readFrame } from './frame.ts';

const sectorBytes = 512;
const zeros = Buffer.alloc(sectorBytes);

export type Tail =
  | { readonly kind: 'empty' }
  | { readonly kind: 'torn'; readonly end: number }
  | { readonly kind: 'damaged'; readonly why: string };

/** `start` is where batch number `sequence` belongs. */
export function judgeTail(bytes: Buffer, start: number, sequence: number, salt: number): Tail {
  const end = endOfData(bytes, start);
  if (end === start) return { kind: 'empty' };
  let commit: Frame | undefined;
  for (const found of commits(bytes, start, end, salt)) {
    if (found.index > sequence) {
      return { kind: 'damaged', why: `batch ${sequence} can not be read, but batch ${found.index} can` };
    }
    if (found.index < sequence) continue;
    if (found.start - found.group !== start || found.term !== start) {
      return { kind: 'damaged', why: `batch ${sequence} is not where it was written` };
    }
    commit = found;
  }
  // Without its commit frame, the batch goes on at least to where the next header would be.
  const limit = commit?.end ?? Math.max(end, endOfFrames(bytes, start, salt) + headerBytes);
  if (hasZeroSector(bytes, start, Math.min(limit, bytes.length))) return { kind: 'torn', end };
  return { kind: 'damaged', why: `batch ${sequence}, the last, was written as a whole and can not be read` };
}

/** Everything that is a commit frame, wherever it is. */
export function* commits(bytes: Buffer, start: number, end: number, salt: number): Iterable<Frame> {
  for (let at = start; at + headerBytes <= end; at += 8) {
    if (bytes[at + 12] !== frameType.commit) continue;
    const frame = readFrame(bytes, at, salt);
    if (frame !== undefined) yield frame;
  }
}

/** The end of what is not zero, rounded up to a frame's alignment. */
function endOfData(bytes: Buffer, start: number): number {
  let end = bytes.length;
  // Most of a file is what was not written yet: in strides first, then byte by byte.
  while (end - zeros.length >= start && zeros.equals(bytes.subarray(end - zeros.length, end)))
    end -= zeros.length;
  while (end > start && bytes[end - 1] === 0) end -= 1;
  return start + Math.ceil((end - start) / 8) * 8;
}

/** Headers are enough: the last payload may be what the crash cut off. */
function endOfFrames(bytes: Buffer, start: number, salt: number): number {
  let at = start;
  for (let frame = readFrame(bytes, at, salt); frame !== undefined; frame = readFrame(bytes, at, salt))
    at = frame.end;
  return at;
}

function hasZeroSector(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end;) {
    const next = Math.min(end, at - (at % sectorBytes) + sectorBytes);
    if (endOfData(bytes.subarray(0, next), at) === at) return true;
    at = next;
  }
  return false;
}
