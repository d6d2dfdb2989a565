// What a machine's disk holds, and what only its memory does: the state behind simulated files. Losing power keeps what
// was synced, and of the rest an arbitrary part, as the seed says.

import type { RandomStream } from './random-stream.ts';

const sectorBytes = 512;

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Bytes that can grow and shrink; what was never written is 0. */
class Content {
  #bytes = new Uint8Array(0);
  size = 0;

  write({ position, bytes }: Write): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, position);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size > this.size) this.write({ position: size, bytes: new Uint8Array(0) });
    else this.#bytes.fill(0, size, this.size);
    this.size = size;
  }

  read(into: Uint8Array, position: number): number {
    const found = this.#bytes.subarray(
      Math.min(position, this.size),
      Math.min(position + into.length, this.size),
    );
    into.set(found);
    return found.length;
  }

  copy(): Content {
    const copy = new Content();
    copy.write({ position: 0, bytes: this.#bytes.slice(0, this.size) });
    return copy;
  }
}

type Change = Write | { readonly size: number };

function change(content: Content, what: Change): void {
  if ('size' in what) content.truncate(what.size);
  else content.write(what);
}

/** A file's data: as programs see it, and as it is on the platter. */
export class Inode {
  #cached = new Content();
  #durable = new Content();
  #unsynced: Change[] = [];
  #misdirected: number | undefined;

  get size(): number {
    return this.#cached.size;
  }

  read(into: Uint8Array, position: number): number {
    return this.#cached.read(into, position);
  }

  write(position: number, bytes: Uint8Array): void {
    this.#change({ position: this.#misdirected ?? position, bytes: bytes.slice() });
    this.#misdirected = undefined;
  }

  truncate(size: number): void {
    this.#change({ size });
  }

  sync(): void {
    for (const what of this.#unsynced) change(this.#durable, what);
    this.#unsynced = [];
  }

  /** A sync that failed: programs still read the pages, which count as clean, and none of them reaches the platter. */
  dropUnsynced(): void {
    this.#unsynced = [];
  }

  /** The next write goes to this position instead of its own. */
  misdirect(position: number): void {
    this.#misdirected = position;
  }

  /** Changes the bits of the mask in a byte, on the platter and as programs see it. */
  rot(position: number, mask: number): void {
    for (const content of [this.#cached, this.#durable]) {
      const byte = new Uint8Array(1);
      if (content.read(byte, position) === 1) content.write({ position, bytes: byte.map((b) => b ^ mask) });
    }
  }

  /** The file ends here, on the platter too. */
  cut(size: number): void {
    this.truncate(size);
    this.sync();
  }

  /** Of what was not synced, each sector of each write is there or not, with this chance. */
  losePower(random: RandomStream, survivalRate: number): void {
    for (const what of this.#unsynced) {
      if ('size' in what) {
        if (random.chance(survivalRate)) this.#durable.truncate(what.size);
      } else {
        for (const sector of sectors(what)) if (random.chance(survivalRate)) this.#durable.write(sector);
      }
    }
    this.#unsynced = [];
    this.#cached = this.#durable.copy();
  }

  #change(what: Change): void {
    change(this.#cached, what);
    this.#unsynced.push(what);
  }
}

function* sectors({ position, bytes }: Write): Iterable<Write> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sectorBytes - ((position + at) % sectorBytes));
    yield { position: position + at, bytes: bytes.subarray(at, end) };
    at = end;
  }
}

export type Entry = Inode | Directory;
type Entries = Map<string, Entry>;

/** The names in a directory: as programs see them, and as they are on the platter. */
export class Directory {
  readonly entries: Entries = new Map();
  readonly #durable: Entries = new Map();
  #unsynced: ((entries: Entries) => void)[] = [];

  set(name: string, entry: Entry): void {
    this.#change((entries) => entries.set(name, entry));
  }

  /** The name is gone, on the platter too. */
  lose(name: string): void {
    this.delete(name);
    this.sync();
  }

  delete(name: string): void {
    this.#change((entries) => entries.delete(name));
  }

  rename(from: string, to: string, entry: Entry): void {
    this.#change((entries) => {
      entries.delete(from);
      entries.set(to, entry);
    });
  }

  sync(): void {
    for (const apply of this.#unsynced) apply(this.#durable);
    this.#unsynced = [];
  }

  /** Changes of names reach the disk in order, so some of the first ones are there and the rest is not. */
  losePower(random: RandomStream, survivalRate: number): void {
    const kept = Math.round(this.#unsynced.length * (survivalRate === 0 ? 0 : random.next()));
    for (const apply of this.#unsynced.slice(0, kept)) apply(this.#durable);
    this.#unsynced = [];
    this.entries.clear();
    for (const [name, entry] of this.#durable) {
      this.entries.set(name, entry);
      entry.losePower(random, survivalRate);
    }
  }

  #change(apply: (entries: Entries) => void): void {
    apply(this.entries);
    this.#unsynced.push(apply);
  }
}
