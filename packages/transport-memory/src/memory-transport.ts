// The memory transport keeps the same promises as a network one, by the same means: it dials, says who it is, links, and
// tries again. So a program that runs on it meets link-down, refusal and full queues as it would between machines.

import {
  ActorError,
  formatAddress,
  type Lane,
  type NodeAddress,
  type NodeId,
  type PeerIdentity,
  type StartOptions,
  type StopOptions,
  type Transport,
  type TransportContext,
  type TransportFeatures,
  type Unsubscribe,
} from '@actor/core';
import type { MemoryEndpoint, MemoryFabric } from './fabric.ts';
import { MemoryLink } from './link.ts';
import { Route } from './route.ts';
import { Subscriptions } from './subscriptions.ts';

type ReceiveListener = (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void;
type LinkListener = (peer: PeerIdentity, up: boolean) => void;
type DialFailedListener = (to: NodeAddress, error: ActorError) => void;

export interface MemoryTransportOptions {
  readonly fabric: MemoryFabric;
  readonly frameMaxBytes: number;
  readonly queueMaxBytes: number;
}

export class MemoryTransport implements Transport {
  readonly kind = 'memory';
  readonly supports: TransportFeatures;
  readonly #queueMaxBytes: number;
  readonly #context: TransportContext;
  readonly #fabric: MemoryFabric;
  readonly #receivers = new Subscriptions<ReceiveListener>();
  readonly #linkListeners = new Subscriptions<LinkListener>();
  readonly #dialFailedListeners = new Subscriptions<DialFailedListener>();
  /** Links that exist, by node; those that are up have been reported. */
  readonly #links = new Map<NodeId, MemoryLink>();
  readonly #up = new Map<NodeId, MemoryLink>();
  /** Where frames for an address go: a link, or the dialling of one. */
  readonly #linkByAddress = new Map<string, MemoryLink>();
  readonly #routes = new Map<string, Route>();
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  #endpoint: MemoryEndpoint | undefined;
  #flushed: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID when the host speaks another version of the plugin contract. */
  constructor(context: TransportContext, options: MemoryTransportOptions) {
    if (context.protocol !== 1) {
      throw new ActorError('ACTOR_CONFIG_INVALID', 'transport: this version needs plugin contract 1.');
    }
    this.#context = context;
    this.#fabric = options.fabric;
    this.#queueMaxBytes = options.queueMaxBytes;
    this.supports = { frameMaxBytes: options.frameMaxBytes, dialFailures: true, authenticated: false };
  }

  address(): NodeAddress {
    return this.#self.identity.address;
  }

  async start(options: StartOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.#state === 'running') return;
    if (this.#state !== 'new')
      throw new ActorError('ACTOR_NODE_STOPPED', 'A stopped transport stays stopped.');
    this.#endpoint = this.#makeEndpoint(this.#fabric.claim(this.#context.listen));
    this.#fabric.bind(this.#endpoint);
    this.#state = 'running';
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(options.deadlineMs ?? 5000);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  send(to: NodeAddress, frame: Uint8Array, lane: Lane): boolean {
    this.#checkSize(frame);
    if (this.#state !== 'running') return false;
    const key = formatAddress(to);
    const link = this.#linkByAddress.get(key);
    if (link?.isOpen === true) return link.send(frame, lane);
    if (key === formatAddress(this.address())) return false;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = new Route(to, this.#queueMaxBytes);
      this.#routes.set(key, route);
      this.#dialSoon(route);
    }
    return route.waiting.push(frame, lane);
  }

  broadcast(frame: Uint8Array, lane: Lane): void {
    this.#checkSize(frame);
    if (this.#state === 'running') for (const link of this.#up.values()) link.send(frame, lane);
  }

  receive(listener: ReceiveListener): Unsubscribe {
    return this.#receivers.add(listener);
  }

  onLink(listener: LinkListener): Unsubscribe {
    const leave = this.#linkListeners.add(listener);
    for (const link of this.#up.values()) listener(link.peer, true);
    return leave;
  }

  onDialFailed(listener: DialFailedListener): Unsubscribe {
    return this.#dialFailedListeners.add(listener);
  }

  get #self(): MemoryEndpoint {
    if (this.#endpoint !== undefined) return this.#endpoint;
    throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The transport has no address before start.');
  }

  // What the fabric and the links may do with this transport, and its users may not.
  #makeEndpoint(address: NodeAddress): MemoryEndpoint {
    const { nodeId, incarnation, runtime, clusterName } = this.#context;
    return {
      clusterName,
      identity: { nodeId, incarnation, address },
      runtime,
      queueMaxBytes: this.#queueMaxBytes,
      linkWith: (peer) => this.#linkWith(peer),
      refuses: (other) => this.#refuses(other),
      attach: (link) => this.#attach(link),
      vanish: () => this.#vanish(),
      onUp: (link) => this.#onUp(link),
      onFrame: (link, frame, lane) => {
        this.#receivers.each((listener) => listener(link.peer, frame, lane));
      },
      onDown: (link, wasUp) => this.#onDown(link, wasUp),
      onFlushed: () => {
        if (this.#flushed !== undefined) runtime.macrotask(this.#flushed);
      },
    };
  }

  #linkWith(peer: PeerIdentity): MemoryLink | undefined {
    const link = this.#links.get(peer.nodeId);
    return link?.isOpen === true && link.peer.incarnation === peer.incarnation ? link : undefined;
  }

  #refuses({ clusterName, identity }: MemoryEndpoint): ActorError | undefined {
    const reason = this.#reasonToRefuse(clusterName, identity);
    if (reason === undefined) return undefined;
    const { nodeId } = this.#context;
    this.#context.logger.warn({ peer: identity, clusterName, reason }, 'link refused');
    return new ActorError(
      'ACTOR_PROTOCOL_MISMATCH',
      `Node "${this.#context.nodeId}" of cluster "${this.#context.clusterName}" refused the link: ${reason}.`,
      { details: { reason, nodeId, clusterName: this.#context.clusterName, refusedBy: nodeId } },
    );
  }

  #reasonToRefuse(clusterName: string, peer: PeerIdentity): string | undefined {
    if (clusterName !== this.#context.clusterName) return 'foreign-cluster';
    if (peer.nodeId === this.#context.nodeId) {
      return peer.incarnation === this.#context.incarnation ? 'self' : 'node-id-taken';
    }
    const linked = this.#links.get(peer.nodeId);
    return linked !== undefined && linked.peer.incarnation > peer.incarnation ? 'old-incarnation' : undefined;
  }

  #attach(link: MemoryLink): void {
    // Not `close`: this runs in the dialler's turn, and a listener of this node runs in a turn of this node.
    this.#links.get(link.peer.nodeId)?.cut();
    this.#links.set(link.peer.nodeId, link);
    this.#useFor(link, link.peer.address);
  }

  #onUp(link: MemoryLink): void {
    const { nodeId } = link.peer;
    // Its end may be due in a later turn than this one.
    this.#up.get(nodeId)?.close();
    this.#up.set(nodeId, link);
    this.#linkListeners.each((listener) => listener(link.peer, true));
  }

  #onDown(link: MemoryLink, wasUp: boolean): void {
    this.#forget(link);
    if (this.#up.get(link.peer.nodeId) === link) this.#up.delete(link.peer.nodeId);
    if (wasUp) this.#linkListeners.each((listener) => listener(link.peer, false));
    this.#flushed?.();
  }

  #vanish(): void {
    this.#receivers.clear();
    this.#linkListeners.clear();
    this.#dialFailedListeners.clear();
    this.#close();
  }

  #checkSize(frame: Uint8Array): void {
    const { frameMaxBytes } = this.supports;
    if (frame.byteLength <= frameMaxBytes) return;
    throw new ActorError(
      'ACTOR_FRAME_TOO_LARGE',
      `A frame of ${frame.byteLength} bytes is over frameMaxBytes (${frameMaxBytes}).`,
      { details: { bytes: frame.byteLength, frameMaxBytes } },
    );
  }

  #dialSoon(route: Route): void {
    this.#context.runtime.macrotask(() => this.#dial(route));
  }

  #dial(route: Route): void {
    if (route.isOver) return;
    const there = this.#fabric.find(route.to);
    if (there === undefined) {
      this.#dialFailed(route, noRoute(route.to));
      return;
    }
    const known = this.#linkWith(there.identity);
    if (known !== undefined) {
      this.#useFor(known, route.to);
      return;
    }
    const refusal = there.refuses(this.#self) ?? this.#refuses(there);
    if (refusal !== undefined) {
      this.#dialFailed(route, refusal);
      return;
    }
    const [mine, theirs] = MemoryLink.pair(this.#self, there);
    this.#attach(mine);
    there.attach(theirs);
    this.#useFor(mine, route.to);
  }

  #dialFailed(route: Route, error: ActorError): void {
    route.failures += 1;
    this.#dialFailedListeners.each((listener) => listener(route.to, error));
    // A listener may have stopped the transport.
    if (route.isOver) return;
    const { maxRetries, retryDelayMs } = this.#context.timing;
    if (!error.retryable || route.failures >= maxRetries) {
      this.#context.logger.warn({ to: formatAddress(route.to), err: error }, 'gave up dialling');
      route.end();
      this.#routes.delete(formatAddress(route.to));
      return;
    }
    const delayMs = retryDelayMs * (0.5 + this.#context.runtime.random() / 2);
    route.retry = this.#context.runtime.after(delayMs, () => this.#dial(route));
  }

  /** From now on frames for the address go over the link; first those that waited. */
  #useFor(link: MemoryLink, address: NodeAddress): void {
    const key = formatAddress(address);
    this.#linkByAddress.set(key, link);
    const route = this.#routes.get(key);
    if (route === undefined) return;
    link.sendAll(route.waiting);
    route.end();
    this.#routes.delete(key);
  }

  #forget(link: MemoryLink): void {
    if (this.#links.get(link.peer.nodeId) === link) this.#links.delete(link.peer.nodeId);
    for (const [key, used] of this.#linkByAddress) if (used === link) this.#linkByAddress.delete(key);
  }

  async #stop(deadlineMs: number): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopping';
      this.#fabric.retire(this.#self);
      await this.#flush(deadlineMs);
    }
    this.#close();
  }

  #flush(deadlineMs: number): Promise<void> {
    const isFlushed = (): boolean => [...this.#links.values()].every((link) => link.isFlushed);
    if (isFlushed()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#context.runtime.after(deadlineMs, resolve);
      this.#flushed = () => {
        if (!isFlushed()) return;
        timer.cancel();
        resolve();
      };
    });
  }

  #close(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    if (this.#endpoint !== undefined) this.#fabric.unbind(this.#endpoint);
    for (const route of this.#routes.values()) route.end();
    this.#routes.clear();
    for (const link of [...this.#links.values()]) link.close();
    this.#flushed?.();
  }
}

function noRoute(to: NodeAddress): ActorError {
  return new ActorError('ACTOR_NO_ROUTE', `Nothing is bound at ${formatAddress(to)} in this fabric.`, {
    details: { host: to.host, port: to.port },
  });
}
