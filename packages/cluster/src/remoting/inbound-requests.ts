// The requests of one peer that are open here. They end by their answer, by the peer's word, by their deadline (also when
// the peer can't say so), or with the session.

import { ActorError, isActorError, type Runtime, type Timer } from '@actor/core';
import type { Answers, InboundRequest, InboundStream } from './inbound-request.ts';
import type { Outbox } from './outbox.ts';
import { kind } from './wire.ts';

export interface InboundRequestsOptions {
  readonly outbox: Outbox;
  readonly runtime: Runtime;
  /** Something was written to the outbox. */
  readonly written: () => void;
  /** So much waits for the peer that answers are given up. */
  readonly isClogged: () => boolean;
}

export class InboundRequests implements Answers {
  readonly #options: InboundRequestsOptions;
  readonly #open = new Map<number, InboundRequest>();
  #begun: InboundRequest[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #isEnded = false;

  constructor(options: InboundRequestsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): InboundRequest | undefined {
    return this.#open.get(id);
  }

  add(request: InboundRequest): void {
    this.#open.set(request.id, request);
    if (request.deadlineMs < this.#timerAt) this.#arm(request.deadlineMs);
  }

  cancel(id: number, isExpired: boolean): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    if (isExpired) request.withdraw('expired', pastDeadline());
    else
      request.withdraw('cancelled', new DOMException('The caller has cancelled the request.', 'AbortError'));
  }

  resolve(request: InboundRequest, value: unknown): void {
    this.#open.delete(request.id);
    this.#answer(request, kind.resolve, value);
  }

  item(request: InboundStream, value: unknown): void {
    const error = this.#answer(request, kind.item, value);
    if (error === undefined) return;
    this.#open.delete(request.id);
    request.withdraw('cancelled', error);
  }

  end(request: InboundRequest): void {
    this.#open.delete(request.id);
    if (this.#isEnded) return;
    this.#options.outbox.note(kind.end, request.id);
    this.#options.written();
  }

  reject(request: InboundRequest, error: ActorError): void {
    this.#open.delete(request.id);
    if (this.#isEnded) return;
    this.#options.outbox.reject(request.id, error);
    this.#options.written();
  }

  started(request: InboundRequest): void {
    this.#begun.push(request);
    this.#options.written();
  }

  /** Writes which handlers have begun; one that has answered by now needs no mention. */
  mentionStarted(): void {
    if (this.#begun.length === 0) return;
    for (const { closed, id } of this.#begun) if (!closed) this.#options.outbox.note(kind.started, id);
    this.#begun = [];
  }

  /** The session is over. */
  stop(reason: ActorError): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    for (const request of [...this.#open.values()]) request.withdraw('link-lost', reason);
    this.#open.clear();
  }

  /** Answers, or tells the asking side why there is no answer and returns that. */
  #answer(
    request: InboundRequest,
    number: typeof kind.resolve | typeof kind.item,
    value: unknown,
  ): ActorError | undefined {
    if (this.#isEnded) return undefined;
    const { outbox, isClogged, written } = this.#options;
    let failure: ActorError | undefined;
    if (isClogged()) {
      failure = new ActorError('ACTOR_SEND_QUEUE_FULL', 'The answer did not fit the queue of its node.', {
        outcome: 'unknown',
      });
    } else {
      try {
        outbox.answer(number, request.id, value);
      } catch (error) {
        if (!isActorError(error)) throw error;
        const { code, message, details } = error;
        failure = new ActorError(code, `The answer was lost: ${message}`, { details, outcome: 'unknown' });
      }
    }
    if (failure !== undefined) outbox.reject(request.id, failure);
    written();
    return failure;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    const { runtime } = this.#options;
    this.#timer = runtime.after(Math.max(0, at - runtime.monotonicMs()), () => this.#expire());
  }

  #expire(): void {
    const now = this.#options.runtime.monotonicMs();
    this.#timerAt = Infinity;
    let next = Infinity;
    for (const request of [...this.#open.values()]) {
      if (request.deadlineMs > now) next = Math.min(next, request.deadlineMs);
      else {
        this.#open.delete(request.id);
        request.withdraw('expired', pastDeadline());
      }
    }
    if (next < this.#timerAt) this.#arm(next);
  }
}

function pastDeadline(): DOMException {
  return new DOMException('The deadline of the request has passed.', 'TimeoutError');
}
