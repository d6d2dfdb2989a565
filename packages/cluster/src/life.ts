// One life of the node, from its start to its end, under one incarnation: transport, membership, remoting and discovery,
// all made anew, so that nothing of an earlier life can leak into it. Actors and their system outlive it.

import {
  ActorError,
  pluginHost,
  type ActorSystem,
  type Member,
  type Membership,
  type MembershipEvent,
  type Metadata,
  type NodeAddress,
  type NodeId,
  type PluginHost,
  type Timing,
} from '@actor/core';
import type { CompleteConfig } from './config.ts';
import { DiscoveryDriver } from './discovery-driver.ts';
import { shutDown, within } from './lifecycle.ts';
import { heartbeats } from './membership/heartbeat-membership.ts';
import { limitsWithin } from './remoting/limits.ts';
import { Remoting } from './remoting/remoting.ts';

/** Why a life is over though nobody here has ended it. */
export interface Verdict {
  /** Who says so. */
  readonly by: NodeId;
  /** A next life must exceed it. */
  readonly incarnation: number;
  /** Another process lives under this node's id, there if that is known: no next life may compete with it. */
  readonly successor?: NodeAddress | 'somewhere';
}

export interface LifeOptions {
  readonly config: CompleteConfig;
  readonly timing: Timing;
  readonly metadata: Metadata;
  readonly system: ActorSystem;
  readonly incarnation: number;
  readonly listen: NodeAddress;
  /** Gives up a start, and the search for other nodes; the life itself ends by `stop`. */
  readonly signal: AbortSignal;
  /** Called for each event of the membership, when remoting knows of it already. */
  readonly report: (event: MembershipEvent) => void;
}

/** Membership events that may wait for this node to take note of them; each is a fact, so none may be dropped. */
const eventsMax = 1_000_000;

export class Life {
  /** Resolves when the others count this life as over. */
  readonly condemned: Promise<Verdict>;
  readonly discovery: DiscoveryDriver | undefined;
  readonly #options: LifeOptions;
  readonly #host: PluginHost;
  #condemn: (verdict: Verdict) => void = () => {};
  #isOver = false;
  #membership: Membership | undefined;
  #remoting: Remoting | undefined;
  #following: Promise<void> | undefined;

