// Everything impure that a plugin gets. A plugin is a two-stage factory: the user gives options, which are checked at
// once, and the host gives this context later. A plugin declares only the parts that it uses (`Pick<PluginContext, …>`).

import type { DatagramNetwork } from '../datagram.ts';
import type { FileSystem } from '../file-system.ts';
import type { Runtime } from '../runtime.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { NodeAddress, NodeId, PeerIdentity } from './node.ts';
import type { Unsubscribe } from './startable.ts';
import type { Lane } from './transport.ts';

/** A named stream of messages between the same plugin on different nodes. */
export interface Channel {
  /**
   * Takes the bytes for the node, or returns false and takes nothing: no address is known, the queue is full, or the node
   * takes only smaller frames. Never blocks, never throws for a peer's sake. The bytes belong to the channel once true is returned.
   * @throws {@link ActorError} ACTOR_FRAME_TOO_LARGE when they can't fit a frame of the transport.
   */
  send(to: NodeId, bytes: Uint8Array): boolean;
  /** How many bytes the channel puts before each message. */
  readonly headBytes: number;
  /**
   * As `send`, but without a copy: the first `headBytes` of `frame` are room for the channel, and the message is the rest
   * of it and then `tail`, where there is one.
   */
  sendInPlace(to: NodeId, frame: Uint8Array, tail?: Uint8Array): boolean;
  /** What a listener gets is its own: it may keep the bytes without copying. */
  readonly ownFrames: boolean;
  /** One listener per channel. It must not throw, and must copy the bytes if it keeps them, unless `ownFrames`. */
  receive(listener: (from: PeerIdentity, bytes: Uint8Array) => void): Unsubscribe;
  /** Links that are up already are reported to a new listener at once. */
  onLink(listener: (peer: PeerIdentity, up: boolean) => void): Unsubscribe;
}

/** The cluster's timing, for plugins whose own options do not say otherwise. All in milliseconds but `maxRetries`. */
export interface Timing {
  readonly heartbeatIntervalMs: number;
  readonly discoveryIntervalMs: number;
  /** Dials and joins are tried this often with `retryDelayMs` between them, jittered; then every `discoveryIntervalMs`. */
  readonly maxRetries: number;
  readonly retryDelayMs: number;
}

export interface PluginContext {
  /** The version of this contract; a plugin refuses to be wired to one it does not know. */
  readonly protocol: 1;
  readonly clusterName: string;
  readonly nodeId: NodeId;
  /** The life that this context belongs to; a new life of the node comes with a new context. */
  readonly incarnation: number;
  /** Where to bind. Port 0 asks for any free one. */
  readonly listen: NodeAddress;
  readonly timing: Timing;
  readonly runtime: Runtime;
  readonly files: FileSystem;
  readonly datagrams: DatagramNetwork;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborted when the life that the context belongs to ends. */
  readonly signal: AbortSignal;
  /** The channel of that name, made at the first call. Names are 1 to 32 bytes; the lane is fixed by the first call. */
  channel(name: string, lane: Lane): Channel;
}

/** Which address a node id has now. Membership keeps it; channels send by it. */
export interface AddressBook {
  /**
   * Dials the address until a node there answers.
   * @throws {@link ActorError} ACTOR_NO_ROUTE after `timing.maxRetries`; the code of a refusal
   * (ACTOR_UNAUTHENTICATED, ACTOR_PROTOCOL_MISMATCH) when the other side refused; the signal's reason.
   */
  connect(address: NodeAddress, options?: { readonly signal?: AbortSignal }): Promise<PeerIdentity>;
  /** Who answered when that address was dialled last, under whatever name: this node itself, too. */
  nodeAt(address: NodeAddress): NodeId | undefined;
  /** From now on, messages for the node go to this address. */
  learn(nodeId: NodeId, address: NodeAddress): void;
  forget(nodeId: NodeId): void;
}
