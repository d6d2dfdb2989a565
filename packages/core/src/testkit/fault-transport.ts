// One transport on a network with faults. What arrives passes through a queue per peer, in which frames and the ends of
// links keep their order while they are late; what is cut off is dropped, and the link goes down with it.

import { ActorError } from '../errors.ts';
import { formatAddress, type NodeAddress, type NodeId, type PeerIdentity } from '../plugin/node.ts';
import type { StartOptions, StopOptions, Unsubscribe } from '../plugin/startable.ts';
import type { Lane, Transport, TransportContext, TransportFeatures } from '../plugin/transport.ts';
import type { FaultNetwork } from './fault-network.ts';
import { FaultLink } from './fault-link.ts';

type Receiver = (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void;
type LinkListener = (peer: PeerIdentity, up: boolean) => void;
type DialFailedListener = (to: NodeAddress, error: ActorError) => void;

export class FaultTransport implements Transport {
  readonly nodeId: NodeId;
  readonly #inner: Transport;
  readonly #context: TransportContext;
  readonly #network: FaultNetwork;
  readonly #links = new Map<NodeId, FaultLink>();
  readonly #receivers = new Set<Receiver>();
  readonly #linkListeners = new Set<LinkListener>();
  readonly #dialFailedListeners = new Set<DialFailedListener>();
  readonly #failing = new Set<string>();
  #isUp = false;

  constructor(inner: Transport, context: TransportContext, network: FaultNetwork) {
    this.nodeId = context.nodeId;
    this.#inner = inner;
    this.#context = context;
    this.#network = network;
    inner.receive((from, frame, lane) => this.#link(from.nodeId).frame(from, frame, lane));
    inner.onLink((peer, up) => this.#link(peer.nodeId).inner(peer, up));
    inner.onDialFailed?.((to, error) => this.#dialFailed(to, error));
  }

  get kind(): string {
    return this.#inner.kind;
  }

  /** What stands between sender and receiver here keeps frames, and may hand one over twice. */
  get supports(): TransportFeatures {
    return { ...this.#inner.supports, headBytes: 0, ownFrames: false };
  }

  address(): NodeAddress {
    return this.#inner.address();
  }

  async start(options?: StartOptions): Promise<void> {
    await this.#inner.start(options);
    this.#isUp = true;
    this.#network.started(this);
  }

  async stop(options?: StopOptions): Promise<void> {
    this.#isUp = false;
    await this.#inner.stop(options);
    for (const link of this.#links.values()) link.flush();
    this.#network.stopped(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  send(to: NodeAddress, frame: Uint8Array, lane: Lane): boolean {
    const peer = this.#network.nodeAt(to);
    const isTooLarge = frame.length > this.#inner.supports.frameMaxBytes;
    const isLinked = peer !== undefined && this.#links.get(peer)?.isUp === true;
    // Over a link that is cut but still up, the frame is lost at the other end.
    if (!this.#isUp || isTooLarge || peer === undefined || isLinked || !this.#isCutFrom(peer)) {
      return this.#inner.send(to, frame, lane);
    }
    // It waits for a link that will not come up.
    this.#failDial(to);
    return true;
  }

  broadcast(frame: Uint8Array, lane: Lane): void {
    this.#inner.broadcast(frame, lane);
  }

  receive(listener: Receiver): Unsubscribe {
    return subscribe(this.#receivers, listener);
  }

  onLink(listener: LinkListener): Unsubscribe {
    for (const link of this.#links.values())
      if (link.peer !== undefined && link.isUp) listener(link.peer, true);
    return subscribe(this.#linkListeners, listener);
  }

  onDialFailed(listener: DialFailedListener): Unsubscribe {
    return subscribe(this.#dialFailedListeners, listener);
  }

  /** @internal */
  reset(peer: NodeId): void {
    this.#links.get(peer)?.reset();
  }

  /** @internal */
  cutsChanged(): void {
    for (const link of [...this.#links.values()]) link.cutsChanged();
  }

  /** @internal */
  clog(forMs: number): void {
    this.#network.model.clog({ to: this.nodeId }, this.#context.runtime.monotonicMs() + forMs);
  }

  #isCutFrom(peer: NodeId): boolean {
    const { model } = this.#network;
    return model.isCut(this.nodeId, peer) || model.isCut(peer, this.nodeId);
  }

  #link(peer: NodeId): FaultLink {
    let link = this.#links.get(peer);
    if (link === undefined) {
      link = new FaultLink({
        self: this.nodeId,
        peer,
        network: this.#network,
        runtime: this.#context.runtime,
        onFrame: (from, frame, lane) => {
          for (const receiver of [...this.#receivers]) receiver(from, frame, lane);
        },
        onLink: (identity, up) => {
          for (const listener of [...this.#linkListeners]) listener(identity, up);
        },
      });
      this.#links.set(peer, link);
    }
    return link;
  }

  #failDial(to: NodeAddress): void {
    const address = formatAddress(to);
    if (this.#failing.has(address)) return;
    this.#failing.add(address);
    this.#context.runtime.after(this.#network.dialFailMs, () => {
      this.#failing.delete(address);
      const why = `Dialling ${address} failed: the network is partitioned.`;
      if (this.#isUp) this.#dialFailed(to, new ActorError('ACTOR_NO_ROUTE', why, { details: { address } }));
    });
  }

  #dialFailed(to: NodeAddress, error: ActorError): void {
    for (const listener of [...this.#dialFailedListeners]) listener(to, error);
  }
}

// A wrapper makes each subscription its own, also when one function subscribes twice.
function subscribe<A extends unknown[]>(
  listeners: Set<(...args: A) => void>,
  listener: (...args: A) => void,
): Unsubscribe {
  const subscribed = (...args: A): void => listener(...args);
  listeners.add(subscribed);
  return () => void listeners.delete(subscribed);
}
