// The file that says whose log a directory holds. It is written last when a log is made, so a directory without it holds
// nothing that anybody relies on, and one with it but without segments has lost them.

import type { FileSystem } from '@actor/core';

import { labelBytes, readLabel, writeLabel } from './label.ts';
import { codeOf, corrupt, foreign } from './storage-error.ts';

const magic = 'actorlog';
export const identityFile = 'identity';

export interface Identity {
  /** 16 bytes in hexadecimal, of this log alone. */
  readonly storeId: string;
  readonly clusterName: string;
}

/** @throws {@link ActorError} ACTOR_STORAGE_FOREIGN or ACTOR_STORAGE_CORRUPT. Undefined when there is none. */
export async function readIdentity(
  files: FileSystem,
  dir: string,
  clusterName: string,
): Promise<Identity | undefined> {
  const bytes = await readFirstSector(files, `${dir}/${identityFile}`);
  if (bytes === undefined) return undefined;
  const body = readLabel(magic, bytes);
  if (body === 'foreign') throw foreign('its identity file is of something else');
  if (body === 'future') throw foreign('it was written by a newer version');
  if (body === 'corrupt') throw corrupt('its identity file does not match its checksum');
  const found = { storeId: body.toString('hex', 0, 16), clusterName: body.toString('utf8', 16) };
  if (found.clusterName !== clusterName) {
    throw foreign(
      `it is of the cluster ${JSON.stringify(found.clusterName)}, not ${JSON.stringify(clusterName)}`,
    );
  }
  return found;
}

export async function writeIdentity(files: FileSystem, dir: string, identity: Identity): Promise<void> {
  const body = Buffer.concat([Buffer.from(identity.storeId, 'hex'), Buffer.from(identity.clusterName)]);
  const file = await files.open(`${dir}/${identityFile}.tmp`, 'write');
  try {
    await file.write(writeLabel(magic, body), 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(`${dir}/${identityFile}.tmp`, `${dir}/${identityFile}`);
  await files.syncDirectory(dir);
}

async function readFirstSector(files: FileSystem, path: string): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(labelBytes);
  try {
    const file = await files.open(path, 'read');
    await file.read(bytes, 0);
    await file.close();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return bytes;
}
