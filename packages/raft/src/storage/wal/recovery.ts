// Reads the segments of a log in order and finds out what is there: the groups, where the next batch goes, and what is
// damaged. It changes nothing: what to do about a torn tail is decided by whoever opens the log.

import type { LogDamage } from '@actor/core';

import { Catalog } from './catalog.ts';
import { checksum, type Frame, frameType, isPayloadSound, payloadOf, readFrame } from './frame.ts';
import { firstFrame, readSegmentHeader, type Segment } from './segment.ts';
import { commits, judgeTail } from './tail.ts';

const damageMax = 1_000;

/** A segment, and what is in its file now. */
export interface SegmentContent {
  readonly segment: Segment;
  readonly bytes: Buffer;
}

/** Where the log goes on. */
export interface LogEnd {
  readonly segment: Segment;
  /** Where the next batch goes, and its number. */
  readonly position: number;
  readonly sequence: number;
  /** The last batch of the segment; nobody knows whether it was synced. */
  readonly lastBatch: { readonly position: number; readonly bytes: Buffer } | undefined;
  /** The end of what a crash left behind `position`; `position` itself when there is nothing. */
  readonly tornEnd: number;
}

interface Batch {
  readonly frames: readonly Frame[];
  readonly end: number;
}

export class Recovery {
  readonly catalog: Catalog = new Catalog();
  readonly #storeId: string;
  readonly #salt: number;
  readonly #damage: LogDamage[] = [];
  #end: LogEnd | undefined;
  /** The id of the segment that the last one's seal leads to. */
  #sealedFor: string | undefined;

  constructor(storeId: string, salt: number) {
    this.#storeId = storeId;
    this.#salt = salt;
  }

  get damage(): readonly LogDamage[] {
    return this.#damage;
  }

  get end(): LogEnd | undefined {
    return this.#end;
  }

  /** The next segment, in the order of their names. False: it is empty and nothing leads to it, so it may be removed. */
  add({ segment, bytes }: SegmentContent): boolean {
    if (this.#end !== undefined && this.#sealedFor === undefined) {
      // Made for a change of segments that did not come about.
      if (judgeTail(bytes, firstFrame, segment.firstSequence, this.#salt).kind === 'empty') return false;
      this.#note({ why: `segment ${this.#end.segment.id} is followed by another, and not sealed` });
    } else if (this.#sealedFor !== undefined && this.#sealedFor !== segment.id) {
      this.#note({ why: `segment ${this.#sealedFor} is lost` });
    }
    const header = readSegmentHeader(bytes);
    if (
      header?.storeId !== this.#storeId ||
      header.id !== segment.id ||
      header.firstSequence !== segment.firstSequence
    ) {
      this.#note({ why: `the header of segment ${segment.id} does not match its checksum or its name` });
    } else if (header.sizeBytes !== bytes.length) {
      this.#note({ why: `segment ${segment.id} has ${bytes.length} bytes, not ${header.sizeBytes}` });
    }
    this.#scan({ segment, bytes });
    return true;
  }

  /** After the last segment: what is missing at the end, and what of the groups nobody has. */
  finish(): void {
    if (this.#end === undefined) this.#note({ why: 'all segments are lost' });
    if (this.#sealedFor !== undefined) this.#note({ why: `segment ${this.#sealedFor} is lost` });
    for (const group of this.catalog.groups) {
      const log = this.catalog.find(group);
      if (log === undefined) continue;
      for (let index = log.base.index + 1; index <= log.lastIndex; index += 1) {
        if (log.place(index).segment !== undefined) continue;
        const term = log.term(index);
        this.#note({ group, index, ...(term === undefined ? {} : { term }), why: 'the entry is lost' });
      }
    }
  }

  #scan({ segment, bytes }: SegmentContent): void {
    let position = firstFrame;
    let sequence = segment.firstSequence;
    let last: { readonly start: number; readonly end: number } | undefined;
    let tornEnd = 0;
    this.#sealedFor = undefined;
    while (this.#sealedFor === undefined) {
      const batch = this.#readBatch(bytes, position, sequence);
      if (batch !== undefined) {
        for (const frame of batch.frames) this.#apply(bytes, frame, segment);
        last = { start: position, end: batch.end };
        position = batch.end;
        sequence += 1;
        continue;
      }
      const tail = judgeTail(bytes, position, sequence, this.#salt);
      if (tail.kind === 'torn') tornEnd = tail.end;
      if (tail.kind !== 'damaged') break;
      const next = this.#salvage({ segment, bytes }, position, sequence, tail.why);
      if (next === undefined) break;
      ({ position, sequence } = next);
    }
    // A copy, so that the whole file need not stay in memory.
    const lastBatch = last && {
      position: last.start,
      bytes: Buffer.from(bytes.subarray(last.start, last.end)),
    };
    this.#end = { segment, position, sequence, lastBatch, tornEnd: Math.max(tornEnd, position) };
  }

  /** The batch with that number, if all of it is sound. */
  #readBatch(bytes: Buffer, start: number, sequence: number): Batch | undefined {
    const frames: Frame[] = [];
    let frame = readFrame(bytes, start, this.#salt);
    while (frame !== undefined && frame.type !== frameType.commit) {
      frames.push(frame);
      frame = readFrame(bytes, frame.end, this.#salt);
    }
    if (frame === undefined || frame.index !== sequence || frame.term !== start) return undefined;
    if (checksum(bytes.subarray(start, frame.start), this.#salt) !== frame.payloadCrc) return undefined;
    return { frames, end: frame.end };
  }

  #apply(bytes: Buffer, frame: Frame, segment: Segment): void {
    if (frame.type === frameType.seal) {
      this.#sealedFor = Buffer.from(payloadOf(bytes, frame)).toString('latin1');
      return;
    }
    const why = this.catalog.apply(bytes, frame, segment, 0);
    if (why !== undefined) this.#note({ group: frame.group, index: frame.index, term: frame.term, why });
  }

  /** Takes what is sound of a damaged batch; returns where the one after it begins, if that can be told. */
  #salvage(
    { segment, bytes }: SegmentContent,
    start: number,
    sequence: number,
    why: string,
  ): { readonly position: number; readonly sequence: number } | undefined {
    let isLocated = false;
    let at = start;
    for (;;) {
      const frame = readFrame(bytes, at, this.#salt);
      if (frame === undefined) break;
      at = frame.end;
      if (frame.type === frameType.commit) {
        if (!isLocated || frame.index !== sequence) this.#note({ why });
        return { position: frame.end, sequence: frame.index + 1 };
      }
      if (isPayloadSound(bytes, frame, this.#salt)) {
        this.#apply(bytes, frame, segment);
        continue;
      }
      isLocated = true;
      this.#noteUnsound(bytes, frame, segment);
    }
    this.#note({ why });
    for (const commit of commits(bytes, at, bytes.length, this.#salt)) {
      if (commit.index >= sequence) return { position: commit.end, sequence: commit.index + 1 };
    }
    return undefined;
  }

  #noteUnsound(bytes: Buffer, frame: Frame, segment: Segment): void {
    const { group, index, term } = frame;
    if (frame.type !== frameType.entry) {
      this.#note({ group, why: 'a mark of the group does not match its checksum' });
      return;
    }
    // Its place is known; reading it will fail.
    this.#apply(bytes, frame, segment);
    this.#note({ group, index, term, why: 'the data does not match its checksum' });
  }

  #note(damage: LogDamage): void {
    // One is enough to refuse every append; the list is for people.
    if (this.#damage.length < damageMax) this.#damage.push(damage);
  }
}
