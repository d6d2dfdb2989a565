// What an actor is doing: one thing at a time, a handler, a hook or a timer's body, from its first line to its end. The
// order of such runs is in life.ts. The fields of a cell are private by declaration and not by `#`: V8 keeps an object with
// this many `#` fields in a slow form, four times as large.

import { terminated } from './failure.ts';
import type { Kernel, Speaker } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import type { Cause } from './reply.ts';
import { Run } from './run.ts';
import type { Timer } from './runtime.ts';

export type Failure = { readonly error: unknown } | undefined;

export abstract class Activity implements Speaker {
  readonly kernel: Kernel;
  abstract readonly self: ActorRef;
  abstract readonly address: string;
  /** Something asynchronous is under way. */
  protected busy = false;
  /** The run that is under way; 0 for none. */
  protected runId = 0;
  private currentRun: Run | undefined = undefined;
  private aborter: AbortController | undefined = undefined;
  private limit: Timer | undefined = undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** The request that the run under way answers. */
  protected abstract request(): { readonly cause: Cause | undefined } | undefined;
  /** Goes on with what there is to do. */
  protected abstract rouse(): void;

  protected begin(): void {
    this.runId = this.kernel.nextRun();
  }

  protected end(): void {
    this.runId = 0;
    this.currentRun = undefined;
    this.aborter = undefined;
    if (this.limit !== undefined) this.lift();
  }

  private lift(): void {
    this.limit?.cancel();
    this.limit = undefined;
  }

  /** Runs a body to its end; throwing and rejecting are one. */
  protected perform(body: () => unknown, promising: boolean, done: (failure: Failure) => void): void {
    const over = (failure: Failure): void => {
      // As in a handler: to throw the reason of one's own aborted signal is not a failure.
      const gaveUp = failure !== undefined && this.gaveUpWith(failure.error);
      this.end();
      done(gaveUp ? undefined : failure);
    };
    this.begin();
    let result: unknown;
    let waits: boolean;
    try {
      result = promising ? this.kernel.runAs(this.asRun(), body) : body();
      waits = isThenable(result);
    } catch (error) {
      over({ error });
      return;
    }
    if (!waits) over(undefined);
    else this.follow(result, over);
  }

  /** Calls back when the promise settles, unless the run has been cut off; until then nothing else runs. */
  protected follow(promise: unknown, over: (failure: Failure, value?: unknown) => void): void {
    const { runId, kernel } = this;
    this.busy = true;
    const settle = (failure: Failure, value?: unknown): void => {
      if (this.runId !== runId) return;
      this.busy = false;
      const before = kernel.current;
      kernel.current = this;
      over(failure, value);
      kernel.current = before;
      this.rouse();
    };
    const fail = (error: unknown): void => settle({ error });
    // Even a promise may be changed so that it throws here, or calls back at once.
    try {
      void Promise.resolve(promise).then((value) => settle(undefined, value), fail);
    } catch (error) {
      kernel.runtime.microtask(() => fail(error));
    }
  }

  /** Forgets the run that is under way: what comes of it reaches nobody. */
  protected abandon(): void {
    this.abort();
    this.busy = false;
    this.end();
  }

  /** Gives what is under way so long to end, and then calls `late`. */
  protected limitTo(ms: number, late: () => void): void {
    this.limit ??= this.kernel.runtime.after(ms, late);
  }

  /** The run under way as the chain of asks knows it. */
  protected asRun(): Run {
    this.currentRun ??= new Run(this.self, this.runId, this.request()?.cause);
    return this.currentRun;
  }

  cause(): Cause {
    return this.asRun();
  }

  /** Aborts with the run that is under way. */
  protected controller(): AbortController {
    this.aborter ??= new AbortController();
    return this.aborter;
  }

  /** The signal of the run under way is aborted, and this error is its reason: the run gave up. */
  protected gaveUpWith(error: unknown): boolean {
    const signal = this.aborter?.signal;
    return signal?.aborted === true && signal.reason === error;
  }

  protected abort(
    reason: unknown = terminated(this.address, 'stops'),
    controller: AbortController = this.controller(),
  ): void {
    // Who listens runs as this actor, whoever stops it.
    const { kernel } = this;
    const before = kernel.current;
    kernel.current = this;
    controller.abort(reason);
    kernel.current = before;
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
