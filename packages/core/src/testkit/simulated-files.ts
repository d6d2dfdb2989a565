// The file seam on a simulated disk. A process that is killed leaves the page cache behind for the next one; a machine
// that loses power keeps what was synced and an arbitrary part of the rest.

import type { DirectoryLock, FileHandle, FileSystem, OpenMode } from '../file-system.ts';
import { DiskFaults, fault } from './disk-faults.ts';
import type { RandomStream } from './random-stream.ts';
import { Directory, type Entry, Inode } from './simulated-disk.ts';
import type { SimulatedRuntime } from './simulated-runtime.ts';
import type { Simulation } from './simulation.ts';

export interface SimulatedFilesOptions {
  readonly simulation: Simulation;
  /** The machine that the disk is in: it names the disk's chance. */
  readonly node: string;
  /**
   * How long an operation in the page cache takes, in milliseconds.
   * @defaultValue 0.02
   */
  readonly cacheMs?: number;
  /**
   * The mean time that a sync takes, in milliseconds; each is between half of it and, rarely, much more.
   * @defaultValue 1
   */
  readonly syncMs?: number;
}

export class SimulatedFiles {
  readonly #random: RandomStream;
  readonly #cacheMs: number;
  readonly #syncMs: number;
  readonly #root = new Directory();
  readonly #locks = new Map<string, SimulatedRuntime>();
  /** What goes wrong with this disk besides the loss of power. */
  readonly faults: DiskFaults = new DiskFaults((path) => this.#parent(path, 'fault'));

  constructor(options: SimulatedFilesOptions) {
    this.#random = options.simulation.random(`disk/${options.node}`);
    this.#cacheMs = options.cacheMs ?? 0.02;
    this.#syncMs = options.syncMs ?? 1;
  }

  /** The files as the process sees them. */
  of(runtime: SimulatedRuntime): FileSystem {
    const cached = <T>(body: () => T): Promise<T> => later(runtime, this.#cacheMs, body);
    const synced = <T>(body: () => T): Promise<T> => {
      const ms = this.#syncMs / 2 + this.#random.exponential(this.#syncMs / 2);
      return later(runtime, ms + this.faults.takeStall(), body);
    };
    const changed = <T>(body: () => T): Promise<T> =>
      cached(() => {
        this.faults.allowChange();
        return body();
      });
    const medium = { cached, synced, changed, faults: this.faults };
    return {
      open: (path, mode) => cached(() => new SimulatedFile(this.#open(path, mode), medium)),
      rename: (from, to) => changed(() => this.#rename(from, to)),
      unlink: (path) => changed(() => this.#unlink(path)),
      makeDirectory: (path) => cached(() => this.#makeDirectory(path)),
      list: (path) => cached(() => [...this.#directory(path, 'scandir').entries.keys()].toSorted()),
      syncDirectory: (path) => synced(() => this.#directory(path, 'fsync').sync()),
      lock: (path) => changed(() => this.#lock(path, runtime)),
    };
  }

  /**
   * The machine stops at once. Of what was not synced, nothing is left with a survival rate of 0, and an arbitrary part
   * with a higher one: sectors of writes, and the first of the changes in each directory. Kill its process first.
   */
  losePower(options: { readonly survivalRate?: number } = {}): void {
    this.#root.losePower(this.#random, options.survivalRate ?? 0.5);
  }

  #open(path: string, mode: OpenMode): Inode {
    const { parent, name } = this.#parent(path, 'open');
    const found = parent.entries.get(name);
    if (found instanceof Directory) throw fault('EISDIR', 'illegal operation on a directory', 'open', path);
    if (found === undefined && mode === 'read') throw missing('open', path);
    if (found !== undefined && mode === 'create') throw fault('EEXIST', 'file already exists', 'open', path);
    if (found !== undefined) {
      if (mode !== 'read') this.faults.allowChange();
      return found;
    }
    this.faults.allowChange();
    const made = new Inode();
    parent.set(name, made);
    return made;
  }

  #rename(from: string, to: string): void {
    const source = this.#parent(from, 'rename');
    const target = this.#parent(to, 'rename');
    const moved = source.parent.entries.get(source.name);
    if (moved === undefined) throw missing('rename', from);
    if (source.parent === target.parent) {
      source.parent.rename(source.name, target.name, moved);
      return;
    }
    // Between directories each half is durable by itself.
    target.parent.set(target.name, moved);
    source.parent.delete(source.name);
  }

  #unlink(path: string): void {
    const { parent, name } = this.#parent(path, 'unlink');
    const found = parent.entries.get(name);
    if (found === undefined) throw missing('unlink', path);
    if (found instanceof Directory) throw fault('EISDIR', 'illegal operation on a directory', 'unlink', path);
    parent.delete(name);
  }

  #makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of segments(path)) {
      let next = directory.entries.get(name);
      if (next === undefined) {
        this.faults.allowChange();
        next = new Directory();
        directory.set(name, next);
      }
      if (!(next instanceof Directory)) throw fault('EEXIST', 'file already exists', 'mkdir', path);
      directory = next;
    }
  }

  // The claim is not kept as a file: it is gone with its process, and programs ignore the names of locks.
  #lock(path: string, runtime: SimulatedRuntime): DirectoryLock {
    this.#directory(path, 'lock');
    const place = segments(path).join('/');
    const holder = this.#locks.get(place);
    if (holder?.isDead === false) throw fault('EBUSY', `${holder.node} has it`, 'lock', path);
    this.#locks.set(place, runtime);
    return { release: () => later(runtime, this.#cacheMs, () => void this.#locks.delete(place)) };
  }

  #directory(path: string, call: string): Directory {
    let entry: Entry = this.#root;
    for (const name of segments(path)) {
      if (!(entry instanceof Directory)) throw fault('ENOTDIR', 'not a directory', call, path);
      const next: Entry | undefined = entry.entries.get(name);
      if (next === undefined) throw missing(call, path);
      entry = next;
    }
    if (!(entry instanceof Directory)) throw fault('ENOTDIR', 'not a directory', call, path);
    return entry;
  }

  #parent(path: string, call: string): { readonly parent: Directory; readonly name: string } {
    const names = segments(path);
    const name = names.pop();
    if (name === undefined) throw fault('EISDIR', 'illegal operation on a directory', call, path);
    return { parent: this.#directory(names.join('/'), call), name };
  }
}

interface Medium {
  readonly cached: <T>(body: () => T) => Promise<T>;
  readonly synced: <T>(body: () => T) => Promise<T>;
  readonly changed: <T>(body: () => T) => Promise<T>;
  readonly faults: DiskFaults;
}

class SimulatedFile implements FileHandle {
  readonly #inode: Inode;
  readonly #medium: Medium;
  #isClosed = false;

  constructor(inode: Inode, medium: Medium) {
    this.#inode = inode;
    this.#medium = medium;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#medium.cached(() => this.#open('read').read(into, position));
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    // As with a real file, the bytes are the file's until the write is done.
    return this.#medium.changed(() => {
      const inode = this.#open('write');
      this.#medium.faults.allowSize(inode, position + bytes.length);
      inode.write(position, bytes);
    });
  }

  datasync(): Promise<void> {
    return this.#medium.synced(() => this.#medium.faults.sync(this.#open('fdatasync')));
  }

  truncate(size: number): Promise<void> {
    return this.#medium.changed(() => this.#open('ftruncate').truncate(size));
  }

  size(): Promise<number> {
    return this.#medium.cached(() => this.#open('fstat').size);
  }

  close(): Promise<void> {
    return this.#medium.cached(() => {
      this.#open('close');
      this.#isClosed = true;
    });
  }

  #open(call: string): Inode {
    if (this.#isClosed) throw fault('EBADF', 'bad file descriptor', call);
    return this.#inode;
  }
}

function later<T>(runtime: SimulatedRuntime, ms: number, body: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    runtime.input(ms, () => {
      try {
        resolve(body());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function missing(call: string, path: string): Error {
  return fault('ENOENT', 'no such file or directory', call, path);
}
