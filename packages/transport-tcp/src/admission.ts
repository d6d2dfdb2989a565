// Whether a hello is let in. A pure decision from who speaks, who this node is, and what links it holds with the speaker.
// Two nodes that dial each other at once decide alike: the connection dialled by the lower node id wins.

import { commonVersion, type Hello, type RefusalReason, type Self } from './hello.ts';

/** What this node has with the node of a hello at that moment. */
export interface Standing {
  readonly peer: { readonly incarnation: number };
  readonly state: 'opening' | 'up' | 'ending' | 'down';
  readonly isDialledHere: boolean;
}

/** Is the speaker one of us, whatever links there are? `none` when it is. */
export function checkPeer(self: Self, peer: Hello): RefusalReason {
  if (commonVersion(peer) === undefined) return 'version';
  if (peer.clusterName !== self.clusterName) return 'foreign-cluster';
  if (peer.clusterId !== '' && self.clusterId !== '' && peer.clusterId !== self.clusterId) {
    return 'foreign-cluster-id';
  }
  if (peer.identity.nodeId !== self.identity.nodeId) return 'none';
  return peer.identity.incarnation === self.identity.incarnation ? 'self' : 'node-id-taken';
}

/** A peer dials this node. `isDialling`: this node is dialling the address that the peer advertises. */
export function admit(
  self: Self,
  hello: Hello,
  standing: Standing | undefined,
  isDialling: boolean,
): RefusalReason {
  const peer = hello.identity;
  if (standing !== undefined && standing.peer.incarnation > peer.incarnation) return 'old-incarnation';
  // The peer was told "duplicate" before and found that it holds no link: what this node holds is half open.
  if (hello.isFresh) return 'none';
  const isLower = self.identity.nodeId < peer.nodeId;
  const isSameLife = standing?.peer.incarnation === peer.incarnation;
  if (isSameLife && standing.state === 'up') return 'duplicate';
  if (isSameLife && standing.state === 'opening') {
    // Dialled by the peer: it dials by two names of this node at once, and the first will do.
    return !standing.isDialledHere || isLower ? 'duplicate' : 'none';
  }
  return isDialling && isLower ? 'duplicate' : 'none';
}

/** A peer welcomed this node's dial. `use-other`: there is or will be a link that the peer dialled. */
export function confirm(
  self: Self,
  welcome: Hello,
  standing: Standing | undefined,
): 'use-mine' | 'use-other' | 'old-incarnation' {
  const peer = welcome.identity;
  if (standing === undefined || standing.peer.incarnation < peer.incarnation) return 'use-mine';
  if (standing.peer.incarnation > peer.incarnation) return 'old-incarnation';
  if (standing.state === 'up') return 'use-other';
  const isLower = self.identity.nodeId < peer.nodeId;
  return standing.state === 'opening' && (standing.isDialledHere || !isLower) ? 'use-other' : 'use-mine';
}
