// A transport together with all that its listeners have been told, in order.

import { strict as assert } from 'node:assert';

import type { ActorError } from '../errors.ts';
import type { NodeAddress, NodeId, PeerIdentity } from '../plugin/node.ts';
import type { Lane, Transport } from '../plugin/transport.ts';

export type Record =
  | { readonly kind: 'frame'; readonly peer: PeerIdentity; readonly bytes: Uint8Array; readonly lane: Lane }
  | { readonly kind: 'up' | 'down'; readonly peer: PeerIdentity };

export class TransportRecorder {
  readonly transport: Transport;
  readonly log: Record[] = [];
  readonly dialFailures: { readonly to: NodeAddress; readonly error: ActorError }[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
    transport.receive((peer, frame, lane) => {
      this.log.push({ kind: 'frame', peer, bytes: frame.slice(), lane });
    });
    transport.onLink((peer, up) => this.log.push({ kind: up ? 'up' : 'down', peer }));
    transport.onDialFailed?.((to, error) => this.dialFailures.push({ to, error }));
  }

  get address(): NodeAddress {
    return this.transport.address();
  }

  frames(lane?: Lane, from?: NodeId): Uint8Array[] {
    return this.log.flatMap((record) =>
      record.kind === 'frame' &&
      (lane === undefined || record.lane === lane) &&
      (from === undefined || record.peer.nodeId === from)
        ? [record.bytes]
        : [],
    );
  }

  /** `+b#1` for link-up, `-b#1` for link-down, in order. */
  links(): string[] {
    return this.log.flatMap(({ kind, peer }) =>
      kind === 'frame' ? [] : [`${kind === 'up' ? '+' : '-'}${peer.nodeId}#${peer.incarnation}`],
    );
  }

  isLinked(nodeId: NodeId, incarnation = 1): boolean {
    return (
      this.links()
        .findLast((link) => link.slice(1) === `${nodeId}#${incarnation}`)
        ?.startsWith('+') === true
    );
  }

  /** Checks what holds for every log: links in turn, and each frame within a link. */
  checkLog(): void {
    const up = new Map<NodeId, PeerIdentity>();
    for (const { kind, peer } of this.log) {
      const linked = up.get(peer.nodeId);
      if (kind === 'up') {
        assert.equal(linked, undefined, `a second link with ${peer.nodeId} came up beside the first`);
        up.set(peer.nodeId, peer);
      } else {
        const what = kind === 'frame' ? 'a frame came' : 'a link went down';
        assert.equal(linked?.incarnation, peer.incarnation, `${what} without link-up of ${peer.nodeId}`);
        if (kind === 'down') up.delete(peer.nodeId);
      }
    }
  }
}
