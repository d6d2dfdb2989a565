// One session between this life of the node and one life of a peer: messages out and in, requests and their answers,
// watches. It ends once, at the latest when either life ends, and then accounts for all that was under way.

import type { Buffer } from 'node:buffer';
import {
  ActorError,
  type Channel,
  type Deadlines,
  type DeadLetterReason,
  type Envelope,
  type GatewayPort,
  isActorError,
  type Logger,
  type Runtime,
  type SendResult,
  type Serializer,
} from '@actor/core';
import { Inbox } from './inbox.ts';
import { InboundRequests } from './inbound-requests.ts';
import { backlogMaxBytes, type RemotingLimits } from './limits.ts';
import { type Batch, Outbox } from './outbox.ts';
import type { Peer, SessionEnd } from './peer.ts';
import { RemoteAsks } from './remote-ask.ts';
import type { RemoteRecipient } from './remote-ref.ts';
import { InboundWatches, RemoteWatches } from './remote-watch.ts';
import { SessionDriver } from './session-driver.ts';
import { type ActorMessage, frameHeaderBytes, kind } from './wire.ts';

export interface PeerLinkOptions {
  readonly peer: Peer;
  readonly peerOrigin: string;
  readonly self: Peer;
  readonly origin: string;
  readonly channel: Channel;
  readonly port: GatewayPort;
  readonly runtime: Runtime;
  /** Those of all requests of other nodes that are open here. */
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly limits: RemotingLimits;
  readonly serializer: Serializer;
  /** Which session of this life with the peer's it is, from 1 on, and the first of the peer's that it may be with. */
  readonly number: number;
  readonly peerNumberMin: number;
  /** What this node tells the peer before anything else. */
  readonly introduction: Uint8Array;
  /** Set when nothing can be sent to the peer though it lives: what each message is answered with. */
  readonly refusal?: ActorError;
  /** The peer acknowledges nothing, and too much waits for it. */
  readonly onStalled: () => void;
  /** A frame of the peer made no sense. */
  readonly onBadFrame: (why: string) => void;
  /** Nothing waits for the peer any more. */
  readonly onIdle: () => void;
}

export class PeerLink {
  readonly peer: Peer;
  readonly watches: RemoteWatches;
  readonly #options: PeerLinkOptions;
  readonly #driver: SessionDriver;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #asks: RemoteAsks;
  readonly #requests: InboundRequests;
  readonly #watched: InboundWatches;
  readonly #backlogMaxBytes: number;
  #peerNumber: number;
  #isOpen = true;
  #isStalled = false;

