// Node's version of the file seam. Partial reads and writes of the operating system end here.

import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';

import type { FileHandle, FileSystem, OpenMode } from './file-system.ts';
import { lockDirectory } from './system-lock.ts';

const flags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR | constants.O_CREAT,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** The files of this machine. */
export function systemFiles(): FileSystem {
  return {
    open: async (path, mode) => new SystemFile(await fs.open(path, flags[mode])),
    rename: (from, to) => fs.rename(from, to),
    unlink: (path) => fs.unlink(path),
    makeDirectory: async (path) => void (await fs.mkdir(path, { recursive: true })),
    list: async (path) => (await fs.readdir(path)).toSorted(),
    syncDirectory,
    lock: lockDirectory,
  };
}

async function syncDirectory(path: string): Promise<void> {
  // Windows can't open a directory, and makes its entries durable by itself.
  if (process.platform === 'win32') return;
  const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

class SystemFile implements FileHandle {
  readonly #file: fs.FileHandle;

  constructor(file: fs.FileHandle) {
    this.#file = file;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let read = 0;
    while (read < into.length) {
      const { bytesRead } = await this.#file.read(into, read, into.length - read, position + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return read;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const rest = bytes.length - written;
      const { bytesWritten } = await this.#file.write(bytes, written, rest, position + written);
      written += bytesWritten;
    }
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
