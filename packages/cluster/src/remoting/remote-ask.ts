// The asking side of asks and streams to one peer: what comes back settles the sink that waits in this process, and what
// the caller withdraws is made void while it is still here, or cancelled over there.

import {
  ActorError,
  type ActorErrorCode,
  actorErrorCodes,
  describeIssues,
  type Envelope,
  isActorError,
  type Method,
  type Outcome,
  type ReplySink,
  type StreamSink,
  validate,
} from '@actor/core';
import type { Outbox } from './outbox.ts';
import type { RemoteRecipient } from './remote-ref.ts';
import { type RemoteRequest, RemoteRequests } from './remote-request.ts';
import { kind } from './wire.ts';

export interface RemoteAsksOptions {
  readonly outbox: Outbox;
  readonly requestsMax: number;
  /** Something was written to the outbox. */
  readonly written: () => void;
  /** A request was withdrawn before it left. */
  readonly onVoid: (request: RemoteRequest) => void;
}

export class RemoteAsks {
  readonly #options: RemoteAsksOptions;
  readonly #requests: RemoteRequests;

  constructor(options: RemoteAsksOptions) {
    this.#options = options;
    this.#requests = new RemoteRequests(options.requestsMax);
  }

  get isFull(): boolean {
    return this.#requests.isFull;
  }

  add(recipient: RemoteRecipient, envelope: Envelope, sink: ReplySink | StreamSink): RemoteRequest {
    return this.#requests.add(recipient, envelope, sink);
  }

  remove(request: RemoteRequest): void {
    this.#requests.remove(request);
  }

  /** From now on the caller may withdraw it, and grant credit. */
  hook(request: RemoteRequest): void {
    const { id, sink } = request;
    sink.onAbort = () => this.#withdraw(request);
    if (sink.kind === 'stream') {
      sink.onCredit = (added) => {
        if (this.#requests.get(id) === request) this.#note(kind.credit, id, added);
      };
    }
  }

  /** An answer to an ask, or a value of a stream; `decode` throws when it is none. */
  answer(id: number, isLast: boolean, decode: () => unknown): void {
    const request = this.#requests.get(id);
    // Withdrawn meanwhile.
    if (request === undefined) return;
    const { sink, envelope, recipient } = request;
    if (isLast !== (sink.kind === 'ask')) {
      this.#break(
        request,
        new ActorError('ACTOR_BAD_FRAME', 'The other node answered in the wrong way.', {
          outcome: 'unknown',
        }),
      );
      return;
    }
    let value: unknown;
    try {
      value = checkedAnswer(envelope.method, recipient.address, decode());
    } catch (error) {
      if (!isActorError(error)) throw error;
      const { code, message, details } = error;
      this.#break(request, new ActorError(code, message, { details, outcome: 'unknown' }));
      return;
    }
    if (sink.kind === 'ask') {
      this.#requests.remove(request);
      sink.resolve(value);
    } else {
      sink.next(value);
      // Beyond its credit the sink has ended the stream.
      if (sink.closed) this.#withdraw(request);
    }
  }

  rejected(id: number, error: ActorError): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.#requests.remove(request);
    request.sink.reject(error);
  }

  ended(id: number): void {
    const request = this.#requests.get(id);
    if (request?.sink.kind !== 'stream') return;
    this.#requests.remove(request);
    request.sink.end();
  }

  started(id: number): void {
    const request = this.#requests.get(id);
    if (request !== undefined) request.sink.stage = 'started';
  }

  /** Another session takes them over. */
  forget(): void {
    this.#requests.drain();
  }

  /** The session has ended: what never left did not happen, the rest may have. */
  end(error: (outcome: Outcome) => ActorError): void {
    for (const { sink } of this.#requests.drain()) {
      sink.reject(error(sink.stage === 'queued' ? 'none' : 'unknown'));
    }
  }

  #break(request: RemoteRequest, error: ActorError): void {
    this.#requests.remove(request);
    request.sink.reject(error);
    if (request.sink.kind === 'stream') this.#note(kind.cancel, request.id, 0);
  }

  #withdraw(request: RemoteRequest): void {
    const { id, sink, batch } = request;
    if (this.#requests.get(id) !== request) return;
    this.#requests.remove(request);
    if (batch?.sent === true) {
      this.#note(kind.cancel, id, sink.withdrawn === 'expired' ? 1 : 0);
    } else {
      this.#options.outbox.void(request);
      this.#options.onVoid(request);
    }
  }

  #note(number: number, id: number, argument: number): void {
    this.#options.outbox.note(number, id, argument);
    this.#options.written();
  }
}

/**
 * An answer that came from outside, checked against the contract.
 * @throws {@link ActorError} ACTOR_PAYLOAD_INVALID
 */
function checkedAnswer(method: Method, address: string, value: unknown): unknown {
  if (method.reply === undefined) return value;
  const result = validate(method.reply, value);
  if (result.issues === undefined) return result.value;
  throw new ActorError(
    'ACTOR_PAYLOAD_INVALID',
    `${address} answered "${method.name}" with what its contract refuses: ${describeIssues(result.issues)}.`,
    { details: { actor: address, method: method.name }, outcome: 'unknown' },
  );
}

const codes: ReadonlySet<string> = new Set(actorErrorCodes);

function isCode(code: string): code is ActorErrorCode {
  return codes.has(code);
}

/** An error as the other node told it. A code that this version does not know is an ACTOR_REMOTE. */
export function remoteError(code: string, message: string, outcome: Outcome, details: unknown): ActorError {
  const known = typeof details === 'object' && details !== null ? details : {};
  if (isCode(code)) return new ActorError(code, message, { outcome, details: { ...known } });
  return new ActorError('ACTOR_REMOTE', message, { outcome, details: { ...known, code } });
}
