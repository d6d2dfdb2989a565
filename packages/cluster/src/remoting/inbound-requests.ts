// The requests of one peer that are open here. They end by their answer, by the peer's word, by their deadline (also when
// the peer can't say so), or with the session.

import { ActorError, type Deadlines, isActorError } from '@actor/core';
import type { Answers, InboundRequest, InboundStream } from './inbound-request.ts';
import type { Outbox } from './outbox.ts';
import { kind } from './wire.ts';

export interface InboundRequestsOptions {
  readonly outbox: Outbox;
  readonly deadlines: Deadlines;
  /** Something was written to the outbox. */
  readonly written: () => void;
  /** So much waits for the peer that answers are given up. */
  readonly isClogged: () => boolean;
}

export class InboundRequests implements Answers {
  readonly #options: InboundRequestsOptions;
  readonly #open = new Map<number, InboundRequest>();
  #begun: InboundRequest[] = [];
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
    if (request.deadlineMs !== Infinity) this.#options.deadlines.add(request);
  }

  cancel(id: number, isExpired: boolean): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#close(request);
    if (isExpired) request.withdraw('expired', pastDeadline());
    else
      request.withdraw('cancelled', new DOMException('The caller has cancelled the request.', 'AbortError'));
  }

  resolve(request: InboundRequest, value: unknown): void {
    this.#close(request);
    this.#answer(request, kind.resolve, value);
  }

  item(request: InboundStream, value: unknown): void {
    const error = this.#answer(request, kind.item, value);
    if (error === undefined) return;
    this.#close(request);
    request.withdraw('cancelled', error);
  }

  end(request: InboundRequest): void {
    this.#close(request);
    if (this.#isEnded) return;
    this.#options.outbox.note(kind.end, request.id);
    this.#options.written();
  }

  reject(request: InboundRequest, error: ActorError): void {
    this.#close(request);
    if (this.#isEnded) return;
    this.#options.outbox.reject(request.id, error);
    this.#options.written();
  }

  started(request: InboundRequest): void {
    this.#begun.push(request);
    this.#options.written();
  }

  expired(request: InboundRequest): void {
    this.#open.delete(request.id);
    request.withdraw('expired', pastDeadline());
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
    for (const request of [...this.#open.values()]) {
      this.#close(request);
      request.withdraw('link-lost', reason);
    }
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

  /** One that was refused was never open. */
  #close(request: InboundRequest): void {
    if (this.#open.get(request.id) !== request) return;
    this.#open.delete(request.id);
    if (request.deadlineMs !== Infinity) this.#options.deadlines.remove(request);
  }
}

function pastDeadline(): DOMException {
  return new DOMException('The deadline of the request has passed.', 'TimeoutError');
}
