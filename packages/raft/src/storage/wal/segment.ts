// One file of the log. It has its full size before it has its name, so that writing to it never asks for space, a sync has
// no new blocks to record, and a size that differs is damage. What was not written yet is zeros.

import type { FileHandle, FileSystem, Runtime } from '@actor/core';

import { labelBytes, readLabel, writeLabel } from './label.ts';

const magic = 'actorseg';
const chunkBytes = 1_048_576;
const names = /^(?<first>[0-9a-f]{14})-(?<id>[0-9a-f]{16})\.wal$/;

/** Where the first frame of a segment is. */
export const firstFrame: number = labelBytes;

export interface SegmentName {
  /** The number of its first batch. */
  readonly firstSequence: number;
  readonly id: string;
}

export interface SegmentHeader extends SegmentName {
  readonly storeId: string;
  readonly sizeBytes: number;
}

export interface Segment extends SegmentName {
  readonly path: string;
  readonly sizeBytes: number;
  readonly file: FileHandle;
}

const segmentFile = ({ firstSequence, id }: SegmentName): string =>
  `${firstSequence.toString(16).padStart(14, '0')}-${id}.wal`;

export function parseSegmentFile(name: string): SegmentName | undefined {
  const found = names.exec(name)?.groups;
  if (found === undefined) return undefined;
  return { firstSequence: Number.parseInt(found['first'] ?? '', 16), id: found['id'] ?? '' };
}

export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  const body = readLabel(magic, bytes);
  if (typeof body === 'string') return undefined;
  return {
    storeId: body.toString('hex', 0, 16),
    id: body.toString('hex', 16, 24),
    firstSequence: Number(body.readBigUInt64LE(24)),
    sizeBytes: Number(body.readBigUInt64LE(32)),
  };
}

function segmentHeader({ storeId, id, firstSequence, sizeBytes }: SegmentHeader): Buffer {
  const body = Buffer.alloc(40);
  body.write(storeId, 0, 'hex');
  body.write(id, 16, 'hex');
  body.writeBigUInt64LE(BigInt(firstSequence), 24);
  body.writeBigUInt64LE(BigInt(sizeBytes), 32);
  return writeLabel(magic, body);
}

/** A file of zeros without a name of its own yet. */
export interface SpareFile {
  readonly id: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly file: FileHandle;
}

export interface SegmentDirectory {
  readonly files: FileSystem;
  readonly dir: string;
  readonly storeId: string;
}

/** Leaves nothing behind when there is no space. */
export async function makeSpare(
  { files, dir }: Pick<SegmentDirectory, 'files' | 'dir'>,
  id: string,
  sizeBytes: number,
): Promise<SpareFile> {
  const path = `${dir}/${id}.tmp`;
  const file = await files.open(path, 'create');
  try {
    const zeros = new Uint8Array(Math.min(chunkBytes, sizeBytes));
    for (let at = 0; at < sizeBytes; at += zeros.length) {
      await file.write(zeros.subarray(0, Math.min(zeros.length, sizeBytes - at)), at);
    }
    await file.datasync();
  } catch (error) {
    await file.close().catch(() => {});
    await files.unlink(path).catch(() => {});
    throw error;
  }
  return { id, path, sizeBytes, file };
}

/** Gives the file its header and its name, durably. */
export async function nameSegment(
  { files, dir, storeId }: SegmentDirectory,
  { id, path: from, sizeBytes, file }: SpareFile,
  firstSequence: number,
): Promise<Segment> {
  const path = `${dir}/${segmentFile({ firstSequence, id })}`;
  await file.write(segmentHeader({ storeId, id, firstSequence, sizeBytes }), 0);
  await file.datasync();
  await files.rename(from, path);
  await files.syncDirectory(dir);
  return { firstSequence, id, path, sizeBytes, file };
}

export const newId = (runtime: Runtime, bytes: number): string =>
  Buffer.from(runtime.randomBytes(bytes)).toString('hex');
