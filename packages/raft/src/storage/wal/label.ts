// The first sector of each file: what it is, in which version, and what the file has to know, under a checksum. The place
// of the magic, the version and the checksum is the same in every version, so that an old program can name a new file.

import { crc32 } from 'node:zlib';

export const labelBytes = 512;
const version = 1;
/** The checksum of the frames: 1 is the CRC-32 of IEEE 802.3. */
const checksumAlgorithm = 1;
const bodyStart = 24;

export type LabelFault = 'foreign' | 'future' | 'corrupt';

/** `magic` is 8 characters. */
export function writeLabel(magic: string, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(labelBytes);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(checksumAlgorithm, 16);
  bytes.writeUInt32LE(body.length, 20);
  bytes.set(body, bodyStart);
  bytes.writeUInt32LE(crcOf(bytes), 12);
  return bytes;
}

/** The body, or what is wrong. */
export function readLabel(magic: string, bytes: Buffer): Buffer | LabelFault {
  const isOurs = bytes.length >= labelBytes && bytes.toString('latin1', 0, 8) === magic;
  if (!isOurs) return 'foreign';
  if (bytes.readUInt32LE(12) !== crcOf(bytes)) return 'corrupt';
  if (bytes.readUInt32LE(8) !== version || bytes.readUInt32LE(16) !== checksumAlgorithm) return 'future';
  return bytes.subarray(bodyStart, bodyStart + bytes.readUInt32LE(20));
}

function crcOf(bytes: Buffer): number {
  return crc32(bytes.subarray(16, labelBytes), crc32(bytes.subarray(0, 12)));
}
