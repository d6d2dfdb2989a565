// A bounded, one-way feed of values to any number of readers. A reader that is slower than the writer loses its
// oldest values and is told how many: memory stays bounded and nothing is lost silently.

import { ActorError } from './errors.ts';

export interface FeedOptions {
  /** Ends the iteration; the iterator returns, it does not throw. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Values kept for a reader that is behind; the oldest is dropped first.
   * @defaultValue 1024
   */
  readonly bufferMax?: number | undefined;
}

/** What a reader iterates. It is a reader of its own from the moment it was opened, not from its first `next`. */
export interface Feed<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  /** How many values this reader has lost because it was behind. */
  readonly missed: number;
}

/** The writing end. */
export class FeedSource<T> {
  readonly #readers = new Set<Reader<T>>();
  #closed = false;

  /** The number of open readers; a writer may skip making a value for nobody. */
  get readers(): number {
    return this.#readers.size;
  }

  publish(value: T): void {
    for (const reader of this.#readers) reader.push(value);
  }

  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID when `bufferMax` is not a whole number of at least 1. */
  open(options: FeedOptions = {}): Feed<T> {
    const bufferMax = options.bufferMax ?? 1024;
    if (!Number.isInteger(bufferMax) || bufferMax < 1) {
      throw new ActorError(
        'ACTOR_CONFIG_INVALID',
        `bufferMax must be a whole number of at least 1, not ${bufferMax}.`,
        {
          details: { path: 'bufferMax' },
        },
      );
    }
    const reader = new Reader<T>(bufferMax, options.signal, (closed) => this.#readers.delete(closed));
    if (this.#closed || options.signal?.aborted === true) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Ends every reader after what it has buffered. Later readers end at once. */
  close(): void {
    this.#closed = true;
    for (const reader of [...this.#readers]) reader.end();
  }
}

class Reader<T> implements Feed<T> {
  readonly #bufferMax: number;
  readonly #onEnd: (reader: Reader<T>) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#drop();
  readonly #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #buffer: T[] = [];
  #head = 0;
  #ended = false;
  #missed = 0;

  constructor(bufferMax: number, signal: AbortSignal | undefined, onEnd: (reader: Reader<T>) => void) {
    this.#bufferMax = bufferMax;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get missed(): number {
    return this.#missed;
  }

  push(value: T): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      waiter({ value, done: false });
      return;
    }
    this.#buffer.push(value);
    if (this.#buffer.length - this.#head > this.#bufferMax) {
      this.#head += 1;
      this.#missed += 1;
      this.#compact();
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#onEnd(this);
    for (const waiter of this.#waiting.splice(0)) waiter({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#head < this.#buffer.length) {
      const value = this.#buffer[this.#head] as T;
      this.#head += 1;
      this.#compact();
      return Promise.resolve({ value, done: false });
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#drop();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  #drop(): void {
    this.#buffer = [];
    this.#head = 0;
    this.end();
  }

  // Shifting an array by one is linear in its length, so the consumed front is cut off in larger pieces.
  #compact(): void {
    if (this.#head > 64 && this.#head * 2 > this.#buffer.length) {
      this.#buffer = this.#buffer.slice(this.#head);
      this.#head = 0;
    }
  }
}
