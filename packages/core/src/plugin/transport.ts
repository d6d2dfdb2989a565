// Frames between nodes. A transport knows links and peers; it knows nothing of actors, members or messages.

import type { ActorError } from '../errors.ts';
import type { PluginContext } from './context.ts';
import type { NodeAddress, PeerIdentity } from './node.ts';
import type { Startable, Unsubscribe } from './startable.ts';

/**
 * Priority classes: `control` for heartbeats and votes, `user` for messages of actors, `bulk` for snapshots.
 * Traffic of a lower class must not delay a higher one.
 */
export type Lane = 'control' | 'user' | 'bulk';

/** What a transport can do beyond the least. A new capability is a new flag here and an optional method. */
export interface TransportFeatures {
  /** The largest frame, in bytes, that `send` takes; chunking below that size is the transport's own affair. */
  readonly frameMaxBytes: number;
  /** It reports failed dials through `onDialFailed`. */
  readonly dialFailures: boolean;
  /** Peers are authenticated before a byte of theirs is decoded. */
  readonly authenticated: boolean;
  /** It takes frames through `sendInPlace`, with that many bytes of room for itself before each. */
  readonly headBytes?: number;
  /** What it hands to a listener is memory that nobody else reads or writes again: it may be kept without copying. */
  readonly ownFrames?: boolean;
}

/**
 * The contract of an implementer:
 *
 * - **Order.** Per peer and lane, frames arrive in the order sent and at most once, between one link-up and its
 *   link-down. Nothing is promised between lanes. What was in flight at link-down may be lost.
 * - **Links.** The first `send` to an address dials it; there is at most one link per pair of incarnations, whichever side
 *   dialled. A lost link is dialled again, with jittered backoff, as long as there is something to send; after
 *   `timing.maxRetries` failures in a row the frames that wait for it are dropped.
 * - **Identity.** `from` and `peer` are what the other end proved in its hello. Frames of a foreign cluster, or of an
 *   unauthenticated peer where authentication is on, never reach a listener. A peer with a newer incarnation replaces the older link.
 * - **Bounds.** Every queue is bounded in bytes.
 * - **Loopback.** Sending to the own address is refused with false.
 */
export interface Transport extends Startable {
  /** The scheme of addresses: `tcp`, `memory`. */
  readonly kind: string;
  readonly supports: TransportFeatures;
  /** Where others dial this node, after `start`. @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before. */
  address(): NodeAddress;
  /**
   * Takes the frame, or returns false and takes nothing: the queue is full, the peer takes only smaller frames, or the
   * transport is stopped. Never blocks, never throws for a peer's sake. The frame belongs to the transport once true is returned.
   * @throws {@link ActorError} ACTOR_FRAME_TOO_LARGE above `supports.frameMaxBytes`.
   */
  send(to: NodeAddress, frame: Uint8Array, lane: Lane): boolean;
  /**
   * With `supports.headBytes`: as `send`, but nothing is copied on the way. The first `headBytes` of `bytes` are room for
   * the transport; the frame is the rest of it and then `tail`, where there is one.
   */
  sendInPlace?(to: NodeAddress, bytes: Uint8Array, tail: Uint8Array | undefined, lane: Lane): boolean;
  /** Sends to every linked peer; one whose queue is full misses the frame. */
  broadcast(frame: Uint8Array, lane: Lane): void;
  /** A listener must not throw, and must copy the frame if it keeps it beyond the call, unless `supports.ownFrames`. */
  receive(listener: (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void): Unsubscribe;
  /** Link-up comes before the first frame of the link, link-down after its last. Links already up are reported at once. */
  onLink(listener: (peer: PeerIdentity, up: boolean) => void): Unsubscribe;
  /**
   * With `supports.dialFailures`: each failed dial with its cause, a refusal included. Of a refusal, `details.reason` says
   * why and `details.refusedBy` which node did not want the link. Reason `old-incarnation`, refused by a peer, means that
   * a later life of this node has taken its place there.
   */
  onDialFailed?(listener: (to: NodeAddress, error: ActorError) => void): Unsubscribe;
}

/** A transport makes channels possible, so its own context has none. */
export type TransportContext = Omit<PluginContext, 'channel'>;
export type TransportFactory = (context: TransportContext) => Transport;
