// The one implementation of ActorRef, for local and foreign actors alike: where messages go, and the method tables of
// the contract, made when they are first used.

import { ActorError } from './errors.ts';
import { Foreign } from './foreign.ts';
import type { Recipient } from './gateway.ts';
import { InterceptedRecipient } from './interceptor.ts';
import type { Kernel } from './kernel.ts';
import type { MethodTable, MethodTables } from './method-table.ts';
import { tablesOf, type Protocol } from './protocol.ts';
import { refBrand, type ActorRef, type Asks, type Streams, type Tells } from './ref.ts';

export class Handle<P extends Protocol> implements ActorRef<P> {
  readonly #kernel: Kernel;
  readonly #recipient: Recipient;
  /** A name alone, for a ref that arrived from another node. */
  readonly #protocol: P | string | undefined;
  #tell: MethodTable | undefined;
  #ask: MethodTable | undefined;
  #stream: MethodTable | undefined;

  constructor(kernel: Kernel, recipient: Recipient, protocol: P | string | undefined) {
    this.#kernel = kernel;
    this.#recipient = recipient;
    this.#protocol = protocol;
  }

  /** What the ref hands its messages to. */
  static wayOf(ref: ActorRef): Recipient {
    if (#recipient in ref) return ref.#recipient;
    throw new ActorError('ACTOR_CONFIG_INVALID', 'This ref was made by another copy of @actor/core.', {
      details: { path: 'ref' },
    });
  }

  /** The same, past every interceptor, and as a local one where an address has turned out to be. */
  static recipientOf(ref: ActorRef): Recipient {
    const way = Handle.wayOf(ref);
    const recipient = way instanceof InterceptedRecipient ? way.inner : way;
    return recipient instanceof Foreign ? (recipient.home ?? recipient) : recipient;
  }

  get address(): string {
    return this.#recipient.address;
  }

  get path(): string {
    return pathOf(this.#recipient.address);
  }

  get uid(): number | undefined {
    return this.#recipient.uid;
  }

  get protocolName(): string | undefined {
    return typeof this.#protocol === 'object' ? this.#protocol.name : this.#protocol;
  }

  get tell(): Tells<P['messages']> {
    this.#tell ??= new (this.#tables().tell)(this.#kernel, this.#recipient);
    return this.#tell as unknown as Tells<P['messages']>;
  }

  get ask(): Asks<P['messages']> {
    this.#ask ??= new (this.#tables().ask)(this.#kernel, this.#recipient);
    return this.#ask as unknown as Asks<P['messages']>;
  }

  get stream(): Streams<P['messages']> {
    this.#stream ??= new (this.#tables().stream)(this.#kernel, this.#recipient);
    return this.#stream as unknown as Streams<P['messages']>;
  }

  as<Q extends Protocol>(protocol: Q): ActorRef<Q> {
    return new Handle(this.#kernel, this.#recipient, protocol);
  }

  toString(): string {
    return this.#recipient.address;
  }

  toJSON(): string {
    return this.#recipient.address;
  }

  #tables(): MethodTables {
    const named = this.#protocol;
    const protocol = typeof named === 'string' ? this.#kernel.protocols.get(named) : named;
    if (protocol !== undefined) return tablesOf(protocol);
    const known =
      typeof named === 'string' ? `speaks "${named}", which this process hasn't used` : 'has no contract';
    throw new ActorError(
      'ACTOR_CONFIG_INVALID',
      `The ref to ${this.address} ${known}; write ref.as(TheProtocol).`,
      { details: { path: 'ref', actor: this.address } },
    );
  }
}

Object.defineProperty(Handle.prototype, refBrand, { value: true });

/** What follows the origin: `tcp://127.0.0.1:8081/a/b` gives `a/b`. */
export function pathOf(address: string): string {
  return address.slice(address.indexOf('/', address.indexOf('://') + 3) + 1);
}