  constructor(options: LifeOptions) {
    const { config, timing, incarnation, listen } = options;
    const { clusterName, nodeId, transport, discovery, runtime, logger, metrics } = config;
    this.#options = options;
    this.condemned = new Promise((resolve) => {
      this.#condemn = (verdict) => {
        this.#isOver = true;
        resolve(verdict);
      };
    });
    this.#host = pluginHost({
      clusterName,
      nodeId,
      incarnation,
      transport,
      listen,
      timing,
      runtime,
      metrics,
      logger: logger.child({ incarnation }),
    });
    const { context } = this.#host;
    this.discovery =
      discovery &&
      new DiscoveryDriver({
        make: () => discovery(context),
        timing,
        runtime,
        logger: context.logger.child({ component: 'discovery' }),
        signal: options.signal,
      });
  }

  /** @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before the life has started. */
  get membership(): Membership {
    if (this.#membership !== undefined) return this.#membership;
    throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The node has not been started.');
  }

  /** Nobody is reached any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get incarnation(): number {
    return this.#options.incarnation;
  }

  /** Where the others dial it. @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before the life has started. */
  address(): NodeAddress {
    return this.#host.address();
  }

  get scheme(): string {
    return this.#host.transport.kind;
  }

  /** Leaves nothing open when it fails. @throws {@link ActorError} ACTOR_BIND_FAILED, or what a plugin throws. */
  async start(): Promise<void> {
    try {
      this.#watchSuccessors();
      await this.#host.start({ signal: this.#options.signal });
      await this.#startParts();
    } catch (error) {
      await this.stop(1_000);
      throw error;
    }
  }

  /** Joins through whichever of the addresses answers. When it resolves, messages reach every member. */
  async join(addresses: readonly NodeAddress[], signal?: AbortSignal): Promise<void> {
    await this.membership.join(addresses, signal === undefined ? {} : { signal });
    this.members();
  }

  /** Whoever is among them can be sent to: membership's own word of it comes a turn later. */
  members(): readonly Member[] {
    const members = this.membership.members();
    for (const member of members) {
      if (member.nodeId !== this.#options.config.nodeId) this.#remoting?.peerUp(member);
    }
    return members;
  }

  /** Makes this node findable, unless it is. */
  async register(): Promise<void> {
    const { nodeId, address, incarnation, metadata } = this.membership.self();
    await this.discovery?.register({ nodeId, address, incarnation, metadata });
  }

  setMetadata(metadata: Metadata): void {
    this.#membership?.setMetadata(metadata);
    this.discovery?.outdate();
  }

  /** Goes with a word: what was sent has arrived, and the others see `member-left`. */
  async leave(deadlineMs: number): Promise<void> {
    const { runtime, logger, nodeId } = this.#options.config;
    const flush = (ms: number): Promise<unknown> =>
      within(runtime, ms, (signal) => this.#remoting?.flushed({ signal }) ?? Promise.resolve());
    const steps = [
      { name: 'deregister', share: 0.2, run: () => this.discovery?.deregister(nodeId) ?? Promise.resolve() },
      { name: 'flush', share: 0.5, run: (ms: number) => flush(ms).then(() => {}) },
      { name: 'leave', share: 0.9, run: () => this.#membership?.leave() ?? Promise.resolve() },
    ];
    await shutDown(steps, { deadlineMs, runtime, logger });
  }

  /** Ends the life. Watchers of remote actors learn that those are gone, outstanding asks fail. Never rejects. */
  async stop(deadlineMs: number): Promise<void> {
    const { runtime, logger } = this.#options.config;
    this.#isOver = true;
    this.#remoting?.stop();
    const steps = [
      { name: 'membership', share: 0.3, run: () => this.#membership?.stop() ?? Promise.resolve() },
      { name: 'discovery', share: 0.5, run: () => this.discovery?.stop() ?? Promise.resolve() },
      { name: 'transport', share: 1, run: (ms: number) => this.#host.stop({ deadlineMs: ms }) },
      { name: 'events', share: 1, run: () => this.#following ?? Promise.resolve() },
    ];
    await shutDown(steps, { deadlineMs, runtime, logger });
  }

  async #startParts(): Promise<void> {
    const { config, system, metadata, incarnation, signal } = this.#options;
    const { context, addresses, transport } = this.#host;
    const { runtime, metrics, suspectTimeoutMs, stallTimeoutMs, phiThreshold } = config;
    const address = this.#host.address();
    const self = { nodeId: config.nodeId, incarnation, address };
    const logger = context.logger.child({ component: 'remoting' });
    const channel = context.channel('actors', 'user');
    const scheme = transport.kind;
    this.#remoting = new Remoting({
      system,
      channel,
      addresses,
      self,
      scheme,
      runtime,
      metrics,
      logger,
      serializer: config.serializer,
      limits: limitsWithin(transport.supports.frameMaxBytes, config.remoting),
    });
    this.#remoting.start();
    const membership = heartbeats({ suspectTimeoutMs, stallTimeoutMs, phiThreshold })({
      ...context,
      addresses,
      address,
      metadata,
    });
    this.#membership = membership;
    this.#following = this.#follow(membership, this.#remoting);
    await membership.start({ signal });
    await this.discovery?.start();
    await this.register();
  }

  /**
   * A later process under this node's id takes its place at the transports of the others, which from then on refuse this
   * one. A refusal by a node that it has been linked with is therefore a verdict.
   */
  #watchSuccessors(): void {
    const { transport } = this.#host;
    const linked = new Set<unknown>();
    transport.onLink((peer, up) => {
      if (up) linked.add(peer.nodeId);
    });
    transport.onDialFailed?.((_, { details: { reason, refusedBy } }) => {
      if (reason !== 'old-incarnation' || typeof refusedBy !== 'string' || !linked.has(refusedBy)) return;
      this.#condemn({ by: refusedBy, incarnation: this.incarnation, successor: 'somewhere' });
    });
  }

  async #follow(membership: Membership, remoting: Remoting): Promise<void> {
    for await (const event of membership.watch({ bufferMax: eventsMax })) {
      if (event.kind === 'member-up') remoting.peerUp(event.member);
      if (event.kind === 'member-left') end(event.member, 'left');
      if (event.kind === 'member-dead') {
        end(event.member, event.reason === 'replaced' ? 'replaced' : 'dead');
      }
      this.#options.report(event);
      if (event.kind === 'declared-dead') this.#condemn(event);
    }
    function end({ nodeId, incarnation }: Member, reason: 'left' | 'dead' | 'replaced'): void {
      remoting.peerGone(nodeId, incarnation, reason);
    }
  }
}
