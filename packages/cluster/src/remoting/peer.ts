// A node that this one may exchange messages with, as membership sees it: one life of it, at one address.

import type { NodeAddress, NodeId } from '@actor/core';

export interface Peer {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly address: NodeAddress;
}

/** Why a peer's incarnation counts as over. */
export type PeerEnd = 'left' | 'dead' | 'replaced' | 'stopped';

/** Why a session is over; after the last two, another one follows between the same two lives. */
export type SessionEnd = PeerEnd | 'stalled' | 'restarted';
