// A running stream handler. It pulls one value at a time, only against credit, and through the dispatcher, so that a
// stream of values that are ready at once is as fair to timers and sockets as messages are.

import { isThenable } from './activity.ts';
import type { Runnable } from './dispatcher.ts';
import type { Envelope } from './envelope.ts';
import type { ActorError } from './errors.ts';
import type { Kernel, Speaker } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import type { Cause, StreamSink } from './reply.ts';
import { Run } from './run.ts';

export class StreamRun implements Runnable, Speaker {
  readonly self: ActorRef;
  readonly envelope: Envelope;
  readonly #kernel: Kernel;
  readonly #sink: StreamSink;
  readonly #controller = new AbortController();
  readonly #onEnd: (failure: { readonly error: unknown } | undefined) => void;
  readonly #run: number;
  #iterator: AsyncIterator<unknown> | undefined;
  #cause: Run | undefined;
  #pulling = false;
  #ended = false;

  constructor(
    kernel: Kernel,
    actor: { readonly self: ActorRef; readonly envelope: Envelope; readonly sink: StreamSink },
    onEnd: (failure: { readonly error: unknown } | undefined) => void,
  ) {
    this.self = actor.self;
    this.envelope = actor.envelope;
    this.#kernel = kernel;
    this.#sink = actor.sink;
    this.#onEnd = onEnd;
    this.#run = kernel.nextRun();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cause(): Cause {
    this.#cause ??= new Run(this.self, this.#run, this.#sink.cause);
    return this.#cause;
  }

  /** Runs the handler, which gives its iterable; an interceptor around it may let that be waited for. */
  start(handler: () => unknown): void {
    this.#sink.onAbort = (reason) => this.#stop(reason);
    this.#sink.onCredit = () => this.#schedule();
    const kernel = this.#kernel;
    const before = kernel.current;
    kernel.current = this;
    try {
      const values = kernel.runAs(this, handler);
      const iterable = isThenable(values) ? unwrapped(values) : values;
      this.#iterator = (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    } catch (error) {
      this.#fail(error);
      return;
    } finally {
      kernel.current = before;
    }
    this.#schedule();
  }

  /** Ends it because its actor ends. */
  stop(error: ActorError): void {
    if (this.#ended) return;
    this.#sink.onAbort = undefined;
    this.#sink.reject(error);
    this.#stop(error);
  }

  run(): number {
    const iterator = this.#iterator;
    if (this.#ended || iterator === undefined) return 1;
    try {
      Promise.resolve(this.#kernel.runAs(this, () => iterator.next()))
        .then((result) => this.#take(result))
        .catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
    return 1;
  }

  // An iterator that breaks its contract makes this throw, and fails its stream.
  #take(result: IteratorResult<unknown>): void {
    this.#pulling = false;
    if (this.#ended) return;
    if (typeof result !== 'object') throw new TypeError('An iterator gave a result that is none.');
    if (result.done === true) {
      this.#sink.end();
      this.#end(undefined);
    } else {
      this.#sink.next(result.value);
      this.#schedule();
    }
  }

  #fail(error: unknown): void {
    if (!this.#ended) this.#end({ error });
  }

  #schedule(): void {
    if (this.#pulling || this.#ended || this.#sink.closed || this.#sink.credit <= 0) return;
    this.#pulling = true;
    this.#kernel.dispatcher.schedule(this);
  }

  #stop(reason: unknown): void {
    if (this.#ended) return;
    this.#end(undefined);
    const kernel = this.#kernel;
    const before = kernel.current;
    kernel.current = this;
    try {
      this.#controller.abort(reason);
      // A generator that waits finishes its wait first; its `finally` runs then. What it throws after the end is of no use.
      const returned: unknown = kernel.runAs(this, () => this.#iterator?.return?.());
      Promise.resolve(returned).catch(() => {});
    } catch {
      // Thrown at once instead of after a wait.
    } finally {
      kernel.current = before;
    }
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = true;
    this.#sink.onCredit = undefined;
    this.#onEnd(failure);
  }
}

async function* unwrapped(values: PromiseLike<unknown>): AsyncGenerator<unknown> {
  yield* (await values) as AsyncIterable<unknown>;
}
