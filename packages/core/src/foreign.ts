// A recipient for an address of another system: what the gateway makes of it, for as long as there is a gateway. Only a
// gateway knows where this system itself is reached, so the address may turn out to be its own.

import type { Envelope, SendResult } from './envelope.ts';
import { noSuchActor } from './failure.ts';
import type { Gateway, Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { LocalPath } from './local-path.ts';

export class Foreign implements Recipient {
  readonly address: string;
  readonly uid: number | undefined;
  readonly #kernel: Kernel;
  readonly #local: LocalPath;
  #gateway: Gateway | undefined;
  #way: Recipient | undefined;

  /** `local` is the same path here, for the case that the address is this system's. */
  constructor(kernel: Kernel, address: string, local: LocalPath) {
    this.#kernel = kernel;
    this.#local = local;
    this.address = address;
    this.uid = local.uid;
  }

  /** The same actor as one of this system, if it is. */
  get home(): LocalPath | undefined {
    return this.#recipient() === this.#local ? this.#local : undefined;
  }

  send(envelope: Envelope): SendResult {
    const way = this.#recipient();
    if (way !== undefined) return way.send(envelope);
    this.#kernel.discard(envelope, this.address, 'no-route');
    envelope.reply?.reject(noSuchActor(this.address));
    return 'no-route';
  }

  watch(watcher: Watcher): void {
    const way = this.#recipient();
    if (way === undefined) watcher.terminated(this);
    else way.watch(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#recipient()?.unwatch(watcher);
  }

  #recipient(): Recipient | undefined {
    const { gateway } = this.#kernel;
    // What is here stays reachable without a gateway.
    if (gateway !== this.#gateway && this.#way !== this.#local) {
      this.#gateway = gateway;
      const isHere = gateway !== undefined && this.address.startsWith(`${gateway.origin}/`);
      this.#way = isHere ? this.#local : gateway?.recipient(this.address, this.uid);
    }
    return this.#way;
  }
}
