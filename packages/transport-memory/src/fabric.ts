// The network of the memory transport: which transport is bound to which address. It is a value that the transports of
// one "network" are given; there is none behind the scenes, so two tests in one process can't meet by accident.
// It loses, delays and reorders nothing: faults come from the testkit's fault network, which wraps any transport.

import { ActorError, formatAddress, type NodeAddress, type PeerIdentity } from '@actor/core';
import type { LinkOwner, MemoryLink } from './link.ts';

/** What a transport shows to the fabric while it is bound. */
export interface MemoryEndpoint extends LinkOwner {
  readonly clusterName: string;
  /** The open link with exactly this life of the node, if there is one. */
  linkWith(peer: PeerIdentity): MemoryLink | undefined;
  /** The hello. Undefined: welcome; else why not. */
  refuses(other: MemoryEndpoint): ActorError | undefined;
  /** Takes its end of a new link. */
  attach(link: MemoryLink): void;
  /** The process is gone: nothing is flushed, nothing is said. */
  vanish(): void;
}

export class MemoryFabric {
  readonly #endpoints = new Map<string, MemoryEndpoint>();
  /** Can't be dialled any more, but their links still carry what was sent. */
  readonly #stopping = new Set<MemoryEndpoint>();
  #nextPort = 1;

  /**
   * Claims the address. Port 0 asks for any free one.
   * @throws {@link ActorError} ACTOR_BIND_FAILED when the address is taken, or no port of the host is free.
   */
  claim({ host, port }: NodeAddress): NodeAddress {
    if (port !== 0) {
      if (this.#endpoints.has(formatAddress({ host, port }))) throw bindFailed({ host, port }, 'is taken');
      return { host, port };
    }
    for (let tries = 0; tries < 65_535; tries += 1) {
      const free = { host, port: this.#nextPort };
      this.#nextPort = (this.#nextPort % 65_535) + 1;
      if (!this.#endpoints.has(formatAddress(free))) return free;
    }
    throw bindFailed({ host, port }, 'has no free port left');
  }

  bind(endpoint: MemoryEndpoint): void {
    this.#endpoints.set(formatAddress(endpoint.identity.address), endpoint);
  }

  /** Frees the address of one that still has something to hand over; `unbind` follows. */
  retire(endpoint: MemoryEndpoint): void {
    this.unbind(endpoint);
    this.#stopping.add(endpoint);
  }

  unbind(endpoint: MemoryEndpoint): void {
    this.#stopping.delete(endpoint);
    const key = formatAddress(endpoint.identity.address);
    if (this.#endpoints.get(key) === endpoint) this.#endpoints.delete(key);
  }

  find(address: NodeAddress): MemoryEndpoint | undefined {
    return this.#endpoints.get(formatAddress(address));
  }

  /**
   * Takes away the transport bound there as a dying process does: its queues are lost, its own listeners hear nothing
   * more, its peers see link-down and the address is free at once. So it goes with one that is about to stop. False when
   * there is neither.
   */
  crash(address: NodeAddress): boolean {
    const key = formatAddress(address);
    const stopping = [...this.#stopping].filter(({ identity }) => formatAddress(identity.address) === key);
    const endpoint = this.find(address);
    const dying = endpoint === undefined ? stopping : [...stopping, endpoint];
    for (const each of dying) each.vanish();
    return dying.length > 0;
  }
}

/** A network of its own, for the `fabric` option of `memory()`. */
export function memoryFabric(): MemoryFabric {
  return new MemoryFabric();
}

function bindFailed(address: NodeAddress, why: string): ActorError {
  return new ActorError('ACTOR_BIND_FAILED', `${formatAddress(address)} ${why} in this fabric.`, {
    details: { host: address.host, port: address.port },
  });
}
