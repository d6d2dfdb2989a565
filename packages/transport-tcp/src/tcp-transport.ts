// The transport itself: it wires listener, reception, dialler and links, and keeps the promises of `Transport` to those
// who listen to it.

import {
  ActorError,
  formatAddress,
  type Gauge,
  type Lane,
  type Logger,
  type NodeAddress,
  type PeerIdentity,
  type StartOptions,
  type StopOptions,
  type Transport,
  type TransportContext,
  type TransportFeatures,
  type Unsubscribe,
} from '@actor/core';
import { checkBound, checkListen } from './bind-policy.ts';
import { Dialler } from './dialler.ts';
import type { Self } from './hello.ts';
import { type Frame, ReadyFrame } from './frame.ts';
import { headerBytes } from './framing.ts';
import type { Link } from './link.ts';
import { LinkTable } from './link-table.ts';
import { Listener } from './listener.ts';
import { invalid, type TcpSettings } from './options.ts';
import { Reception } from './reception.ts';
import { RefusalLog } from './refusal-log.ts';
import {
  certificateSecurity,
  certificateUri,
  nodesOf,
  plainSecurity,
  secretSecurity,
  type Security,
} from './security.ts';
import { checkSelf, selfOf } from './self.ts';
import { Subscriptions } from './subscriptions.ts';

