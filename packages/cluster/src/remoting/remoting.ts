// Messages between the actors of this life of the node and those of its peers. One `Remoting` is made per life:
//
//   const remoting = new Remoting({ system, channel, addresses, self, scheme, runtime, logger, …, serializer, limits });
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
  type AddressBook,
  type Channel,
  type Counter,
  Deadlines,
  type Envelope,
  formatAddress,
  type Gateway,
  type GatewayPort,
  isActorError,
  type Logger,
  type Metrics,
  type NodeId,
  parseAddress,
  type PeerIdentity,
  type Recipient,
  type Runtime,
  type SendResult,
  type Serializer,
} from '@actor/core';
import { type Introduction, introductionOf, readIntroduction } from './introduction.ts';
import { defaultRemotingLimits, limitsFor, type RemotingLimits } from './limits.ts';
import { PeerLink, type PeerLinkOptions } from './peer-link.ts';
import type { Peer, PeerEnd, SessionEnd } from './peer.ts';
import { RemoteRecipient, type Routes } from './remote-ref.ts';
import { type ActorMessage, asBuffer, readHeader } from './wire.ts';

export interface RemotingOptions {
  /** The part of an `ActorSystem` that is needed here. */
  readonly system: { attach(gateway: Gateway): GatewayPort };
  readonly channel: Channel;
  /** Knows nodes also by the names that they were dialled by. */
  readonly addresses: Pick<AddressBook, 'nodeAt'>;
  readonly self: Peer;
  /** The transport's kind, the scheme of addresses. */
  readonly scheme: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly serializer: Serializer;
  readonly limits?: Partial<RemotingLimits>;
}

/** So many complaints about frames are logged; all are counted. */
const warningsMax = 32;
/** So many members are named to whoever asks for one that is none. */
const listedMax = 8;

export class Remoting implements Gateway, Routes {
  readonly origin: string;
  readonly #options: RemotingOptions;
  readonly #limits: RemotingLimits;
  readonly #byNode = new Map<NodeId, PeerLink>();
  readonly #byOrigin = new Map<string, PeerLink>();
  readonly #endings: (() => void)[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #deadlines: Deadlines;
  readonly #refused: Counter;
  #port: GatewayPort | undefined;
  #warnings = 0;

  constructor(options: RemotingOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.runtime);
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
    const known = this.#byNode.get(peer.nodeId);
    if (this.#port === undefined || (known !== undefined && known.peer.incarnation >= peer.incarnation))
      return;
    for (const older of [known, this.#byOrigin.get(this.#originOf(peer))])
      if (older !== undefined) this.#end(older, 'replaced');
    this.#open(this.#port, peer, { number: 1, peerNumberMin: 1, limits: this.#limits });
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
    const known = this.#byOrigin.get(origin);
    if (known !== undefined || this.#port === undefined) return known;
    const nodeId = this.#dialledAs(origin);
    return nodeId === undefined ? undefined : this.#byNode.get(nodeId);
  }

  atHome(origin: string, path: string, uid: number | undefined): Recipient | undefined {
    return this.#dialledAs(origin) === this.#options.self.nodeId ? this.#port?.local(path, uid) : undefined;
  }

  noRoute(recipient: Recipient, { method, payload, sender, reply }: Envelope): SendResult {
    this.#port?.deadLetter({
      message: { name: method.name, payload, kind: method.kind },
      recipient: recipient.address,
      sender: sender?.address,
      reason: 'no-route',
    });
    reply?.reject(this.#unknown(recipient.address));
    return 'no-route';
  }

  #unknown(actor: string): ActorError {
    const members = [this.origin, ...this.#byOrigin.keys()];
    const listed = members.slice(0, listedMax).join(', ');
    const more = members.length > listedMax ? ` and ${members.length - listedMax} more` : '';
    const why = `No member of the cluster is at ${actor}; members are at ${listed}${more}.`;
    return new ActorError('ACTOR_NO_ROUTE', why, { details: { actor, members } });
  }

  /** The node at an origin that is not its own name for itself. */
  #dialledAs(origin: string): NodeId | undefined {
    const prefix = `${this.#options.scheme}://`;
    if (!origin.startsWith(prefix)) return undefined;
    try {
      return this.#options.addresses.nodeAt(parseAddress(origin.slice(prefix.length)));
    } catch (error) {
      // It is no address at all.
      if (isActorError(error, 'ACTOR_CONFIG_INVALID')) return undefined;
      throw error;
    }
  }

  #receive(from: PeerIdentity, bytes: Uint8Array): void {
    const frame = asBuffer(bytes);
    const header = this.#header(from, frame);
    if (header === undefined) return;
    const known = this.#linkOf(from);
    if (
      known === undefined ||
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
    const isExpected = known.isIntroduced && header.session === known.peerNumber;
    const link = isExpected ? known : this.#introduce(known, header, frame);
    link?.receive(header, frame);
  }

  /** The session that the frame begins; undefined when it belongs to none. */
  #introduce(known: PeerLink, header: ActorMessage, frame: Buffer): PeerLink | undefined {
    // What is left of a session that was given up, or a batch that came before its greeting. The latter comes again.
    if (header.sequence > 0 || header.session < known.peerNumber) return undefined;
    let introduction: Introduction;
    try {
      introduction = readIntroduction(frame);
    } catch (error) {
      this.#complain(known.peer, error);
      return undefined;
    }
    const link = known.isIntroduced ? this.#renew(known, 'restarted', header.session) : known;
    return link && this.#adapt(link, introduction);
  }

