// The write-ahead log as a LogStorage: one stream of checksummed batches in a directory of its own, for all groups.

import {
  ActorError,
  type LogDamage,
  type LogEntry,
  type LogPosition,
  type LogState,
  type LogStorage,
  type LogWrite,
  type PluginContext,
  type StartOptions,
} from '@actor/core';

import { advance, emptyBounds, type LogBounds } from '../log-bounds.ts';
import { sizeOf } from './batch.ts';
import { Catalog } from './catalog.ts';
import { batchMaxBytes, Committer } from './committer.ts';
import { readEntries } from './entry-reader.ts';
import { LogIndex } from './log-index.ts';
import { type OpenLog, openLog } from './opening.ts';
import { corrupt, noSpace, storageError } from './storage-error.ts';

export interface FileStorageOptions {
  /** A directory for this log alone, on a local disk. It is made when it is not there. */
  readonly dir: string;
  /**
   * The size of each file, in bytes. An append may take a quarter of it.
   * @defaultValue 67_108_864
   */
  readonly segmentBytes?: number;
  /**
   * How much may wait for the sync that is under way, in bytes; more is refused with ACTOR_STORAGE_FULL.
   * @defaultValue 67_108_864
   */
  readonly pendingMaxBytes?: number;
  /**
   * How many groups the log may have.
   * @defaultValue 1_024
   */
  readonly groupsMax?: number;
}

export type FileStorageContext = Pick<PluginContext, 'runtime' | 'files' | 'logger' | 'clusterName'>;

const mebibytes = 1_048_576;
const clusterNameMaxBytes = 256;

/**
 * A log storage in files.
 *
 * @example
 * const storage = fileStorage({ dir: './data/log' });
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the option that is wrong.
 */
export function fileStorage(options: FileStorageOptions): (context: FileStorageContext) => WriteAheadLog {
  const { dir, segmentBytes = 64 * mebibytes, pendingMaxBytes = 64 * mebibytes, groupsMax = 1_024 } = options;
  if (typeof dir !== 'string' || dir === '') throw invalid('dir', 'must name a directory');
  requireWhole('segmentBytes', segmentBytes, 16_384, 1_024 * mebibytes);
  requireWhole('pendingMaxBytes', pendingMaxBytes, 1, Number.MAX_SAFE_INTEGER);
  requireWhole('groupsMax', groupsMax, 1, 2 ** 32);
  const whole = { dir: dir.replace(/(?<=.)\/+$/, ''), segmentBytes, pendingMaxBytes, groupsMax };
  return (context) => new WriteAheadLog(context, whole);
}

