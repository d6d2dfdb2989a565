// A message in flight: the same object of one fixed shape in a mailbox, a stash, a pool and on its way to another node.

import type { Method } from './method.ts';
import type { ActorRef } from './ref.ts';
import type { ReplySink, StreamSink } from './reply.ts';

/**
 * What became of a send, as far as it is known at once. `accepted`: queued here, not yet delivered. `rejected`: the queue
 * is full and nothing was taken; try later. `dropped`: the queue is full and its policy dropped this message. `no-route`:
 * there is nobody at the address. Whatever is not accepted is a dead letter too.
 */
export type SendResult = 'accepted' | 'rejected' | 'dropped' | 'no-route';

/** Small facts that travel with a message and that handlers don't see: trace ids, tenants. For interceptors. */
export type Headers = Readonly<Record<string, string>>;

export class Envelope {
  readonly method: Method;
  readonly payload: unknown;
  /** The actor whose handler sent it; undefined outside actors. */
  readonly sender: ActorRef | undefined;
  /** Who waits for the answer; undefined for a tell. */
  readonly reply: ReplySink | StreamSink | undefined;
  readonly headers: Headers | undefined;

  constructor(
    method: Method,
    payload: unknown,
    sender: ActorRef | undefined,
    reply?: ReplySink | StreamSink,
    headers?: Headers,
  ) {
    this.method = method;
    this.payload = payload;
    this.sender = sender;
    this.reply = reply;
    this.headers = headers;
  }
}

/** A message without a contract, for sending by address. */
export interface Message {
  readonly name: string;
  readonly payload: unknown;
}

/** Makes a message by name: `system.send(address, message('add', { sku: 'pen', qty: 2 }))`. */
export function message(name: string, payload?: unknown): Message {
  return { name, payload };
}
