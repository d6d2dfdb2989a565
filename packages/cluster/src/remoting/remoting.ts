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
// All calls are synchronous, may be repeated, and never throw for what a peer did.

import type { Buffer } from 'node:buffer';
import {
  ActorError,
  type Channel,
  type Counter,
  type Envelope,
  formatAddress,
  type Gateway,
  type GatewayPort,
  isActorError,
  type Logger,
  type Metrics,
  type NodeId,
  type PeerIdentity,
  type Recipient,
  type Runtime,
  type SendResult,
} from '@actor/core';
import { defaultRemotingLimits, type RemotingLimits } from './limits.ts';
import { payloadFormat } from './msgpack.ts';
import { PeerLink } from './peer-link.ts';
import type { Peer, PeerEnd } from './peer.ts';
import { RemoteRecipient, type Routes } from './remote-ref.ts';
import { type ActorMessage, asBuffer, readHeader } from './wire.ts';

export interface RemotingOptions {
  /** The part of an `ActorSystem` that is needed here. */
  readonly system: { attach(gateway: Gateway): GatewayPort };
  readonly channel: Channel;
  readonly self: Peer;
  /** The transport's kind, the scheme of addresses. */
  readonly scheme: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<RemotingLimits>;
}

/** So many complaints about frames are logged; all are counted. */
const warningsMax = 32;

export class Remoting implements Gateway, Routes {
  readonly origin: string;
  readonly #options: RemotingOptions;
  readonly #limits: RemotingLimits;
  readonly #byNode = new Map<NodeId, PeerLink>();
  readonly #byOrigin = new Map<string, PeerLink>();
  readonly #endings: (() => void)[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #refused: Counter;
  #port: GatewayPort | undefined;
  #warnings = 0;

  constructor(options: RemotingOptions) {
    this.#options = options;
    this.#limits = { ...defaultRemotingLimits, ...options.limits };
    this.origin = this.#originOf(options.self);
    this.#refused = options.metrics.counter(
      'actor_remoting_frames_refused_total',
      'Frames that came from or for another incarnation, or made no sense.',
    );
  }

  start(): void {
    if (this.#port !== undefined) return;
    const { system, channel } = this.#options;
    this.#port = system.attach(this);
    this.#endings.push(
      channel.receive((from, bytes) => this.#receive(from, bytes)),
      channel.onLink((peer, up) => {
        if (up) this.#linkOf(peer)?.linkUp();
      }),
    );
  }

  stop(): void {
    for (const ending of this.#endings.splice(0)) ending();
    for (const link of [...this.#byNode.values()]) this.#end(link, 'stopped');
    this.#port?.detach();
    this.#port = undefined;
  }

  /** A newer incarnation of a node, or another node at the address, ends the older one as `replaced`. */
  peerUp(peer: Peer): void {
    const port = this.#port;
    const known = this.#byNode.get(peer.nodeId);
    if (port === undefined || (known !== undefined && known.peer.incarnation >= peer.incarnation)) return;
    const peerOrigin = this.#originOf(peer);
    for (const older of [known, this.#byOrigin.get(peerOrigin)])
      if (older !== undefined) this.#end(older, 'replaced');
    const { self, channel, runtime, logger } = this.#options;
    const link: PeerLink = new PeerLink({
      peer,
      peerOrigin,
      self,
      origin: this.origin,
      channel,
      port,
      runtime,
      logger,
      limits: this.#limits,
      onBadFrame: (why) => this.#complain(peer, why),
      onIdle: () => this.#settleWaiters(),
    });
    this.#byNode.set(peer.nodeId, link);
    this.#byOrigin.set(peerOrigin, link);
  }

  peerGone(nodeId: NodeId, incarnation: number, reason: PeerEnd): void {
    const link = this.#byNode.get(nodeId);
    if (link?.peer.incarnation === incarnation) this.#end(link, reason);
  }

  /** Resolves when everything sent so far is acknowledged or has lost its peer; rejects with the signal's reason. */
  flushed(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(done);
        reject(signal?.reason as Error);
      };
      const done = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(done);
      this.#settleWaiters();
    });
  }

  recipient(address: string, uid: number | undefined): Recipient {
    return new RemoteRecipient(address, uid, this);
  }

  linkTo(origin: string): PeerLink | undefined {
    return this.#byOrigin.get(origin);
  }

  noRoute(recipient: Recipient, { method, payload, sender, reply }: Envelope): SendResult {
    this.#port?.deadLetter({
      message: { method: method.name, payload, kind: method.kind },
      recipient: recipient.address,
      sender: sender?.address,
      reason: 'no-route',
    });
    const why = `No member of the cluster is at ${recipient.address}.`;
    reply?.reject(new ActorError('ACTOR_NO_ROUTE', why, { details: { actor: recipient.address } }));
    return 'no-route';
  }

  #receive(from: PeerIdentity, bytes: Uint8Array): void {
    const frame = asBuffer(bytes);
    const header = this.#header(from, frame);
    if (header === undefined) return;
    const link = this.#linkOf(from);
    if (
      link === undefined ||
      header.from !== from.incarnation ||
      header.to !== this.#options.self.incarnation
    ) {
      // Not yet a member here, or no more: an honest peer sends again when this node greets it.
      this.#refused.add();
      this.#options.logger.debug(
        { peer: from.nodeId, from: header.from, to: header.to },
        'Refused a frame between other incarnations.',
      );
      return;
    }
    if (header.format !== payloadFormat) {
      this.#complain(from, 'A peer encodes payloads in another way; its frames are refused.');
      return;
    }
    link.receive(header, frame);
  }

  #header(from: PeerIdentity, frame: Buffer): ActorMessage | undefined {
    try {
      return readHeader(frame);
    } catch (error) {
      if (!isActorError(error, 'ACTOR_BAD_FRAME')) throw error;
      this.#complain(from, error.message);
      return undefined;
    }
  }

  /** The session with exactly this incarnation. */
  #linkOf({ nodeId, incarnation }: PeerIdentity): PeerLink | undefined {
    const link = this.#byNode.get(nodeId);
    return link?.peer.incarnation === incarnation ? link : undefined;
  }

  #end(link: PeerLink, reason: PeerEnd): void {
    const { nodeId } = link.peer;
    if (this.#byNode.get(nodeId) === link) this.#byNode.delete(nodeId);
    const origin = this.#originOf(link.peer);
    if (this.#byOrigin.get(origin) === link) this.#byOrigin.delete(origin);
    link.end(reason);
  }

  #originOf({ address }: Peer): string {
    return `${this.#options.scheme}://${formatAddress(address)}`;
  }

  #settleWaiters(): void {
    if (this.#waiters.size === 0 || [...this.#byNode.values()].some((link) => !link.isIdle)) return;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter();
  }

  #complain(peer: PeerIdentity, why: string): void {
    this.#refused.add();
    if (this.#warnings >= warningsMax) return;
    this.#warnings += 1;
    this.#options.logger.warn({ peer: peer.nodeId, incarnation: peer.incarnation }, why);
  }
}