export class WriteAheadLog implements LogStorage {
  readonly durable = true;
  readonly #context: FileStorageContext;
  readonly #options: Required<FileStorageOptions>;
  #catalog = new Catalog();
  /** Where each group's log will end once all that waits is durable; groups with nothing waiting may be missing. */
  readonly #accepted = new Map<number, LogBounds>();
  readonly #damage: LogDamage[] = [];
  #log: OpenLog | undefined;
  #committer: Committer | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(context: FileStorageContext, options: Required<FileStorageOptions>) {
    this.#context = context;
    this.#options = options;
  }

  start(options: StartOptions = {}): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(stopped());
    if (this.#starting !== undefined) return this.#starting;
    const starting = this.#start(options.signal);
    this.#starting = starting;
    // One that failed may be tried again: the other process may have gone.
    starting.catch(() => {
      this.#starting = undefined;
    });
    return starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  damage(): readonly LogDamage[] {
    return [...this.#damage];
  }

  groups(): readonly number[] {
    return this.#catalog.groups;
  }

  state(group: number): LogState {
    return (this.#catalog.find(group) ?? new LogIndex()).state;
  }

  term(group: number, index: number): number | undefined {
    return (this.#catalog.find(group) ?? new LogIndex()).term(index);
  }

  async read(group: number, from: number, to: number, maxBytes: number): Promise<readonly LogEntry[]> {
    const { salt } = this.#running();
    const log = this.#catalog.find(group) ?? new LogIndex();
    demandRange(log, from, to);
    try {
      return await readEntries(log, { group, from, to, maxBytes }, salt);
    } catch (error) {
      // A file that held only entries which nobody needs may have gone while it was read.
      demandRange(log, from, to);
      const failure = storageError(error, 'reading');
      if (failure.code === 'ACTOR_STORAGE_CORRUPT') this.#noteDamage(failure);
      throw failure;
    }
  }

  // Async, so that what is wrong with a call is a rejection.
  async append(writes: readonly LogWrite[]): Promise<void> {
    this.#running();
    const committer = this.#committer;
    const damaged = this.#damage[0];
    if (damaged !== undefined || committer === undefined) throw corrupt(damaged?.why ?? 'it has no end');
    if (committer.failure !== undefined) throw committer.failure;
    if (committer.isIdle) this.#accepted.clear();
    const bytes = this.#measure(writes, committer.queuedBytes);
    const ahead = new Map<number, LogBounds>();
    for (const write of writes)
      ahead.set(write.group, advance(ahead.get(write.group) ?? this.#bounds(write.group), write));
    this.#demandGroups([...ahead.keys()]);
    for (const [group, bounds] of ahead) this.#accepted.set(group, bounds);
    await committer.submit(writes, bytes);
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { clusterName } = this.#context;
    if (Buffer.byteLength(clusterName) > clusterNameMaxBytes)
      throw invalid('clusterName', `must have ${clusterNameMaxBytes} bytes at most`);
    let log: OpenLog;
    try {
      log = await openLog({ ...this.#context, ...this.#options });
    } catch (error) {
      throw storageError(error, `opening ${this.#options.dir}`);
    }
    this.#log = log;
    if (signal?.aborted === true || this.#stopping !== undefined) {
      await this.#close();
      signal?.throwIfAborted();
      throw stopped();
    }
    const { recovery, home, salt, segments } = log;
    this.#catalog = recovery.catalog;
    this.#damage.push(...recovery.damage);
    const { end } = recovery;
    if (end === undefined) return;
    const { runtime, logger } = this.#context;
    const { segmentBytes } = this.#options;
    const catalog = recovery.catalog;
    this.#committer = new Committer({ home, runtime, logger, catalog, salt, segmentBytes, segments, end });
  }

  async #stop(): Promise<void> {
    // A start that fails has been reported to whoever started.
    await this.#starting?.catch(() => {});
    await this.#close();
  }

  async #close(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    if (log === undefined) return;
    try {
      await this.#committer?.drain();
      for (const { file } of log.segments) await file.close();
    } catch (error) {
      throw storageError(error, 'closing');
    } finally {
      await log.lock.release();
    }
  }

  #running(): OpenLog {
    if (this.#stopping !== undefined) throw stopped();
    if (this.#log !== undefined) return this.#log;
    throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The log storage is not started.');
  }

  #bounds(group: number): LogBounds {
    const accepted = this.#accepted.get(group);
    if (accepted !== undefined) return accepted;
    const log = this.#catalog.find(group);
    return log === undefined ? emptyBounds : { base: log.base.index, last: log.lastIndex };
  }

  #measure(writes: readonly LogWrite[], queuedBytes: number): number {
    let bytes = 0;
    for (const write of writes) bytes += sizeOf(write);
    const limitBytes = batchMaxBytes(this.#options.segmentBytes);
    if (bytes > limitBytes) {
      const why = `An append of ${bytes} bytes is more than a batch of the log takes, ${limitBytes}.`;
      throw new ActorError('ACTOR_FRAME_TOO_LARGE', why, { details: { bytes, limitBytes } });
    }
    if (queuedBytes > 0 && queuedBytes + bytes > this.#options.pendingMaxBytes)
      throw noSpace(`${queuedBytes} bytes wait to be written already`);
    return bytes;
  }

  #demandGroups(written: readonly number[]): void {
    for (const group of written) {
      if (this.#catalog.find(group) !== undefined || this.#accepted.has(group)) continue;
      const known = new Set([...this.#catalog.groups, ...this.#accepted.keys(), ...written]);
      if (known.size > this.#options.groupsMax)
        throw noSpace(`it has ${this.#options.groupsMax} groups already`);
    }
  }

  #noteDamage({ details }: ActorError): void {
    const { group, index, term, why } = details;
    if (this.#damage.some((known) => known.group === group && known.index === index)) return;
    if (typeof group !== 'number' || typeof index !== 'number') return;
    const at: Partial<LogPosition> = typeof term === 'number' ? { index, term } : { index };
    this.#damage.push({ group, ...at, why: String(why) });
  }
}

function demandRange(log: LogIndex, from: number, to: number): void {
  const [first, last] = [log.base.index + 1, log.lastIndex];
  if (from >= first && to <= last && from <= to) return;
  throw new ActorError('ACTOR_ASSERTION', `Entries ${from} to ${to} are outside of ${first} to ${last}.`, {
    outcome: 'none',
  });
}

function requireWhole(path: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw invalid(path, `must be a whole number from ${least} to ${most}, not ${value}`);
}

function invalid(path: string, why: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path} ${why}.`, { details: { path } });
}

function stopped(): ActorError {
  return new ActorError('ACTOR_NODE_STOPPED', 'The log storage is stopped.');
}
