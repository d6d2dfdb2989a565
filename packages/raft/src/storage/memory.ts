// A log storage that forgets with its process: for tests, and for groups whose members may all be lost at once.

import {
  ActorError,
  type HardState,
  type LogDamage,
  type LogEntry,
  type LogPosition,
  type LogState,
  type LogStorage,
  type LogWrite,
  type SnapshotMark,
  type StartOptions,
} from '@actor/core';

import { advance, emptyBounds, type LogBounds } from './log-bounds.ts';

interface Group {
  hardState: HardState;
  snapshot: SnapshotMark | undefined;
  base: LogPosition;
  entries: LogEntry[];
}

/**
 * A volatile log storage. A member that lost it has broken its promises and must join again under another identity.
 *
 * @example
 * const storage = memoryStorage();
 */
export function memoryStorage(): MemoryStorage {
  return new MemoryStorage();
}

export class MemoryStorage implements LogStorage {
  readonly durable = false;
  readonly #groups = new Map<number, Group>();
  #life: 'new' | 'started' | 'stopped' = 'new';

  async start(options: StartOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.#life === 'stopped') throw this.#notRunning();
    this.#life = 'started';
  }

  stop(): Promise<void> {
    this.#life = 'stopped';
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  damage(): readonly LogDamage[] {
    return [];
  }

  groups(): readonly number[] {
    return [...this.#groups.keys()].toSorted((a, b) => a - b);
  }

  state(group: number): LogState {
    const { hardState, snapshot, base, entries } = this.#groups.get(group) ?? newGroup();
    const { index, term } = entries.at(-1) ?? base;
    return { hardState, snapshot, base, last: { index, term } };
  }

  term(group: number, index: number): number | undefined {
    const found = this.#groups.get(group) ?? newGroup();
    return index === found.base.index ? found.base.term : found.entries[index - found.base.index - 1]?.term;
  }

  async read(group: number, from: number, to: number, maxBytes: number): Promise<readonly LogEntry[]> {
    this.#demandStarted();
    const { base, last } = this.#bounds(group);
    if (from <= base || to > last || from > to) {
      throw new ActorError(
        'ACTOR_ASSERTION',
        `Entries ${from} to ${to} are outside of ${base + 1} to ${last}.`,
        {
          outcome: 'none',
        },
      );
    }
    const read: LogEntry[] = [];
    let bytes = 0;
    const entries = this.#groups.get(group)?.entries ?? [];
    for (const entry of entries.slice(from - base - 1, to - base)) {
      bytes += entry.data.length;
      if (read.length > 0 && bytes > maxBytes) break;
      read.push({ ...entry, data: entry.data.slice() });
    }
    return read;
  }

  // Async, so that what is wrong with a call is a rejection, as with every other storage.
  async append(writes: readonly LogWrite[]): Promise<void> {
    this.#demandStarted();
    const bounds = new Map<number, LogBounds>();
    for (const write of writes) {
      bounds.set(write.group, advance(bounds.get(write.group) ?? this.#bounds(write.group), write));
    }
    for (const write of writes) this.#apply(write);
  }

  #bounds(group: number): LogBounds {
    const found = this.#groups.get(group);
    if (found === undefined) return emptyBounds;
    return { base: found.base.index, last: found.base.index + found.entries.length };
  }

  #apply(write: LogWrite): void {
    const group = this.#groups.get(write.group) ?? newGroup();
    this.#groups.set(write.group, group);
    if (write.snapshot !== undefined) {
      const { index, term, data } = write.snapshot;
      group.snapshot = { index, term, data: data.slice() };
    }
    if (write.resetTo !== undefined) {
      group.base = { index: write.resetTo.index, term: write.resetTo.term };
      group.entries = [];
    }
    if (write.dropThrough !== undefined) {
      const { index, term } = write.dropThrough;
      group.entries.splice(0, index - group.base.index);
      group.base = { index, term };
    }
    if (write.truncateAfter !== undefined) group.entries.length = write.truncateAfter - group.base.index;
    for (const { index, term, kind, data } of write.entries ?? []) {
      group.entries.push({ index, term, kind, data: data.slice() });
    }
    if (write.hardState !== undefined) {
      const { term, vote, commit } = write.hardState;
      group.hardState = { term, vote, commit };
    }
  }

  #demandStarted(): void {
    if (this.#life !== 'started') throw this.#notRunning();
  }

  #notRunning(): ActorError {
    return this.#life === 'new'
      ? new ActorError('ACTOR_NODE_NOT_STARTED', 'The log storage is not started.')
      : new ActorError('ACTOR_NODE_STOPPED', 'The log storage is stopped.');
  }
}

function newGroup(): Group {
  return {
    hardState: { term: 0, vote: '', commit: 0 },
    snapshot: undefined,
    base: { index: 0, term: 0 },
    entries: [],
  };
}
