// A running stream handler. It pulls one value at a time, only against credit, and through the dispatcher, so that a
// stream of values that are ready at once is as fair to timers and sockets as messages are.

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
    kernel.runs += 1;
    this.#run = kernel.runs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cause(): Cause {
    this.#cause ??= new Run(this.self, this.#run, this.#sink.cause);
    return this.#cause;
  }

  /** Runs the handler, which gives its iterable. */
  start(handler: () => AsyncIterable<unknown>): void {
    this.#sink.onAbort = (reason) => this.#stop(reason);
    this.#sink.onCredit = () => this.#schedule();
    try {
      this.#iterator = this.#kernel.runAs(this, handler)[Symbol.asyncIterator]();
    } catch (error) {
      this.#end({ error });
      return;
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
    if (this.#ended || this.#iterator === undefined) return 1;
    const iterator = this.#iterator;
    this.#kernel
      .runAs(this, () => iterator.next())
      .then(
        (result) => {
          this.#pulling = false;
          if (this.#ended) return;
          if (result.done === true) {
            this.#sink.end();
            this.#end(undefined);
            return;
          }
          this.#sink.next(result.value);
          this.#schedule();
        },
        (error: unknown) => {
          if (!this.#ended) this.#end({ error });
        },
      );
    return 1;
  }

  #schedule(): void {
    if (this.#pulling || this.#ended || this.#sink.closed || this.#sink.credit <= 0) return;
    this.#pulling = true;
    this.#kernel.dispatcher.schedule(this);
  }

  #stop(reason: unknown): void {
    if (this.#ended) return;
    this.#controller.abort(reason);
    this.#end(undefined);
    // A generator that waits finishes its wait first; its `finally` runs then. What it throws after the end is of no use.
    void this.#kernel.runAs(this, () => this.#iterator?.return?.()?.catch(() => {}));
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = true;
    this.#sink.onCredit = undefined;
    this.#onEnd(failure);
  }
}
