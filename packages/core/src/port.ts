// The system's side of the joint to a gateway, see gateway.ts; and how an address becomes a recipient.

import type { Cell } from './cell.ts';
import type { DeadLetter } from './dead-letter.ts';
import { Envelope, type Message, type SendResult } from './envelope.ts';
import { ActorError } from './errors.ts';
import { payloadInvalid } from './failure.ts';
import { Foreign } from './foreign.ts';
import type { ForeignRef, Gateway, GatewayPort, Inbound, Recipient, Watcher } from './gateway.ts';
import { Handle, pathOf } from './handle.ts';
import type { Kernel } from './kernel.ts';
import { LocalPath } from './local-path.ts';
import { methodFor, type Method } from './method.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import { describeIssues, validate } from './standard-schema.ts';

export class Port implements GatewayPort {
  readonly #kernel: Kernel;
  readonly #root: Cell;

  constructor(kernel: Kernel, root: Cell) {
    this.#kernel = kernel;
    this.#root = root;
  }

  attach(gateway: Gateway): GatewayPort {
    if (this.#kernel.gateway !== undefined) {
      throw new ActorError('ACTOR_CONFIG_INVALID', 'The system has a gateway already.', {
        details: { path: 'gateway', origin: this.#kernel.origin },
      });
    }
    this.#kernel.gateway = gateway;
    this.#kernel.origin = gateway.origin;
    return this;
  }

  detach(): void {
    this.#kernel.gateway = undefined;
    if (this.#kernel.stopped) this.#kernel.closeFeeds();
  }

  deliver(inbound: Inbound): SendResult {
    const { path, uid, kind, payload, sender, reply, headers } = inbound;
    const to = this.#local(path, uid);
    const cell = to.occupant();
    const method = methodFor(cell?.protocol.methods, inbound.method, kind);
    const checked = check(method, payload);
    const envelope = new Envelope(
      method,
      'value' in checked ? checked.value : payload,
      sender,
      reply,
      headers,
    );
    if (reply !== undefined) reply.stage = 'delivered';
    if (!('why' in checked)) return cell === undefined ? to.send(envelope) : cell.send(envelope);
    this.#kernel.discard(envelope, to.address, 'payload-invalid');
    reply?.reject(payloadInvalid(to.address, method, checked.why));
    return 'dropped';
  }

  /** A message without a contract, as a tell; what its receiver's schema refuses goes no further. */
  send(to: ActorRef, { name, payload }: Message): SendResult {
    const kernel = this.#kernel;
    const method = methodFor(this.localCell(Handle.recipientOf(to))?.protocol.methods, name, 'tell');
    const checked = check(method, payload);
    const value = 'value' in checked ? checked.value : payload;
    const envelope = new Envelope(method, value, kernel.speaker()?.self);
    kernel.sent += 1;
    if (!('why' in checked)) return Handle.wayOf(to).send(envelope);
    kernel.discard(envelope, to.address, 'payload-invalid');
    return 'dropped';
  }

  ref<P extends Protocol = Protocol>(address: string, options: ForeignRef<P> = {}): ActorRef<P> {
    const { protocol, uid } = options;
    if (typeof protocol === 'object') this.#kernel.protocols.set(protocol.name, protocol);
    return this.#kernel.ref(this.#recipient(address, uid), protocol);
  }

  local(path: string, uid: number | undefined): Recipient {
    return this.#local(path, uid);
  }

  watch(path: string, uid: number | undefined, watcher: Watcher): void {
    this.#local(path, uid).watch(watcher);
  }

  unwatch(path: string, uid: number | undefined, watcher: Watcher): void {
    this.#local(path, uid).unwatch(watcher);
  }

  deadLetter(letter: DeadLetter): void {
    this.#kernel.deadLetter(letter);
  }

  /** The living actor behind a recipient, if it is one of this system. */
  localCell(recipient: Recipient): Cell | undefined {
    if (recipient instanceof LocalPath) return recipient.occupant();
    return recipient instanceof Foreign ? undefined : (recipient as Cell);
  }

  #recipient(address: string, uid: number | undefined): Recipient {
    if (!address.includes('://')) return this.#local(address, uid);
    const local = this.#local(pathOf(address), uid);
    // Addresses from before the gateway came go on working, and the gateway's while the next one is on its way.
    const { localOrigin, origin: present } = this.#kernel;
    const isHere = [localOrigin, present].some((origin) => address.startsWith(`${origin}/`));
    return isHere ? local : new Foreign(this.#kernel, address, local);
  }

  #local(path: string, uid: number | undefined): LocalPath {
    return new LocalPath(this.#kernel, this.#root, { path, uid });
  }
}

function check(method: Method, payload: unknown): { readonly value: unknown } | { readonly why: string } {
  if (method.payload === undefined) return { value: payload };
  const result = validate(method.payload, payload);
  return result.issues === undefined ? { value: result.value } : { why: describeIssues(result.issues) };
}
