// Opens a directory: takes its lock, makes the log when there is none, else reads it and mends what a crash left behind.
// A damaged log is not touched.

import type { DirectoryLock, FileSystem, Runtime } from '@actor/core';

import { type Identity, identityFile, readIdentity, writeIdentity } from './identity.ts';
import { type LogEnd, Recovery } from './recovery.ts';
import {
  firstFrame,
  makeSpare,
  nameSegment,
  newId,
  parseSegmentFile,
  type Segment,
  type SegmentDirectory,
} from './segment.ts';
import { codeOf, corrupt, foreign } from './storage-error.ts';

export interface LogHome {
  readonly files: FileSystem;
  readonly runtime: Runtime;
  readonly dir: string;
  readonly clusterName: string;
  readonly segmentBytes: number;
}

export interface OpenLog {
  readonly lock: DirectoryLock;
  readonly home: SegmentDirectory;
  readonly salt: number;
  /** The oldest first. */
  readonly segments: Segment[];
  readonly recovery: Recovery;
}

const isScratch = (name: string): boolean => name.endsWith('.tmp');
const isSegment = (name: string): boolean => parseSegmentFile(name) !== undefined;

/** A file of someone else is none of ours, and left alone. */
const isOurs = (name: string): boolean =>
  isScratch(name) || isSegment(name) || name.startsWith('lock-') || name === identityFile;

export async function openLog(home: LogHome): Promise<OpenLog> {
  const { files, dir, clusterName } = home;
  await files.makeDirectory(dir);
  const lock = await files.lock(dir);
  const segments: Segment[] = [];
  try {
    const { storeId } = (await readIdentity(files, dir, clusterName)) ?? (await makeLog(home));
    const directory = { files, dir, storeId };
    const salt = Number.parseInt(storeId.slice(0, 8), 16);
    const recovery = new Recovery(storeId, salt);
    const superfluous = await readSegments(directory, recovery, segments);
    recovery.finish();
    if (recovery.damage.length === 0 && recovery.end !== undefined)
      await mend(directory, recovery.end, superfluous);
    return { lock, home: directory, salt, segments, recovery };
  } catch (error) {
    // The first failure is the one to report.
    for (const { file } of segments) await file.close().catch(() => {});
    await lock.release().catch(() => {});
    throw error;
  }
}

async function makeLog(home: LogHome): Promise<Identity> {
  const { files, dir, runtime, segmentBytes, clusterName } = home;
  const names = await files.list(dir);
  for (const name of names) {
    if (!isOurs(name)) throw foreign(`it holds ${JSON.stringify(name)}, and no log`);
    if (isSegment(name) && (await holdsFrames(files, `${dir}/${name}`)))
      throw corrupt('its identity file is lost');
  }
  // What is left of an earlier try.
  for (const name of names) if (isScratch(name) || isSegment(name)) await files.unlink(`${dir}/${name}`);
  await syncAncestors(files, dir);
  const identity = { storeId: newId(runtime, 16), clusterName };
  const spare = await makeSpare(home, newId(runtime, 8), segmentBytes);
  try {
    await nameSegment({ files, dir, storeId: identity.storeId }, spare, 1);
  } finally {
    await spare.file.close();
  }
  await writeIdentity(files, dir, identity);
  return identity;
}

/** Returns the names of files that nothing leads to. */
async function readSegments(
  { files, dir }: SegmentDirectory,
  recovery: Recovery,
  segments: Segment[],
): Promise<readonly string[]> {
  const superfluous: string[] = [];
  for (const name of await files.list(dir)) {
    const parsed = parseSegmentFile(name);
    if (isScratch(name)) superfluous.push(name);
    if (parsed === undefined) continue;
    const path = `${dir}/${name}`;
    const file = await files.open(path, 'write');
    const sizeBytes = await file.size();
    const segment = { ...parsed, path, sizeBytes, file };
    segments.push(segment);
    const bytes = Buffer.alloc(sizeBytes);
    await file.read(bytes, 0);
    if (recovery.add({ segment, bytes })) continue;
    segments.pop();
    await file.close();
    superfluous.push(name);
  }
  return superfluous;
}

/**
 * The last batch may have been read from the page cache alone, and a sync that failed before may have marked its pages
 * clean. So it is written again before anybody relies on it.
 */
async function mend(
  { files, dir }: SegmentDirectory,
  end: LogEnd,
  superfluous: readonly string[],
): Promise<void> {
  const { file } = end.segment;
  if (end.tornEnd > end.position) await file.write(new Uint8Array(end.tornEnd - end.position), end.position);
  if (end.lastBatch !== undefined) await file.write(end.lastBatch.bytes, end.lastBatch.position);
  await file.datasync();
  for (const name of superfluous) await files.unlink(`${dir}/${name}`);
  await files.syncDirectory(dir);
}

async function holdsFrames(files: FileSystem, path: string): Promise<boolean> {
  const file = await files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(firstFrame);
    const read = await file.read(bytes, firstFrame);
    return bytes.subarray(0, read).some((byte) => byte !== 0);
  } finally {
    await file.close();
  }
}

/** The directory itself has to be found again. */
async function syncAncestors(files: FileSystem, dir: string): Promise<void> {
  const ancestors = dir.startsWith('/') ? ['/'] : ['.'];
  for (let end = dir.indexOf('/', 1); end > 0; end = dir.indexOf('/', end + 1))
    ancestors.push(dir.slice(0, end));
  for (const path of ancestors) {
    await files.syncDirectory(path).catch((error: unknown) => {
      // One that may not be read was there before.
      if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error;
    });
  }
}
