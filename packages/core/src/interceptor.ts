// Code around every send or every run of a handler: tracing, metrics, authorisation, tenancy. A system without
// interceptors pays nothing for them: they are woven in when a ref or an actor is made, never looked up per message.

import { Envelope, type Headers, type SendResult } from './envelope.ts';
import { ActorError } from './errors.ts';
import type { Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { MessageKind } from './method.ts';

/** A message as an interceptor sees it. */
export interface Intercepted {
  readonly kind: MessageKind;
  readonly method: string;
  readonly payload: unknown;
  /** The address of the actor that gets it. */
  readonly recipient: string;
  /** The address of the actor that sent it; undefined from outside actors. */
  readonly sender: string | undefined;
  readonly headers: Headers | undefined;
}

/** Interceptors of a list nest: the first is the outermost. */
export interface Interceptor {
  /**
   * Wraps a send. Headers given to `next` travel with the message instead of the ones it has. To refuse the message, throw:
   * it becomes a dead letter, a tell is `dropped`, an ask rejects with ACTOR_INTERCEPTED and the error as its cause.
   */
  send?(message: Intercepted, next: (headers?: Headers) => SendResult): SendResult;
  /**
   * Wraps the run of a handler; `next` returns what the handler returns, a promise for an asynchronous one and an async
   * iterable for a stream. What this returns is the answer; what it throws is the handler's failure.
   */
  handle?(message: Intercepted, next: () => unknown): unknown;
}

/** A recipient whose sends go through interceptors. */
export class InterceptedRecipient implements Recipient {
  readonly inner: Recipient;
  readonly #interceptors: readonly Interceptor[];
  readonly #kernel: Pick<Kernel, 'discard'>;

  constructor(inner: Recipient, interceptors: readonly Interceptor[], kernel: Pick<Kernel, 'discard'>) {
    this.inner = inner;
    this.#interceptors = interceptors;
    this.#kernel = kernel;
  }

  get address(): string {
    return this.inner.address;
  }

  get uid(): number | undefined {
    return this.inner.uid;
  }

  send(envelope: Envelope): SendResult {
    let sent = false;
    const last = (final: Envelope): SendResult => {
      sent = true;
      return this.inner.send(final);
    };
    try {
      return this.#through(0, envelope, last);
    } catch (error) {
      if (!sent) this.#refuse(envelope, error);
      return 'dropped';
    }
  }

  watch(watcher: Watcher): void {
    this.inner.watch(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.inner.unwatch(watcher);
  }

  #through(at: number, envelope: Envelope, last: (envelope: Envelope) => SendResult): SendResult {
    const interceptor = this.#interceptors[at];
    if (interceptor === undefined) return last(envelope);
    if (interceptor.send === undefined) return this.#through(at + 1, envelope, last);
    return interceptor.send(intercepted(envelope, this.address), (headers) =>
      this.#through(at + 1, headers === undefined ? envelope : withHeaders(envelope, headers), last),
    );
  }

  #refuse(envelope: Envelope, cause: unknown): void {
    const { address } = this;
    this.#kernel.discard(envelope, address, 'intercepted');
    envelope.reply?.reject(
      new ActorError('ACTOR_INTERCEPTED', `An interceptor refused "${envelope.method.name}" to ${address}.`, {
        details: { actor: address, method: envelope.method.name },
        cause,
      }),
    );
  }
}

export function intercepted(envelope: Envelope, recipient: string): Intercepted {
  const { method, payload, sender, headers } = envelope;
  return { kind: method.kind, method: method.name, payload, recipient, sender: sender?.address, headers };
}

function withHeaders({ method, payload, sender, reply }: Envelope, headers: Headers): Envelope {
  return new Envelope(method, payload, sender, reply, headers);
}
