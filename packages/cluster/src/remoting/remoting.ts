// Messages between the actors of this life of the node and those of its peers. One `Remoting` is made per life:
//
//   const remoting = new Remoting({ system, channel, self, scheme, runtime, logger, metrics, limits });
//   remoting.start();                 // attaches itself to the system: from here on refs to foreign addresses route
//   remoting.peerUp(peer);            // on member-up: messages to and from this incarnation flow
//   remoting.peerGone(nodeId, incarnation, 'dead' | 'left' | 'replaced');   // on member-dead and member-left
//   remoting.stop();                  // the life is over: as peerGone('stopped') for every peer, and detaches
//
// `channel` is `context.channel('actors', 'user')` of the life's plugin host. `self` is { nodeId, incarnation, address }
// with the advertised address, `scheme` the transport's `kind`; together they make the origin `tcp://host:port`.
// All calls are synchronous, idempotent, and never throw for what a peer did.

import type { Channel, Logger, Metrics, NodeId, Runtime } from '@actor/core';
import type { RemotingLimits } from './limits.ts';
import type { Peer, PeerEnd } from './peer.ts';

/** What a life tells its remoting. */
export interface RemotingControl {
  start(): void;
  stop(): void;
  /** A newer incarnation of a node known already ends the older one as `replaced`. */
  peerUp(peer: Peer): void;
  peerGone(nodeId: NodeId, incarnation: number, reason: PeerEnd): void;
  /** Resolves when everything sent so far is acknowledged or has lost its peer, or when the signal aborts. */
  flushed(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

export interface RemotingOptions {
  readonly channel: Channel;
  readonly self: Peer;
  readonly scheme: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<RemotingLimits>;
}
