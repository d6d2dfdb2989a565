// One record of the log file: a header of 40 bytes and its payload, padded to 8. The header has a checksum of its own, so
// that an entry whose payload is damaged still tells its group, index and term. All numbers are little-endian:
// header crc 4 | payload crc 4 | payload length 4 | type 1, kind 1, masked 1, zero 1 | group 4 | zero 4 | index 8 | term 8

import { crc32 } from 'node:zlib';

/** What a frame says. The fields `index` and `term` have another meaning where it is given here. */
export const frameType = {
  entry: 1,
  /** index: commit; payload: vote. */
  hardState: 2,
  /** index: the last that stays. */
  truncateAfter: 3,
  snapshot: 4,
  resetTo: 5,
  dropThrough: 6,
  /** At the start of a segment, each group's extent. index and term: its last; payload: its base. */
  extent: 7,
  /** The last of a segment. index: the next segment's first batch; payload: its id. */
  seal: 8,
  /**
   * Ends a batch. index: the batch's number; term: where it starts in its file; group: its bytes before this frame;
   * payload crc: of those bytes.
   */
  commit: 9,
} as const;

export const headerBytes = 40;
const maskedFlag = 1 << 16;
const high = 2 ** 32;

export interface Frame {
  readonly type: number;
  readonly kind: number;
  readonly group: number;
  readonly index: number;
  readonly term: number;
  readonly length: number;
  readonly payloadCrc: number;
  readonly isMasked: boolean;
  /** Where it starts, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

export const paddedBytes = (payloadBytes: number): number => headerBytes + Math.ceil(payloadBytes / 8) * 8;

/** A checksum that only data of the same store has: each store seeds it differently. */
export const checksum = (bytes: Uint8Array, salt: number): number => crc32(bytes, salt);

export interface FrameFields {
  readonly type: number;
  readonly group: number;
  readonly index: number;
  readonly term: number;
  readonly kind?: number;
}

/** Writes the frame at `start` and returns its end. There must be room. */
export function writeFrame(
  bytes: Buffer,
  view: DataView,
  start: number,
  fields: FrameFields,
  payload: Uint8Array,
  salt: number,
): number {
  const end = start + paddedBytes(payload.length);
  const body = start + headerBytes;
  bytes.set(payload, body);
  bytes.fill(0, body + payload.length, end);
  const stored = bytes.subarray(body, body + payload.length);
  const masked = hasZeroRun(stored) ? maskedFlag : 0;
  if (masked !== 0) mask(stored);
  writeHeader(view, start, fields, payload.length, masked, checksum(stored, salt));
  sealHeader(bytes, view, start, salt);
  return end;
}

export function writeCommit(
  bytes: Buffer,
  view: DataView,
  start: number,
  batch: { readonly sequence: number; readonly position: number },
  salt: number,
): void {
  const crc = checksum(bytes.subarray(0, start), salt);
  const fields = { type: frameType.commit, group: start, index: batch.sequence, term: batch.position };
  writeHeader(view, start, fields, 0, 0, crc);
  sealHeader(bytes, view, start, salt);
}

function writeHeader(
  view: DataView,
  start: number,
  { type, kind = 0, group, index, term }: FrameFields,
  length: number,
  flags: number,
  payloadCrc: number,
): void {
  view.setUint32(start + 4, payloadCrc, true);
  view.setUint32(start + 8, length, true);
  view.setUint32(start + 12, type | (kind << 8) | flags, true);
  view.setUint32(start + 16, group, true);
  view.setUint32(start + 20, 0, true);
  view.setUint32(start + 24, index % high, true);
  view.setUint32(start + 28, Math.floor(index / high), true);
  view.setUint32(start + 32, term % high, true);
  view.setUint32(start + 36, Math.floor(term / high), true);
}

function sealHeader(bytes: Buffer, view: DataView, start: number, salt: number): void {
  view.setUint32(start, checksum(bytes.subarray(start + 4, start + headerBytes), salt), true);
}

/** The frame at `start` when its header is sound and it ends within the bytes. Says nothing about the payload. */
export function readFrame(bytes: Buffer, start: number, salt: number): Frame | undefined {
  if (start + headerBytes > bytes.length) return undefined;
  const word = bytes.readUInt32LE(start + 12);
  // Cheap refusals first: most of what is looked at while searching is no frame.
  if ((word & 0xff) === 0 || (word & 0xff) > frameType.commit) return undefined;
  const length = bytes.readUInt32LE(start + 8);
  const end = start + paddedBytes(length);
  if (end > bytes.length) return undefined;
  if (bytes.readUInt32LE(start) !== checksum(bytes.subarray(start + 4, start + headerBytes), salt))
    return undefined;
  return {
    type: word & 0xff,
    kind: (word >>> 8) & 0xff,
    isMasked: (word & maskedFlag) !== 0,
    group: bytes.readUInt32LE(start + 16),
    index: bytes.readUInt32LE(start + 24) + bytes.readUInt32LE(start + 28) * high,
    term: bytes.readUInt32LE(start + 32) + bytes.readUInt32LE(start + 36) * high,
    length,
    payloadCrc: bytes.readUInt32LE(start + 4),
    start,
    end,
  };
}

const storedPayload = (bytes: Buffer, frame: Frame): Buffer =>
  bytes.subarray(frame.start + headerBytes, frame.start + headerBytes + frame.length);

export const isPayloadSound = (bytes: Buffer, frame: Frame, salt: number): boolean =>
  checksum(storedPayload(bytes, frame), salt) === frame.payloadCrc &&
  isZero(bytes.subarray(frame.start + headerBytes + frame.length, frame.end));

/** A copy of the frame's payload. */
export function payloadOf(bytes: Buffer, frame: Frame): Uint8Array {
  const payload = new Uint8Array(storedPayload(bytes, frame));
  if (frame.isMasked) mask(payload);
  return payload;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

// A sector of zeros in the last batch must mean that it was never written, so no payload is stored with that many zeros
// in a row. A run of 255 has a whole stretch of 128.
const stretch = 128;

function hasZeroRun(payload: Uint8Array): boolean {
  for (let at = 0; at + stretch <= payload.length; at += stretch) {
    if (payload[at] === 0 && isZero(payload.subarray(at, at + stretch))) return true;
  }
  return false;
}

function mask(payload: Uint8Array): void {
  for (let at = 0; at < payload.length; at += 1) payload[at] = (payload[at] ?? 0) ^ ((at * 167 + 90) & 0xff);
}
