// The links of one transport: at most one per node, found by node and by every address that leads to it.

import { formatAddress, type NodeAddress, type NodeId } from '@actor/core';
import type { Hello } from './hello.ts';
import { Link, type LinkEvents, type LinkOptions } from './link.ts';

export class LinkTable {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #byNode = new Map<NodeId, Link>();
  readonly #byAddress = new Map<string, Link>();

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  get size(): number {
    return this.#byNode.size;
  }

  /** Links in any state. */
  all(): Link[] {
    return [...this.#byNode.values()];
  }

  up(): Link[] {
    return this.all().filter((link) => link.state === 'up');
  }

  with(nodeId: NodeId): Link | undefined {
    return this.#byNode.get(nodeId);
  }

  /** The link that is up and used for the address. */
  at(key: string): Link | undefined {
    const link = this.#byAddress.get(key);
    return link?.state === 'up' ? link : undefined;
  }

  /** A new link takes the place of the one that there was with the node, which goes down first. */
  create(peer: Hello, linkId: string, isDialledHere: boolean): Link {
    const link = new Link({ ...peer, linkId }, isDialledHere, this.#options, {
      onUp: (up) => {
        this.alias(up, up.peer.address);
        this.#events.onUp(up);
      },
      onFrame: (from, frame, lane) => this.#events.onFrame(from, frame, lane),
      onDown: (down, error) => this.#onDown(down, error),
    });
    const old = this.#byNode.get(link.peer.nodeId);
    this.#byNode.set(link.peer.nodeId, link);
    old?.destroy();
    return link;
  }

  /** From now on frames for the address go over the link. */
  alias(link: Link, address: NodeAddress): void {
    this.#byAddress.set(formatAddress(address), link);
  }

  #onDown(link: Link, error: Error | undefined): void {
    if (this.#byNode.get(link.peer.nodeId) === link) this.#byNode.delete(link.peer.nodeId);
    for (const [key, used] of this.#byAddress) if (used === link) this.#byAddress.delete(key);
    this.#events.onDown(link, error);
  }
}