  constructor(options: PeerLinkOptions) {
    const { peer, self, origin, channel, port, runtime, limits, serializer } = options;
    const written = (): void => this.#written();
    this.peer = peer;
    this.#options = options;
    this.#backlogMaxBytes = backlogMaxBytes(limits);
    this.#peerNumber = options.peerNumberMin;
    const outbox = new Outbox({ limits, serializer, origin, channelHeadBytes: channel.headBytes });
    this.#outbox = outbox;
    this.#asks = new RemoteAsks({
      outbox,
      requestsMax: limits.requestsMax,
      written,
      onVoid: ({ recipient, envelope, sink }) =>
        this.#giveUp(recipient, envelope, sink.withdrawn === 'expired' ? 'expired' : 'cancelled'),
    });
    this.#requests = new InboundRequests({
      outbox,
      deadlines: options.deadlines,
      written,
      isClogged: () => this.#driver.bytes + outbox.bytes > 2 * limits.windowMaxBytes,
    });
    this.watches = new RemoteWatches({
      watch: (id, path, uid) => this.#watch(id, path, uid),
      unwatch: (id) => this.#note(kind.unwatch, id),
    });
    this.#watched = new InboundWatches(port, limits.watchesMax, (id) => this.#note(kind.terminated, id));
    this.#inbox = new Inbox({
      ...options,
      ownsBytes: channel.ownFrames,
      asks: this.#asks,
      requests: this.#requests,
      watches: this.watches,
      watched: this.#watched,
    });
    this.#driver = new SessionDriver({
      channel,
      runtime,
      limits,
      nodeId: peer.nodeId,
      incarnation: peer.incarnation,
      ownIncarnation: self.incarnation,
      number: options.number,
      introduction: options.introduction,
      waiting: () => outbox.count,
      collect: () => this.#collect(),
      onSent: (batch) => raise(batch, 'queued', 'sent'),
      onAcked: (batch) => raise(batch, 'sent', 'delivered'),
    });
  }

  get number(): number {
    return this.#options.number;
  }

  /** The number of the peer's session; as long as it has not introduced itself, the least that it may be. */
  get peerNumber(): number {
    return this.#peerNumber;
  }

  get isIntroduced(): boolean {
    return this.#driver.isIntroduced;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Everything sent has been acknowledged, or there is nobody to do so. */
  get isIdle(): boolean {
    return !this.#isOpen || (this.#driver.isIdle && this.#outbox.bytes === 0);
  }

  send(recipient: RemoteRecipient, envelope: Envelope): SendResult {
    const sink = envelope.reply;
    const { refusal } = this.#options;
    if (refusal !== undefined) {
      this.#giveUp(recipient, envelope, 'incompatible');
      sink?.reject(refusal);
      return 'dropped';
    }
    if (!this.#driver.hasRoom(this.#outbox.bytes) || (sink !== undefined && this.#asks.isFull)) {
      const why = `The queue to node ${this.peer.nodeId} is full.`;
      this.#giveUp(recipient, envelope, 'queue-full');
      sink?.reject(new ActorError('ACTOR_SEND_QUEUE_FULL', why, { details: { node: this.peer.nodeId } }));
      return 'rejected';
    }
    const request = sink === undefined ? undefined : this.#asks.add(recipient, envelope, sink);
    try {
      // The clock matters to requests alone.
      const now = request === undefined ? 0 : this.#options.runtime.monotonicMs();
      this.#outbox.message(recipient, envelope, request, now);
    } catch (error) {
      if (request !== undefined) this.#asks.remove(request);
      return this.#unsendable(recipient, envelope, error);
    }
    if (request !== undefined) this.#asks.hook(request);
    this.#written();
    return 'accepted';
  }

  linkUp(): void {
    if (this.#isOpen) this.#driver.linkUp();
  }

  /** A frame of the peer's present incarnation to this one. */
  receive(header: ActorMessage, frame: Buffer): void {
    const now = this.#options.runtime.monotonicMs();
    if (!this.isIntroduced) this.#peerNumber = header.session;
    const batches = this.#driver.receive(header, frame, now);
    if (batches === undefined) {
      this.#options.onBadFrame('it acknowledges what was never sent');
      return;
    }
    for (const batch of batches) {
      // What was just delivered may have ended the link.
      if (this.#isOpen) this.#read(batch, now);
    }
    this.#driver.schedule();
    if (this.isIdle) this.#options.onIdle();
  }

  /** Before anything has left: all that waits goes by another session, made when the peer had introduced itself. */
  moveTo(next: PeerLink): void {
    this.#offer();
    this.#isOpen = false;
    this.#asks.forget();
    for (const { messages } of this.#driver.end().unsent) {
      for (let i = 0; i < messages.length; i += 2) {
        const envelope = messages[i + 1] as Envelope;
        if (envelope.reply?.withdrawn === undefined) next.send(messages[i] as RemoteRecipient, envelope);
      }
    }
    this.watches.moveTo(next.watches);
  }

  end(reason: SessionEnd): void {
    if (!this.#isOpen) return;
    const { peer, onIdle } = this.#options;
    this.#offer();
    this.#isOpen = false;
    const { unsent, unknown } = this.#driver.end();
    for (const batch of unsent) this.#lose(batch, 'no-route');
    for (const batch of unknown) this.#lose(batch, 'link-lost');
    const lost = (outcome: 'none' | 'unknown'): ActorError =>
      new ActorError('ACTOR_LINK_LOST', `The link to node ${peer.nodeId} has ended: ${explain[reason]}.`, {
        outcome,
        details: { node: peer.nodeId, incarnation: peer.incarnation, reason },
      });
    this.#asks.end(lost);
    this.#requests.stop(lost('unknown'));
    this.#watched.end();
    this.watches.end();
    onIdle();
  }

  #read(batch: Uint8Array, now: number): void {
    try {
      this.#inbox.read(batch, frameHeaderBytes, now);
    } catch (error) {
      if (!isActorError(error, 'ACTOR_BAD_FRAME')) throw error;
      this.#options.onBadFrame(error.message);
    }
  }

  #watch(id: number, path: string, uid: number | undefined): boolean {
    if (this.#options.refusal !== undefined) return false;
    try {
      this.#outbox.watch(id, path, uid);
    } catch (error) {
      if (!isActorError(error)) throw error;
      this.#options.logger.warn({ code: error.code, node: this.peer.nodeId }, error.message);
      return false;
    }
    this.#written();
    return true;
  }

  #note(number: number, id: number): void {
    if (!this.#isOpen) return;
    this.#outbox.note(number, id);
    this.#written();
  }

  #written(): void {
    if (!this.#outbox.isFull) {
      this.#driver.schedule();
      return;
    }
    // Control messages go on beyond the window, but not beyond the size of a frame.
    this.#offer();
    this.#driver.transmit();
  }

  #collect(): void {
    this.#requests.mentionStarted();
    if (this.#driver.hasRoom(this.#outbox.bytes)) this.#offer();
  }

  #offer(): void {
    const batch = this.#outbox.take();
    if (batch === undefined) return;
    this.#driver.offer(batch);
    if (this.#isStalled || this.#driver.bytes <= this.#backlogMaxBytes) return;
    this.#isStalled = true;
    // Not now: whoever writes may be in the midst of something.
    const { runtime, onStalled } = this.#options;
    runtime.microtask(() => {
      if (this.#isOpen) onStalled();
    });
  }

  #unsendable(recipient: RemoteRecipient, envelope: Envelope, error: unknown): SendResult {
    if (!isActorError(error)) throw error;
    const { address } = recipient;
    const fields = { code: error.code, recipient: address, method: envelope.method.name };
    this.#options.logger.warn(fields, error.message);
    const isTooLarge = error.code === 'ACTOR_FRAME_TOO_LARGE';
    this.#giveUp(recipient, envelope, isTooLarge ? 'too-large' : 'not-serializable');
    envelope.reply?.reject(error);
    return 'dropped';
  }

  #lose(batch: Batch, reason: DeadLetterReason): void {
    const { messages } = batch;
    for (let i = 0; i < messages.length; i += 2) {
      const envelope = messages[i + 1] as Envelope;
      // A request that was made void is accounted for already.
      if (reason === 'no-route' && envelope.reply?.withdrawn !== undefined) continue;
      this.#giveUp(messages[i] as RemoteRecipient, envelope, reason);
    }
  }

  #giveUp(recipient: RemoteRecipient, { method, payload, sender }: Envelope, reason: DeadLetterReason): void {
    this.#options.port.deadLetter({
      message: { name: method.name, payload, kind: method.kind },
      recipient: recipient.address,
      sender: sender?.address,
      reason,
    });
  }
}

const explain: Readonly<Record<SessionEnd, string>> = {
  left: 'the node has left the cluster',
  dead: 'the node is dead',
  replaced: 'the node was started anew',
  stopped: 'this node has stopped',
  stalled: 'it acknowledged nothing until too much waited for it',
  restarted: 'the node has given it up and begins anew',
};

function raise({ requests }: Batch, from: 'queued' | 'sent', to: 'sent' | 'delivered'): void {
  for (const { sink } of requests) if (sink.stage === from) sink.stage = to;
}
