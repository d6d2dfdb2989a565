// Datagrams as a seam: Node's version is UDP, the simulated one runs over the link model of the testkit.

import type { NodeAddress } from './plugin/node.ts';
import type { Unsubscribe } from './plugin/startable.ts';

/** One bound socket. Datagrams may be lost, repeated and reordered; nothing tells the sender. */
export interface DatagramPort {
  address(): NodeAddress;
  /** Never throws for an unreachable peer. */
  send(to: NodeAddress, bytes: Uint8Array): void;
  receive(listener: (from: NodeAddress, bytes: Uint8Array) => void): Unsubscribe;
  close(): Promise<void>;
}

export interface DatagramNetwork {
  /** @throws {@link ActorError} ACTOR_BIND_FAILED when the address can't be bound. */
  bind(listen: NodeAddress): Promise<DatagramPort>;
}
