// A recipient for an address of another system: what the gateway makes of it, for as long as there is a gateway.

import type { Envelope, SendResult } from './envelope.ts';
import { noSuchActor } from './failure.ts';
import type { Gateway, Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';

export class Foreign implements Recipient {
  readonly address: string;
  readonly uid: number | undefined;
  readonly #kernel: Kernel;
  #gateway: Gateway | undefined;
  #way: Recipient | undefined;

  constructor(kernel: Kernel, address: string, uid: number | undefined) {
    this.#kernel = kernel;
    this.address = address;
    this.uid = uid;
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
    if (gateway !== this.#gateway) {
      this.#gateway = gateway;
      this.#way = gateway?.recipient(this.address, this.uid);
    }
    return this.#way;
  }
}
