// The consuming side of a stream in this process. Credit is granted as values are taken, so the handler is never more
// than `aheadMax` values ahead and what is buffered here is bounded.

import type { Pending } from './deadlines.ts';
import { ActorError } from './errors.ts';
import { askTimeout } from './failure.ts';
import type { Kernel } from './kernel.ts';
import type { Method } from './method.ts';
import type { Cause, Stage, StreamSink, Withdrawal } from './reply.ts';

export interface StreamCallOptions {
  readonly kernel: Pick<Kernel, 'deadlines' | 'runtime'>;
  readonly recipient: { readonly address: string };
  readonly method: Method;
  readonly cause: Cause | undefined;
  readonly aheadMax: number;
  /** Infinity for no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Sends the request; called with the first `next`. */
  readonly open: (sink: StreamCall) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

const done: IteratorResult<unknown> = { value: undefined, done: true };

/** The sink that travels with the request, and through `iterator` what the consumer iterates. */
export class StreamCall implements StreamSink, Pending {
  readonly cause: Cause | undefined;
  readonly timeoutMs: number;
  /** Known when it is opened. */
  deadlineMs: number = Infinity;
  stage: Stage = 'queued';
  withdrawn: Withdrawal | undefined;
  closed = false;
  credit: number;
  onAbort: ((reason: unknown) => void) | undefined;
  onCredit: ((added: number) => void) | undefined;
  before: Pending | undefined;
  after: Pending | undefined;
  readonly #options: StreamCallOptions;
  readonly #grantSize: number;
  readonly #abort = (): void => this.#withdraw('cancelled', { error: this.#options.signal?.reason });
  readonly #waiting: Waiter[] = [];
  readonly #buffer: unknown[] = [];
  #isOpened = false;
  /** Values taken since credit was last granted. */
  #taken = 0;
  /** What the iteration throws after the values that are buffered. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: StreamCallOptions) {
    this.#options = options;
    this.cause = options.cause;
    this.timeoutMs = options.timeoutMs;
    this.credit = options.aheadMax;
    // Half the window at a time: the producer never runs dry, and a remote one gets few messages about credit.
    this.#grantSize = Math.ceil(options.aheadMax / 2);
  }

  get kind(): 'stream' {
    return 'stream';
  }

  next(value: unknown): void {
    if (this.closed) return;
    if (this.credit <= 0) {
      this.reject(new ActorError('ACTOR_BAD_FRAME', 'The producer sent more values than it was asked for.'));
      return;
    }
    this.credit -= 1;
    const waiter = this.#waiting.shift();
    if (waiter === undefined) {
      this.#buffer.push(value);
      return;
    }
    waiter.resolve({ value, done: false });
    this.#grant();
  }

  end(): void {
    this.#close(undefined);
  }

  reject(error: ActorError): void {
    this.#close({ error });
  }

  /** The wheel calls this when the deadline has passed. */
  expire(): void {
    const { recipient, method } = this.#options;
    this.deadlineMs = Infinity;
    this.#withdraw('expired', { error: askTimeout(recipient.address, method, this) });
  }

  /** What the consumer iterates; its `return`, which `break` calls, cancels the stream. */
  iterator(): AsyncIterableIterator<unknown> {
    const iterator: AsyncIterableIterator<unknown> = {
      next: () => this.#pull(),
      return: () => {
        this.#withdraw('cancelled', undefined);
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #pull(): Promise<IteratorResult<unknown>> {
    this.#start();
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift();
      this.#grant();
      return Promise.resolve({ value, done: false });
    }
    if (!this.closed) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve(done) : Promise.reject(failure.error);
  }

  #start(): void {
    if (this.#isOpened || this.closed) return;
    this.#isOpened = true;
    const { signal, open, timeoutMs, kernel } = this.#options;
    if (signal?.aborted === true) {
      this.#close({ error: signal.reason });
      return;
    }
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (timeoutMs < Infinity) {
      this.deadlineMs = kernel.runtime.monotonicMs() + timeoutMs;
      kernel.deadlines.add(this);
    }
    open(this);
  }

  #grant(): void {
    this.#taken += 1;
    if (this.#taken < this.#grantSize || this.closed) return;
    const added = this.#taken;
    this.#taken = 0;
    this.credit += added;
    this.onCredit?.(added);
  }

  /** The consumer gives up: what is buffered goes too. */
  #withdraw(why: Withdrawal, failure: { readonly error: unknown } | undefined): void {
    this.#buffer.length = 0;
    if (this.closed) return;
    this.withdrawn = why;
    this.#close(failure);
    this.onAbort?.(
      failure === undefined
        ? new DOMException('The consumer ended the stream.', 'AbortError')
        : failure.error,
    );
  }

  #close(failure: { readonly error: unknown } | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.#failure = failure;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    if (this.deadlineMs < Infinity) this.#options.kernel.deadlines.remove(this);
    const first = this.#waiting.shift();
    if (first !== undefined && failure !== undefined) {
      this.#failure = undefined;
      first.reject(failure.error);
    } else first?.resolve(done);
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(done);
  }
}
