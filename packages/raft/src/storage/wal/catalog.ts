// All groups of a log, built by applying frames in order: those of the files when it is opened, then those of each batch
// that has become durable. What one group's frame says must follow from what is known of the group.

import type { LogPosition } from '@actor/core';

import type { Batch } from './batch.ts';
import { type Frame, frameType, payloadOf } from './frame.ts';
import { LogIndex } from './log-index.ts';
import type { Segment } from './segment.ts';

const text = new TextDecoder();
const encoder = new TextEncoder();

export class Catalog {
  readonly #groups = new Map<number, LogIndex>();

  get groups(): readonly number[] {
    return [...this.#groups.keys()].toSorted((a, b) => a - b);
  }

  find(group: number): LogIndex | undefined {
    return this.#groups.get(group);
  }

  /**
   * Applies a frame of the bytes, which begin at `origin` in the segment. Returns why it does not follow from what is
   * known, if it does not: then something before it is missing, and as much as can be is taken from it.
   */
  apply(bytes: Buffer, frame: Frame, segment: Segment, origin: number): string | undefined {
    if (frame.type === frameType.seal || frame.type === frameType.commit) return undefined;
    const isNew = !this.#groups.has(frame.group);
    const log = this.#groups.get(frame.group) ?? new LogIndex();
    this.#groups.set(frame.group, log);
    const { index, term } = frame;
    switch (frame.type) {
      case frameType.hardState:
        log.hardState = { term, vote: text.decode(payloadOf(bytes, frame)), commit: index };
        return undefined;
      case frameType.snapshot:
        log.snapshot = { index, term, data: payloadOf(bytes, frame) };
        return undefined;
      case frameType.resetTo:
        log.resetTo({ index, term });
        return undefined;
      case frameType.dropThrough:
        return drop(log, { index, term });
      case frameType.truncateAfter:
        return truncate(log, index);
      case frameType.entry:
        return push(log, frame, segment, origin);
      default:
        return extend(log, frame, readBase(payloadOf(bytes, frame)), isNew);
    }
  }

  /** What a new segment begins with, so that those before it are needed only for their entries. */
  checkpoint(batch: Batch): void {
    for (const [group, log] of this.#groups) {
      const { hardState, snapshot, base, last } = log.state;
      batch.add({ ...last, type: frameType.extent, group }, writeBase(base));
      if (snapshot !== undefined) {
        const { index, term, data } = snapshot;
        batch.add({ type: frameType.snapshot, group, index, term }, data);
      }
      const { commit, term, vote } = hardState;
      batch.add({ type: frameType.hardState, group, index: commit, term }, encoder.encode(vote));
    }
  }

  /** The number of the oldest batch's segment that still has an entry somebody may read. */
  get oldestNeeded(): number {
    let oldest = Infinity;
    for (const log of this.#groups.values()) {
      const place = log.place(log.base.index + 1);
      oldest = Math.min(oldest, place.segment?.firstSequence ?? Infinity);
    }
    return oldest;
  }
}

function push(log: LogIndex, frame: Frame, segment: Segment, origin: number): string | undefined {
  const { index, term, start, length } = frame;
  let why: string | undefined;
  if (index <= log.lastIndex) {
    why = `entry ${index} comes again`;
    if (index > log.base.index) log.truncateAfter(index - 1);
    else log.resetTo({ index: index - 1, term: 0 });
  } else if (index > log.lastIndex + 1) {
    why = `entries ${log.lastIndex + 1} to ${index - 1} are missing`;
    // Millions of them can't be listed one by one.
    if (index - log.lastIndex > 100_000) log.resetTo({ index: index - 1, term: 0 });
    else log.lose(index - 1, term);
  }
  log.push(term, { segment, offset: origin + start, length });
  return why;
}

function drop(log: LogIndex, position: LogPosition): string | undefined {
  if (position.index >= log.base.index && position.index <= log.lastIndex) {
    log.dropThrough(position);
    return undefined;
  }
  if (position.index > log.lastIndex) log.resetTo(position);
  return `entries to drop, up to ${position.index}, are missing`;
}

function truncate(log: LogIndex, index: number): string | undefined {
  if (index >= log.base.index && index <= log.lastIndex) {
    log.truncateAfter(index);
    return undefined;
  }
  return `entry ${index}, to truncate after, is missing`;
}

function extend(log: LogIndex, last: LogPosition, base: LogPosition, isNew: boolean): string | undefined {
  if (isNew) {
    log.resetTo(base);
    // Those that are not dropped later in the log will be missed at its end.
    log.lose(last.index, last.term);
    return undefined;
  }
  const { base: knownBase, last: knownLast } = log.state;
  // The term of an entry whose file is gone is a guess.
  const isGuess = knownLast.index > knownBase.index && log.place(knownLast.index).segment === undefined;
  const endsThere = knownLast.index === last.index && (isGuess || knownLast.term === last.term);
  if (isSame(knownBase, base) && endsThere) return undefined;
  if (base.index > log.lastIndex || base.index < knownBase.index) log.resetTo(base);
  else log.dropThrough(base);
  if (last.index < log.lastIndex) log.truncateAfter(last.index);
  log.lose(last.index, last.term);
  return `the log from ${knownBase.index} to ${knownLast.index} should be from ${base.index} to ${last.index}`;
}

const isSame = (a: LogPosition, b: LogPosition): boolean => a.index === b.index && a.term === b.term;

function writeBase({ index, term }: LogPosition): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(index), 0);
  bytes.writeBigUInt64LE(BigInt(term), 8);
  return bytes;
}

function readBase(bytes: Uint8Array): LogPosition {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { index: Number(view.getBigUint64(0, true)), term: Number(view.getBigUint64(8, true)) };
}
