// The consuming side of a stream in this process. Credit is granted as values are taken, so the handler is never more
// than `aheadMax` values ahead and what is buffered here is bounded.

import { ActorError } from './errors.ts';
import type { Cause, Stage, StreamSink, Withdrawal } from './reply.ts';

export interface StreamCallOptions {
  readonly cause: Cause | undefined;
  readonly aheadMax: number;
  readonly signal: AbortSignal | undefined;
  /** Sends the request; called with the first `next`. */
  readonly open: (sink: StreamSink) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

const done: IteratorResult<unknown> = { value: undefined, done: true };

/** The sink that travels with the request, and through `iterator` what the consumer iterates. */
export class StreamCall implements StreamSink {
  readonly cause: Cause | undefined;
  readonly deadlineMs: number = Infinity;
  stage: Stage = 'queued';
  withdrawn: Withdrawal | undefined;
  closed = false;
  credit: number;
  onAbort: ((reason: unknown) => void) | undefined;
  onCredit: ((added: number) => void) | undefined;
  readonly #grantSize: number;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#withdraw({ error: this.#signal?.reason });
  readonly #waiting: Waiter[] = [];
  readonly #buffer: unknown[] = [];
  #open: ((sink: StreamSink) => void) | undefined;
  /** Values taken since credit was last granted. */
  #taken = 0;
  /** What the iteration throws after the values that are buffered. */
  #failure: { readonly error: unknown } | undefined;

  constructor({ cause, aheadMax, signal, open }: StreamCallOptions) {
    this.cause = cause;
    this.credit = aheadMax;
    // Half the window at a time: the producer never runs dry, and a remote one gets few messages about credit.
    this.#grantSize = Math.ceil(aheadMax / 2);
    this.#signal = signal;
    this.#open = open;
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

  /** What the consumer iterates; its `return`, which `break` calls, cancels the stream. */
  iterator(): AsyncIterableIterator<unknown> {
    const iterator: AsyncIterableIterator<unknown> = {
      next: () => this.#pull(),
      return: () => {
        this.#withdraw(undefined);
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
    const open = this.#open;
    if (open === undefined || this.closed) return;
    this.#open = undefined;
    if (this.#signal?.aborted === true) {
      this.#close({ error: this.#signal.reason });
      return;
    }
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
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
  #withdraw(failure: { readonly error: unknown } | undefined): void {
    this.#buffer.length = 0;
    if (this.closed) return;
    this.withdrawn = 'cancelled';
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
    this.#signal?.removeEventListener('abort', this.#abort);
    const first = this.#waiting.shift();
    if (first !== undefined && failure !== undefined) {
      this.#failure = undefined;
      first.reject(failure.error);
    } else first?.resolve(done);
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(done);
  }
}