type ReceiveListener = (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void;
type LinkListener = (peer: PeerIdentity, up: boolean) => void;
type DialFailedListener = (to: NodeAddress, error: ActorError) => void;

/** What exists from a successful start on. */
interface Running {
  readonly address: NodeAddress;
  /** The texts of the own addresses, which are not dialled. */
  readonly ownKeys: ReadonlySet<string>;
  readonly dialler: Dialler;
}

export class TcpTransport implements Transport {
  readonly kind = 'tcp';
  readonly supports: TransportFeatures;
  readonly #context: TransportContext;
  readonly #settings: TcpSettings;
  readonly #security: Security;
  readonly #logger: Logger;
  readonly #refusals: RefusalLog;
  readonly #linkGauge: Gauge;
  readonly #links: LinkTable;
  readonly #receivers: Subscriptions<ReceiveListener>;
  readonly #linkListeners: Subscriptions<LinkListener>;
  readonly #dialFailedListeners: Subscriptions<DialFailedListener>;
  /** Addresses as text: who sends much sends with the same object. */
  readonly #keys = new WeakMap<NodeAddress, string>();
  #state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new';
  #listener: Listener | undefined;
  #running: Running | undefined;
  #stopped: Promise<void> | undefined;
  #onAllDown: (() => void) | undefined;

  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID when the options do not suit the context. */
  constructor(context: TransportContext, settings: TcpSettings) {
    if (context.protocol !== 1) throw invalid(['transport: this version needs plugin contract 1.']);
    checkSelf(context);
    this.#context = context;
    this.#settings = settings;
    this.#security = makeSecurity(settings, context);
    this.supports = {
      frameMaxBytes: settings.frameMaxBytes,
      dialFailures: true,
      authenticated: this.#security.authenticated,
      headBytes: headerBytes,
      ownFrames: true,
    };
    checkListen(context.listen, { ...settings, authenticated: this.#security.authenticated });
    this.#logger = context.logger.child({ component: 'transport-tcp' });
    const onThrown = (err: unknown): void => this.#logger.error({ err }, 'a listener threw');
    this.#receivers = new Subscriptions(onThrown);
    this.#linkListeners = new Subscriptions(onThrown);
    this.#dialFailedListeners = new Subscriptions(onThrown);
    const refused = context.metrics.counter('actor_tcp_refusals_total', 'Connections refused, by reason.');
    this.#refusals = new RefusalLog(this.#logger, context.runtime, refused);
    this.#linkGauge = context.metrics.gauge('actor_tcp_links', 'Links that are up.');
    const { runtime } = context;
    this.#links = new LinkTable(
      { ...settings, runtime, openTimeoutMs: settings.handshakeTimeoutMs },
      {
        onUp: (link) => this.#onUp(link),
        onFrame: (link, frame, lane) => this.#onFrame(link, frame, lane),
        onDown: (link, error) => this.#onDown(link, error),
      },
    );
  }

  address(): NodeAddress {
    if (this.#running !== undefined) return this.#running.address;
    throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The transport has no address before start.');
  }

  async start(options: StartOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.#state === 'running') return;
    if (this.#state !== 'new') throw stopped();
    this.#state = 'starting';
    const { listen, runtime } = this.#context;
    let reception: Reception | undefined;
    const listener = new Listener(
      { ...this.#settings, security: this.#security, runtime },
      {
        onHello: (arrival) => reception?.receive(arrival),
        onTurnedAway: (reason, from, err) => this.#refusals.warn(reason, { from, err }),
      },
    );
    this.#listener = listener;
    try {
      const bound = await listener.bind(listen);
      options.signal?.throwIfAborted();
      // `stop` came meanwhile.
      if (this.#stopped !== undefined) throw stopped();
      checkBound(bound.host, { ...this.#settings, authenticated: this.#security.authenticated });
      reception = this.#begin(bound);
    } catch (error) {
      this.#state = 'stopped';
      listener.close();
      throw error;
    }
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(options.deadlineMs ?? 5_000);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  send(to: NodeAddress, frame: Uint8Array, lane: Lane): boolean {
    return this.#send(to, frame, lane);
  }

  sendInPlace(to: NodeAddress, bytes: Uint8Array, tail: Uint8Array | undefined, lane: Lane): boolean {
    return this.#send(to, new ReadyFrame(bytes, tail), lane);
  }

  broadcast(frame: Uint8Array, lane: Lane): void {
    this.#checkSize(frame);
    if (this.#state !== 'running') return;
    for (const link of this.#links.up()) link.send(frame, lane);
  }

  receive(listener: ReceiveListener): Unsubscribe {
    return this.#receivers.add(listener);
  }

  onLink(listener: LinkListener): Unsubscribe {
    const leave = this.#linkListeners.add(listener);
    for (const link of this.#links.all()) if (link.wasUp) listener(link.peer, true);
    return leave;
  }

  onDialFailed(listener: DialFailedListener): Unsubscribe {
    return this.#dialFailedListeners.add(listener);
  }

  #begin(bound: NodeAddress): Reception {
    const { listen, logger } = this.#context;
    const { linksMax } = this.#settings;
    const self = selfOf(this.#context, this.#settings, bound);
    const { address } = self.identity;
    const dialler = this.#makeDialler(self);
    const ownKeys = new Set([
      formatAddress(address),
      formatAddress(bound),
      formatAddress({ ...listen, port: bound.port }),
    ]);
    this.#running = { address, ownKeys, dialler };
    this.#state = 'running';
    logger.debug({ address: formatAddress(address), bound: formatAddress(bound) }, 'listening');
    if (this.#settings.isSecretMissing && !this.#security.authenticated)
      this.#logger.warn(
        'transport.secret is undefined: whoever reaches the port and knows the name is believed',
      );
    return new Reception({
      self,
      security: this.#security,
      links: this.#links,
      linksMax,
      isDialling: (to) => dialler.isDialling(to),
      onAdmitted: (to) => dialler.giveWay(to),
      onRefused: (reason, from, hello) =>
        this.#refusals.warn(reason, { from, peer: hello?.identity, clusterName: hello?.clusterName }),
    });
  }

  #makeDialler(self: Self): Dialler {
    const { runtime, timing } = this.#context;
    const { queueMaxBytes, handshakeTimeoutMs, backoffMinMs, backoffMaxMs } = this.#settings;
    const minMs = backoffMinMs ?? Math.min(timing.retryDelayMs, backoffMaxMs ?? Infinity);
    return new Dialler({
      self,
      security: this.#security,
      links: this.#links,
      runtime,
      backoff: { minMs, maxMs: backoffMaxMs ?? 2 * minMs },
      maxRetries: timing.maxRetries,
      queueMaxBytes,
      timeoutMs: handshakeTimeoutMs,
      onDialFailed: (to, error) => {
        this.#logger.debug({ to: formatAddress(to), err: error }, 'dial failed');
        this.#dialFailedListeners.each((listener) => listener(to, error));
      },
      onGaveUp: (to, error) => this.#logger.warn({ to: formatAddress(to), err: error }, 'gave up dialling'),
      onTooLarge: (link, frames) =>
        this.#logger.warn(
          { peer: link.peer, frames, frameMaxBytes: link.frameMaxBytes },
          'frames dropped: too large',
        ),
    });
  }

  #send(to: NodeAddress, frame: Frame, lane: Lane): boolean {
    this.#checkSize(frame);
    const running = this.#running;
    if (running === undefined || this.#state !== 'running') return false;
    const key = this.#keyOf(to);
    const link = this.#links.at(key);
    if (link !== undefined) return link.send(frame, lane);
    return !running.ownKeys.has(key) && running.dialler.send(key, to, frame, lane);
  }

  #keyOf(to: NodeAddress): string {
    let key = this.#keys.get(to);
    if (key === undefined) {
      key = formatAddress(to);
      this.#keys.set(to, key);
    }
    return key;
  }

  #checkSize(frame: Frame): void {
    const { frameMaxBytes } = this.#settings;
    if (frame.byteLength <= frameMaxBytes) return;
    throw new ActorError(
      'ACTOR_FRAME_TOO_LARGE',
      `A frame of ${frame.byteLength} bytes is over frameMaxBytes (${frameMaxBytes}).`,
      { details: { bytes: frame.byteLength, frameMaxBytes } },
    );
  }

  #onUp(link: Link): void {
    const { peer, frameMaxBytes } = link;
    this.#logger.info({ peer }, 'link up');
    if (frameMaxBytes < this.#settings.frameMaxBytes) {
      this.#logger.warn(
        { peer, frameMaxBytes },
        'the peer takes only smaller frames: larger ones are refused',
      );
    }
    this.#linkGauge.set(this.#links.up().length);
    // What waited goes first, before anything that a listener sends now.
    this.#running?.dialler.onUp(link);
    this.#linkListeners.each((listener) => listener(link.peer, true));
  }

  #onFrame(link: Link, frame: Uint8Array, lane: Lane): void {
    this.#receivers.each((listener) => listener(link.peer, frame, lane));
  }

  #onDown(link: Link, error: Error | undefined): void {
    if (!link.wasUp) {
      this.#running?.dialler.onNotUp(link, error);
    } else {
      this.#logger.info({ peer: link.peer, err: error }, 'link down');
      this.#linkGauge.set(this.#links.up().length);
      this.#linkListeners.each((listener) => listener(link.peer, false));
      this.#resume(link);
    }
    if (this.#links.size === 0) this.#onAllDown?.();
  }

  // Not what was meant for a life that another one has replaced.
  #resume(link: Link): void {
    const successor = this.#links.with(link.peer.nodeId);
    const isReplaced = successor !== undefined && successor.peer.incarnation !== link.peer.incarnation;
    if (this.#state === 'running' && !isReplaced) this.#running?.dialler.resume(link);
  }

  async #stop(deadlineMs: number): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopping';
    this.#listener?.close();
    this.#running?.dialler.stop();
    if (wasRunning) await this.#endLinks(deadlineMs);
    this.#state = 'stopped';
  }

  #endLinks(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#onAllDown = undefined;
        for (const link of this.#links.all()) link.destroy();
        resolve();
      };
      const timer = this.#context.runtime.after(deadlineMs, finish);
      this.#onAllDown = finish;
      for (const link of this.#links.all()) link.end();
      if (this.#links.size === 0) finish();
    });
  }
}

function makeSecurity({ secrets, tls }: TcpSettings, { clusterName, nodeId }: TransportContext): Security {
  if (secrets.length > 0) return secretSecurity({ secrets }, clusterName);
  if (tls === undefined) return plainSecurity();
  let security: Security;
  let names: readonly string[];
  try {
    security = certificateSecurity(tls, clusterName);
    names = nodesOf(tls.cert);
  } catch (cause) {
    throw invalid(['transport.tls: cert, key and ca must be PEM texts that belong together.'], cause);
  }
  // Else the node would start, and each peer would refuse it.
  const own = certificateUri(clusterName, nodeId);
  if (names.includes(own)) return security;
  throw invalid([
    `transport.tls.cert is not this node's: it needs the SAN URI ${own}, and has ${names.join(', ') || 'none'}.`,
  ]);
}

function stopped(): ActorError {
  return new ActorError('ACTOR_NODE_STOPPED', 'The transport was stopped; it can not be started.');
}
