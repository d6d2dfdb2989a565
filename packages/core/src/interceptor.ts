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
  readonly name: string;
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
   * Wraps a send. `next` sends it on, once and before this returns. Headers given to it travel with the message instead of
   * the ones it has. To refuse the message, throw: it becomes a dead letter, a tell is `dropped`, an ask rejects with
   * ACTOR_INTERCEPTED and the error as its cause. The sender gets what `next` gave.
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
    // What became of the message is told by this, whatever an interceptor returns or throws afterwards.
    let result: SendResult | undefined;
    let refusal: unknown = new Error('An interceptor did not send it on.');
    try {
      this.#through(0, envelope, (final) => (result ??= this.inner.send(final)));
    } catch (error) {
      refusal = error;
    }
    // One that sends it on later is too late.
    return (result ??= this.#refuse(envelope, refusal));
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

  #refuse(envelope: Envelope, cause: unknown): SendResult {
    const { address } = this;
    this.#kernel.discard(envelope, address, 'intercepted');
    envelope.reply?.reject(
      new ActorError('ACTOR_INTERCEPTED', `An interceptor refused "${envelope.method.name}" to ${address}.`, {
        details: { actor: address, method: envelope.method.name },
        cause,
      }),
    );
    return 'dropped';
  }
}

export function intercepted(envelope: Envelope, recipient: string): Intercepted {
  const { method, payload, sender, headers } = envelope;
  return { kind: method.kind, name: method.name, payload, recipient, sender: sender?.address, headers };
}

function withHeaders({ method, payload, sender, reply }: Envelope, headers: Headers): Envelope {
  return new Envelope(method, payload, sender, reply, headers);
}
