// The node as its program sees it: start, join, leave, stop, and what is known of the others. It owns the actor system
// for good; the lives of the node come and go below it, and the actors stay.

import {
  ActorError,
  ActorSystem,
  FeedSource,
  formatAddress,
  isActorError,
  type Actor,
  type ActorRef,
  type Feed,
  type FeedOptions,
  type Member,
  type MembershipEvent,
  type Message,
  type Messages,
  type NodeAddress,
  type NodeId,
  type Protocol,
  type SendResult,
  type SpawnArguments,
  type StopOptions,
  type SystemStats,
} from '@actor/core';
import type { ClusterEvent, ClusterStatus, NodeRole } from './cluster-event.ts';
import { checkReconfiguration, toAddresses } from './config-check.ts';
import {
  completeConfig,
  reconfigured,
  type ClusterConfig,
  type CompleteConfig,
  type Reconfiguration,
} from './config.ts';
import { healthOf, type Health } from './health.ts';
import type { Life } from './life.ts';
import { isDeadline, notADeadline, shutDown, type Step } from './lifecycle.ts';
import { Lives } from './lives.ts';

/** See {@link ClusterManager.inspect}. */
export interface Inspection {
  readonly status: ClusterStatus;
  readonly role: NodeRole;
  readonly leader: NodeId | undefined;
  readonly address: string | undefined;
  readonly members: readonly Member[];
  readonly actors: SystemStats;
}

const defaultDeadlineMs = 5_000;

/**
 * A node of a cluster.
 *
 * @example
 * ```ts
 * import { ClusterManager } from '@actor/cluster';
 * import { tcp } from '@actor/transport-tcp';
 *
 * const transport = tcp({ secret: 'a secret of sixteen bytes or more' });
 * await using cluster = new ClusterManager({ clusterName: 'shop', nodeName: 'a', transport });
 * await cluster.start();
 * ```
 */
