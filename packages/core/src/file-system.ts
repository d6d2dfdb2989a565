// The files that storage plugins need, as a seam: Node's version is `systemFiles()`, the simulated one keeps a page
// cache that a simulated crash can lose. Paths use `/`.

/** One open file. Calls on one handle are ordered by their caller; a failed `datasync` must never be retried. */
export interface FileHandle {
  /** Reads up to `into.length` bytes from `position`; returns how many, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of the bytes at `position`. They are durable only after `datasync`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes the file's data and size durable. After a rejection nothing is known about any write since the last success. */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** `read` opens an existing file; `write` opens or creates; `create` fails when the file exists. */
export type OpenMode = 'read' | 'write' | 'create';

/** A claim on a directory that no other living process has. It ends with the process. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Errors are Node's own (`ENOENT`, `EEXIST`, `ENOSPC`, `EIO`), with their `code`. */
export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<FileHandle>;
  /** Replaces `to` atomically. Durable only after `syncDirectory` of the parent. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the directory and its missing parents. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Claims the directory for this process, with a file in it whose name begins with `lock-`. Rejects with `EBUSY` while
   * somebody has it. Of two that ask at the same time both may be refused, and never both served.
   */
  lock(path: string): Promise<DirectoryLock>;
}
