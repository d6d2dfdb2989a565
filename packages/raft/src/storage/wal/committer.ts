// Group commit: appends collect in a batch while the one before is written and synced, so at most one write is ever without
// its sync. Changes segments when one is full. A write or sync that fails is the end; no space before a write is not.

import { type ActorError, assert, type Logger, type LogWrite, type Runtime } from '@actor/core';

import { Batch, type Waiter } from './batch.ts';
import type { Catalog } from './catalog.ts';
import { frameType, headerBytes, paddedBytes, readFrame } from './frame.ts';
import type { LogEnd } from './recovery.ts';
import {
  firstFrame,
  makeSpare,
  nameSegment,
  newId,
  type Segment,
  type SegmentDirectory,
  type SpareFile,
} from './segment.ts';
import { noSpace, storageError } from './storage-error.ts';

const idBytes = 8;
/** Room for the batch that seals a segment. */
const sealBytes = paddedBytes(idBytes * 2) + headerBytes;

/** The largest batch, and so the largest append: four of them fit in a segment. */
export const batchMaxBytes = (segmentBytes: number): number =>
  Math.floor((segmentBytes - firstFrame - sealBytes) / 4);

export interface CommitterOptions {
  readonly home: SegmentDirectory;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly catalog: Catalog;
  readonly salt: number;
  readonly segmentBytes: number;
  readonly segments: Segment[];
  readonly end: LogEnd;
}

