// What a ref to an actor on another node hands its messages to. It outlives sessions: it looks for the present one of
// the node at its origin whenever the last has ended.

import type { Envelope, Recipient, SendResult, Watcher } from '@actor/core';
import type { PeerLink } from './peer-link.ts';

/** How a recipient finds its way. */
export interface Routes {
  /** The open session with the node at that origin. */
  linkTo(origin: string): PeerLink | undefined;
  /** The actor itself, when the origin is another name of this node. */
  atHome(origin: string, path: string, uid: number | undefined): Recipient | undefined;
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
  #home: Recipient | undefined;
  /** Who watches at home: whoever is told there has to be told of the ref that was watched. */
  #watchers: Map<Watcher, Watcher> | undefined;

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
    if (link !== undefined) return link.send(this, envelope);
    const home = this.#atHome();
    return home === undefined ? this.#routes.noRoute(this, envelope) : home.send(envelope);
  }

  watch(watcher: Watcher): void {
    const link = this.#present();
    if (link !== undefined) {
      link.watches.watch(this, watcher);
      return;
    }
    const home = this.#atHome();
    // Nobody is at an address that leads to no member.
    if (home === undefined) watcher.terminated(this);
    else home.watch(this.#proxyOf(watcher));
  }

  unwatch(watcher: Watcher): void {
    this.#present()?.watches.unwatch(this, watcher);
    const proxy = this.#watchers?.get(watcher);
    if (proxy === undefined) return;
    this.#watchers?.delete(watcher);
    this.#home?.unwatch(proxy);
  }

  #atHome(): Recipient | undefined {
    return (this.#home ??= this.#routes.atHome(this.#origin, this.path, this.uid));
  }

  #proxyOf(watcher: Watcher): Watcher {
    this.#watchers ??= new Map();
    const known = this.#watchers.get(watcher);
    if (known !== undefined) return known;
    const proxy: Watcher = {
      terminated: () => {
        this.#watchers?.delete(watcher);
        watcher.terminated(this);
      },
    };
    this.#watchers.set(watcher, proxy);
    return proxy;
  }

  #present(): PeerLink | undefined {
    if (this.#link?.isOpen !== true) this.#link = this.#routes.linkTo(this.#origin);
    return this.#link;
  }
}
