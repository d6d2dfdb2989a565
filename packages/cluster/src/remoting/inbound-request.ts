// The answering side of asks and streams that came from a peer: sinks that write what a handler gives to the session.

import type { ActorError, Cause, Pending, ReplySink, Stage, StreamSink, Withdrawal } from '@actor/core';

/** The session that a request came through. */
export interface Answers {
  resolve(request: InboundRequest, value: unknown): void;
  reject(request: InboundRequest, error: ActorError): void;
  item(request: InboundStream, value: unknown): void;
  end(request: InboundRequest): void;
  /** The handler has begun; worth telling when the answer takes its time. */
  started(request: InboundRequest): void;
  expired(request: InboundRequest): void;
}

export interface InboundRequestOptions {
  readonly id: number;
  readonly cause: Cause | undefined;
  readonly deadlineMs: number;
  readonly answers: Answers;
}

export class InboundRequest implements Pending {
  readonly id: number;
  readonly cause: Cause | undefined;
  readonly deadlineMs: number;
  // Its place among the deadlines.
  before: Pending | undefined;
  after: Pending | undefined;
  withdrawn: Withdrawal | undefined;
  closed = false;
  onAbort: ((reason: unknown) => void) | undefined;
  protected readonly answers: Answers;
  #stage: Stage = 'delivered';

  constructor({ id, cause, deadlineMs, answers }: InboundRequestOptions) {
    this.id = id;
    this.cause = cause;
    this.deadlineMs = deadlineMs;
    this.answers = answers;
  }

  get stage(): Stage {
    return this.#stage;
  }

  set stage(stage: Stage) {
    if (stage === 'started' && this.#stage !== 'started') this.answers.started(this);
    this.#stage = stage;
  }

  reject(error: ActorError): void {
    if (this.closed) return;
    this.closed = true;
    this.answers.reject(this, error);
  }

  /** The deadline has passed, whatever the asking side does. */
  expire(): void {
    this.answers.expired(this);
  }

  /** The asking side has given up, or is gone. */
  withdraw(why: Withdrawal, reason: unknown): void {
    if (this.closed) return;
    this.withdrawn = why;
    this.closed = true;
    this.onAbort?.(reason);
  }
}

export class InboundAsk extends InboundRequest implements ReplySink {
  readonly kind = 'ask';

  resolve(value: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.answers.resolve(this, value);
  }
}

export class InboundStream extends InboundRequest implements StreamSink {
  readonly kind = 'stream';
  credit: number;
  onCredit: ((added: number) => void) | undefined;

  constructor(options: InboundRequestOptions, credit: number) {
    super(options);
    this.credit = credit;
  }

  next(value: unknown): void {
    if (this.closed) return;
    this.credit -= 1;
    this.answers.item(this, value);
  }

  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.answers.end(this);
  }

  grant(added: number): void {
    if (this.closed) return;
    this.credit += added;
    this.onCredit?.(added);
  }
}
