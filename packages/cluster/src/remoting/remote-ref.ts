// What a ref to an actor on another node hands its messages to. It outlives sessions: it looks for the present one of
// the node at its origin whenever the last has ended.

import type { Envelope, Recipient, SendResult, Watcher } from '@actor/core';
import type { PeerLink } from './peer-link.ts';

/** How a recipient finds its way. */
export interface Routes {
  /** The open session with the node at that origin. */
  linkTo(origin: string): PeerLink | undefined;
  /** Accounts for a message that has no way to go. */
  noRoute(recipient: Recipient, envelope: Envelope): SendResult;
}

export class RemoteRecipient implements Recipient {
  readonly address: string;
  readonly uid: number | undefined;
  readonly path: string;
  readonly #origin: string;
  readonly #routes: Routes;
  #link: PeerLink | undefined;

  constructor(address: string, uid: number | undefined, routes: Routes) {
    const slash = address.indexOf('/', address.indexOf('://') + 3);
    this.address = address;
    this.uid = uid;
    this.path = slash < 0 ? '' : address.slice(slash + 1);
    this.#origin = slash < 0 ? address : address.slice(0, slash);
    this.#routes = routes;
  }

  send(envelope: Envelope): SendResult {
    const link = this.#present();
    return link === undefined ? this.#routes.noRoute(this, envelope) : link.send(this, envelope);
  }

  watch(watcher: Watcher): void {
    const link = this.#present();
    // Nobody is at an address that leads to no member.
    if (link === undefined) watcher.terminated(this);
    else link.watches.watch(this, watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#present()?.watches.unwatch(this, watcher);
  }

  #present(): PeerLink | undefined {
    if (this.#link?.isOpen !== true) this.#link = this.#routes.linkTo(this.#origin);
    return this.#link;
  }
}
