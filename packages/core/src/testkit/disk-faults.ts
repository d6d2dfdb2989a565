// What goes wrong with a disk besides the loss of power: a sync that fails and drops its pages, no space, no right to
// write, a stall, and data that changes by itself. Each happens when it is asked for, so that a test or a seed decides.

import { Directory, Inode } from './simulated-disk.ts';

interface Place {
  readonly parent: Directory;
  readonly name: string;
}

export class DiskFaults {
  readonly #place: (path: string) => Place;
  #isFull = false;
  #isReadOnly = false;
  #syncsToFail = 0;
  #stallMs = 0;

  /** @internal `SimulatedFiles` makes its own. */
  constructor(place: (path: string) => Place) {
    this.#place = place;
  }

  /** While it is full no file grows, with ENOSPC. What a file already has can be written. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
  }

  /** While it is read-only every change is refused, with EROFS. */
  setReadOnly(isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly;
  }

  /** The next syncs of files fail with EIO. As on Linux, the pages then count as clean, and a second sync succeeds. */
  failSyncs(count = 1): void {
    this.#syncsToFail = count;
  }

  /** The next sync takes this much longer, in milliseconds. */
  stall(ms: number): void {
    this.#stallMs = ms;
  }

  /** Bit rot: changes the bits of the mask in one byte of a file. */
  rot(path: string, position: number, mask = 1): void {
    this.#inode(path).rot(position, mask);
  }

  /** The file ends at this size from now on. */
  cut(path: string, size: number): void {
    this.#inode(path).cut(size);
  }

  /** The file is gone, name and all. */
  lose(path: string): void {
    const { parent, name } = this.#place(path);
    parent.lose(name);
  }

  /** The next write to the file goes to this position, and nothing to where it belongs. */
  misdirect(path: string, position: number): void {
    this.#inode(path).misdirect(position);
  }

  /** @internal */
  allowChange(): void {
    if (this.#isReadOnly) throw fault('EROFS', 'read-only file system', 'open');
  }

  /** @internal */
  allowSize(inode: Inode, size: number): void {
    if (this.#isFull && size > inode.size) throw fault('ENOSPC', 'no space left on device', 'write');
  }

  /** @internal */
  sync(inode: Inode): void {
    if (this.#syncsToFail === 0) {
      inode.sync();
      return;
    }
    this.#syncsToFail -= 1;
    inode.dropUnsynced();
    throw fault('EIO', 'i/o error', 'fdatasync');
  }

  /** @internal */
  takeStall(): number {
    const ms = this.#stallMs;
    this.#stallMs = 0;
    return ms;
  }

  #inode(path: string): Inode {
    const { parent, name } = this.#place(path);
    const found = parent.entries.get(name);
    if (!(found instanceof Inode)) throw fault('ENOENT', 'no such file or directory', 'fault', path);
    return found;
  }
}

/** The file seam's errors are Node's own, by their `code`. */
export function fault(code: string, why: string, call: string, path?: string): Error {
  const at = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: ${why}, ${call}${at}`), { code, syscall: call, path });
}