export class ClusterManager implements AsyncDisposable {
  /** The actors of this node. They outlive its lives and end with `stop`. */
  readonly system: ActorSystem;
  readonly #lives: Lives;
  readonly #events = new FeedSource<ClusterEvent>();
  #config: CompleteConfig;
  #status: ClusterStatus = 'initializing';
  #failure: ActorError | undefined;
  #starting: Promise<void> | undefined;
  #leaving: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault of the config in `details.faults`. */
  constructor(config: ClusterConfig) {
    const complete = completeConfig(config);
    this.#config = { ...complete, logger: complete.logger.child({ node: complete.nodeName }) };
    const { nodeName, runtime, logger, askTimeoutMs, interceptors } = this.#config;
    this.system = new ActorSystem({ name: nodeName, runtime, logger, askTimeoutMs, interceptors });
    this.#lives = new Lives({
      system: this.system,
      config: () => this.#config,
      report: (event) => this.#report(event),
      turned: (status) => this.#turn(status),
      failed: (error) => this.#fail(error),
    });
  }

  /**
   * Listens, and joins whatever cluster the seeds lead to. Where no seed answers, the node runs alone and goes on trying.
   * Resolves when the status is `running`.
   * @throws {@link ActorError} ACTOR_BIND_FAILED when the port is taken; ACTOR_UNAUTHENTICATED or ACTOR_PROTOCOL_MISMATCH
   * when the seeds refused this node; ACTOR_NODE_STOPPED when it has left or stopped, before or meanwhile.
   */
  start(): Promise<void> {
    // What an earlier call gave says nothing about a node that has ended since.
    if (this.#stopping !== undefined || this.#leaving !== undefined) return Promise.reject(stopped());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Joins the nodes at the addresses by hand, and remembers them.
   * @throws {@link ActorError} ACTOR_NO_ROUTE when none of them answered, or the code of a refusal.
   */
  async join(
    addresses: readonly (string | NodeAddress)[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const parsed = toAddresses('addresses', addresses);
    this.#requireLife();
    await this.#lives.join(parsed, options.signal);
  }

  /**
   * Leaves the cluster: the others see `member-left` and stop sending. The local actors go on until `stop`; the node does
   * not come back.
   * @throws {@link ActorError} ACTOR_CONFIG_INVALID when `deadlineMs` (default 5000) is negative or not finite; the node stays.
   */
  leave(options: StopOptions = {}): Promise<void> {
    const { deadlineMs = defaultDeadlineMs } = options;
    if (!isDeadline(deadlineMs)) return Promise.reject(notADeadline(deadlineMs));
    this.#leaving ??= this.#leave(deadlineMs);
    return this.#leaving;
  }

  /**
   * Stops the actors, leaves, and closes everything, within the deadline. A second call waits for the first.
   * @throws {@link ActorError} ACTOR_CONFIG_INVALID when `deadlineMs` (default 5000) is negative or not finite; the node goes on.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const { deadlineMs = defaultDeadlineMs } = options;
    if (!isDeadline(deadlineMs)) return Promise.reject(notADeadline(deadlineMs));
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Changes what may change while the node runs. @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault. */
  reconfigure(changes: Reconfiguration): void {
    checkReconfiguration(changes);
    this.#config = reconfigured(this.#config, changes);
    if (changes.metadata !== undefined) this.#lives.current?.setMetadata(this.#config.metadata);
    if (changes.discoveryIntervalMs !== undefined) this.#lives.retime();
  }

  /** Spawns an actor that others reach as `<address>/<name>`. @throws {@link ActorError} ACTOR_NAME_TAKEN. */
  registerActor<M extends Messages, S, A>(
    actor: Actor<M, S, A>,
    ...options: SpawnArguments<A>
  ): ActorRef<Protocol<M>> {
    return this.system.spawn(actor, ...options);
  }

  /** A typed ref for an address, here or on another node alike. */
  ref<P extends Protocol>(protocol: P, address: string): ActorRef<P> {
    return this.system.ref(protocol, address);
  }

  /** Sends by address, without a contract. */
  send(address: string, message: Message): Promise<SendResult> {
    return Promise.resolve(this.system.send(address, message));
  }

  status(): ClusterStatus {
    return this.#status;
  }

  /** Without consensus, always `follower`. */
  role(): NodeRole {
    return 'follower';
  }

  /** Without consensus there is none. */
  leader(): NodeId | undefined {
    return undefined;
  }

  /** Alive and suspect members, this node included, sorted by id; empty before, between and after the lives of the node. */
  members(): readonly Member[] {
    const life = this.#isLiving() ? this.#lives.current : undefined;
    return life === undefined || life.isOver ? [] : life.members();
  }

  /** This node as the others see it. @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before it has started. */
  self(): Member {
    return this.#requireLife().membership.self();
  }

  /** `tcp://127.0.0.1:8081`. @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before it has started. */
  get address(): string {
    const life = this.#requireLife();
    return `${life.scheme}://${formatAddress(life.address())}`;
  }

  /** Changes from now on. */
  events(options: FeedOptions = {}): Feed<ClusterEvent> {
    return this.#events.open(options);
  }

  health(): Health {
    return healthOf(this.#status, this.#failure);
  }

  /** What an operator wants to see at a glance, as plain data. */
  inspect(): Inspection {
    return {
      status: this.#status,
      role: this.role(),
      leader: this.leader(),
      address: this.#isLiving() ? this.address : undefined,
      members: this.members(),
      actors: this.system.stats(),
    };
  }

  async #start(): Promise<void> {
    try {
      await this.#lives.start();
    } catch (error) {
      if (this.#stopping === undefined && this.#leaving === undefined) this.#fail(error);
      throw error;
    }
  }

  async #leave(deadlineMs: number): Promise<void> {
    if (this.#isLiving()) this.#turn('leaving');
    await this.#shutDown(deadlineMs, this.#departure());
  }

  async #stop(deadlineMs: number): Promise<void> {
    if (this.#status !== 'failed') this.#turn('leaving');
    const departure = this.#leaving === undefined ? this.#departure() : [];
    await this.#shutDown(deadlineMs, [
      { name: 'leave', share: 0.9, run: () => this.#leaving ?? Promise.resolve() },
      // Before this node leaves, so that those who wait for answers of its actors get them.
      { name: 'actors', share: 0.6, run: (ms) => this.system.stop({ deadlineMs: ms }) },
      ...departure,
    ]);
    this.#turn('stopped');
    this.#events.close();
  }

  #departure(): readonly Step[] {
    const isWelcome = this.#isLiving() || this.#status === 'leaving';
    return [
      { name: 'joining', share: 0.3, run: () => this.#lives.close() },
      {
        name: 'departure',
        share: 0.6,
        run: (ms) => (isWelcome && this.#lives.current?.leave(ms)) || Promise.resolve(),
      },
      { name: 'life', share: 1, run: (ms) => this.#lives.current?.stop(ms) ?? Promise.resolve() },
    ];
  }

  #shutDown(deadlineMs: number, steps: readonly Step[]): Promise<void> {
    const { runtime, logger } = this.#config;
    return shutDown(steps, { deadlineMs, runtime, logger });
  }

  #fail(error: unknown): void {
    if (this.#status === 'leaving' || this.#status === 'stopped') return;
    this.#failure = isActorError(error)
      ? error
      : new ActorError('ACTOR_ASSERTION', `The node failed: ${String(error)}`, { cause: error });
    this.#config.logger.error({ err: error }, 'the node has failed');
    this.#turn('failed');
    void this.#lives.close();
  }

  #turn(status: ClusterStatus): void {
    const previous = this.#status;
    const isOver = previous === 'stopped' || (previous === 'leaving' && status !== 'stopped');
    if (status === previous || isOver) return;
    if (previous === 'failed' && status !== 'stopped') return;
    this.#status = status;
    this.#config.logger.info({ status, previous }, `the node is ${status}`);
    const error = status === 'failed' && this.#failure !== undefined ? { error: this.#failure } : {};
    this.#events.publish({ kind: 'status-changed', status, previous, ...error });
  }

  #report(event: MembershipEvent): void {
    const { logger } = this.#config;
    if (event.kind === 'declared-dead') logger.warn({ ...event }, event.kind);
    else {
      const { nodeId, incarnation, address } = event.member;
      const level = event.kind === 'member-suspect' || event.kind === 'member-dead' ? 'warn' : 'info';
      logger[level]({ member: nodeId, incarnation, address: formatAddress(address) }, event.kind);
    }
    this.#events.publish(event);
  }

  #isLiving(): boolean {
    return this.#status === 'joining' || this.#status === 'running';
  }

  #requireLife(): Life {
    const life = this.#lives.current;
    if (life !== undefined && this.#isLiving()) return life;
    if (this.#status === 'initializing') {
      throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The node has not been started.');
    }
    throw stopped();
  }
}

function stopped(): ActorError {
  return new ActorError('ACTOR_NODE_STOPPED', 'The node has left its cluster, or was stopped.');
}