export class Committer {
  readonly #options: CommitterOptions;
  readonly #segments: Segment[];
  #active: Segment;
  #position: number;
  #sequence: number;
  #queue: Batch[] = [];
  #queuedBytes = 0;
  /** Written, and ready for what comes after the one that is being filled. */
  #free: Batch | undefined;
  #running: Promise<void> | undefined;
  #spare: Promise<SpareFile | undefined> | undefined;
  #isWriting = false;
  #failure: ActorError | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#segments = options.segments;
    this.#active = options.end.segment;
    this.#position = options.end.position;
    this.#sequence = options.end.sequence;
  }

  get failure(): ActorError | undefined {
    return this.#failure;
  }

  /** Bytes that wait for their turn. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Nothing waits: all that was accepted is durable, or was refused. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** `bytes` is the size of the writes as frames, which fits in a batch. */
  submit(writes: readonly LogWrite[], bytes: number): Promise<void> {
    const batch = this.#filling(bytes);
    const before = batch.length;
    for (const write of writes) batch.addWrite(write);
    this.#queuedBytes += batch.length - before;
    const durable = new Promise<void>((resolve, reject) => {
      batch.waiters.push({ resolve, reject });
    });
    // All appends of this turn go together.
    this.#running ??= new Promise((resolve) => {
      this.#options.runtime.microtask(() => void this.#run().finally(resolve));
    });
    return durable;
  }

  /** Resolves when nothing waits or is being written, and no file but the segments is open. */
  async drain(): Promise<void> {
    await this.#running;
    const spare = await this.#spare;
    this.#spare = undefined;
    if (spare === undefined) return;
    await spare.file.close();
    await this.#options.home.files.unlink(spare.path);
  }

  #filling(bytes: number): Batch {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.length + bytes <= batchMaxBytes(this.#options.segmentBytes)) return last;
    const batch = this.#free ?? new Batch(this.#options.salt);
    this.#free = undefined;
    this.#queue.push(batch);
    return batch;
  }

  async #run(): Promise<void> {
    for (let batch = this.#queue[0]; batch !== undefined; batch = this.#queue[0]) {
      let taken: readonly Waiter[] = [];
      try {
        if (this.#position + batch.length + sealBytes > this.#active.sizeBytes) await this.#changeSegment();
        if (this.#position === firstFrame && this.#segments.length > 1) await this.#write(this.#checkpoint());
        // From here on, appends go to the next batch.
        this.#queue.shift();
        this.#queuedBytes -= batch.length - headerBytes;
        taken = batch.waiters;
        await this.#write(batch);
      } catch (error) {
        this.#giveUp(storageError(error, 'writing'), taken);
        continue;
      }
      batch.clear();
      this.#free = batch;
      for (const waiter of taken) waiter.resolve();
      await this.#retire();
      this.#prepare();
    }
    this.#running = undefined;
  }

  /** What a batch says becomes visible once it is durable. */
  async #write(batch: Batch): Promise<void> {
    const { catalog, salt } = this.#options;
    const position = this.#position;
    this.#isWriting = true;
    const bytes = batch.commit(this.#sequence, position);
    await this.#active.file.write(bytes, position);
    await this.#active.file.datasync();
    this.#isWriting = false;
    for (
      let frame = readFrame(bytes, 0, salt);
      frame !== undefined;
      frame = readFrame(bytes, frame.end, salt)
    ) {
      const misfit = catalog.apply(bytes, frame, this.#active, position);
      assert(misfit === undefined, misfit ?? '');
    }
    this.#position += bytes.length;
    this.#sequence += 1;
  }

  /** The next file has its name before the seal leads to it, so a sealed segment without the next one means a loss. */
  async #changeSegment(): Promise<void> {
    const { home, salt, segmentBytes } = this.#options;
    if (this.#checkpoint().length > batchMaxBytes(segmentBytes))
      throw noSpace('the marks of all groups are too much for a segment');
    const spare = (await this.#spare) ?? (await this.#makeSpare());
    // If it can't be named for want of space, the next try has it.
    this.#spare = Promise.resolve(spare);
    const next = await nameSegment(home, spare, this.#sequence + 1);
    this.#spare = undefined;
    const seal = new Batch(salt);
    const fields = { type: frameType.seal, group: 0, index: next.firstSequence, term: 0 };
    seal.add(fields, Buffer.from(next.id, 'latin1'));
    await this.#write(seal);
    this.#active = next;
    this.#segments.push(next);
    this.#position = firstFrame;
  }

  #checkpoint(): Batch {
    const checkpoint = new Batch(this.#options.salt);
    this.#options.catalog.checkpoint(checkpoint);
    return checkpoint;
  }

  /** Makes the next segment's file ahead of time, once this one is half full. */
  #prepare(): void {
    if (this.#spare !== undefined || this.#position * 2 < this.#active.sizeBytes) return;
    this.#spare = this.#makeSpare().catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'No file could be made for the next segment of the log');
      return undefined;
    });
  }

  #makeSpare(): Promise<SpareFile> {
    const { home, runtime, segmentBytes } = this.#options;
    return makeSpare(home, newId(runtime, idBytes), segmentBytes);
  }

  /** Removes the segments that nobody needs, from the oldest on, each durably before the next. */
  async #retire(): Promise<void> {
    const { home, catalog, logger } = this.#options;
    if (this.#segments.length === 1) return;
    const oldestNeeded = Math.min(catalog.oldestNeeded, this.#active.firstSequence);
    try {
      for (let oldest = this.#segments[0]; oldest !== undefined; oldest = this.#segments[0]) {
        if (oldest.firstSequence >= oldestNeeded) return;
        await home.files.unlink(oldest.path);
        await home.files.syncDirectory(home.dir);
        this.#segments.shift();
        await oldest.file.close();
      }
    } catch (error) {
      // It holds nothing that is missed, so nothing is lost with it but space.
      logger.warn({ err: error }, 'An old segment of the log could not be removed');
    }
  }

  #giveUp(error: ActorError, taken: readonly Waiter[]): void {
    const waiting = [...taken, ...this.#queue.flatMap(({ waiters }) => waiters)];
    this.#queue = [];
    this.#queuedBytes = 0;
    // Before a write was begun it is a refusal; after that, nobody knows what the disk has of it.
    if (error.code !== 'ACTOR_STORAGE_FULL' || this.#isWriting)
      this.#failure = storageError(error.cause ?? error, 'writing', 'ACTOR_STORAGE_IO');
    for (const waiter of waiting) waiter.reject(this.#failure ?? error);
  }
}