  /** The same session as the peer needs it; nothing of it has left yet. */
  #adapt(link: PeerLink, { serializer, frameMaxBytes, peerNumberMin }: Introduction): PeerLink {
    const { peer, peerNumber } = link;
    const own = this.#options.serializer.name;
    const number = Math.max(link.number, peerNumberMin);
    const fits = frameMaxBytes >= this.#limits.frameMaxBytes;
    const isSuited = serializer === own && fits && number === link.number;
    if (isSuited || this.#port === undefined) return link;
    const limits = limitsFor(frameMaxBytes, this.#limits);
    const choices = { number, peerNumberMin: peerNumber, limits };
    const refusal = serializer === own ? {} : { refusal: this.#mismatch(peer, own, serializer) };
    const next = this.#open(this.#port, peer, { ...choices, ...refusal });
    link.moveTo(next);
    return next;
  }

  /** Gives the session up, and begins another one with the same life of the peer. */
  #renew(link: PeerLink, reason: SessionEnd, peerNumberMin: number): PeerLink | undefined {
    const { peer, number, isIntroduced } = link;
    this.#end(link, reason);
    if (this.#port === undefined) return undefined;
    // Of a session without introduction nothing has left, so its number is as good as new.
    const next = { number: isIntroduced ? number + 1 : number, peerNumberMin, limits: this.#limits };
    return this.#open(this.#port, peer, next);
  }

  #stalled(link: PeerLink): void {
    if (this.#linkOf(link.peer) !== link) return;
    const { peer, peerNumber, isIntroduced } = link;
    this.#options.logger.warn(
      { peer: peer.nodeId, incarnation: peer.incarnation },
      'A peer acknowledges nothing, and too much waits for it; what was sent to it has an unknown outcome.',
    );
    this.#renew(link, 'stalled', isIntroduced ? peerNumber + 1 : peerNumber);
  }

  #mismatch({ nodeId, incarnation }: Peer, own: string, theirs: string): ActorError {
    const why = `Node ${nodeId} encodes payloads as "${theirs}", this node as "${own}": no message can pass between them.`;
    if (this.#mayWarn()) this.#options.logger.error({ peer: nodeId, incarnation, own, theirs }, why);
    return new ActorError('ACTOR_PROTOCOL_MISMATCH', why, {
      details: { node: nodeId, reason: 'serializer', own, theirs },
    });
  }

  #open(
    port: GatewayPort,
    peer: Peer,
    choices: Pick<PeerLinkOptions, 'number' | 'peerNumberMin' | 'limits' | 'refusal'>,
  ): PeerLink {
    const peerOrigin = this.#originOf(peer);
    const introduction = introductionOf({
      serializer: this.#options.serializer.name,
      frameMaxBytes: this.#limits.frameMaxBytes,
      peerNumberMin: choices.peerNumberMin,
    });
    const link: PeerLink = new PeerLink({
      ...this.#options,
      ...choices,
      peer,
      peerOrigin,
      port,
      origin: this.origin,
      introduction,
      deadlines: this.#deadlines,
      onStalled: () => this.#stalled(link),
      onBadFrame: (why) => this.#complain(peer, why),
      onIdle: () => this.#settleWaiters(),
    });
    this.#byNode.set(peer.nodeId, link);
    this.#byOrigin.set(peerOrigin, link);
    return link;
  }

  #header(from: PeerIdentity, frame: Buffer): ActorMessage | undefined {
    try {
      return readHeader(frame);
    } catch (error) {
      this.#complain(from, error);
      return undefined;
    }
  }

  /** The session with exactly this incarnation. */
  #linkOf({ nodeId, incarnation }: PeerIdentity): PeerLink | undefined {
    const link = this.#byNode.get(nodeId);
    return link?.peer.incarnation === incarnation ? link : undefined;
  }

  #end(link: PeerLink, reason: SessionEnd): void {
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

  /** @throws what is no complaint. */
  #complain(peer: Peer, what: unknown): void {
    if (typeof what !== 'string' && !isActorError(what, 'ACTOR_BAD_FRAME')) throw what;
    this.#refused.add();
    if (!this.#mayWarn()) return;
    this.#options.logger.warn(
      { peer: peer.nodeId, incarnation: peer.incarnation },
      typeof what === 'string' ? what : what.message,
    );
  }

  /** A peer decides how often there is something to warn of. */
  #mayWarn(): boolean {
    this.#warnings += 1;
    return this.#warnings <= warningsMax;
  }
}
