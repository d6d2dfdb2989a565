// Members of one cluster in a simulation, each in a process with a host of its own, on a network with faults.

import { strict as assert } from 'node:assert';

import type { Timing } from '../plugin/context.ts';
import { pluginHost, type PluginHost } from '../plugin/host.ts';
import type { Logger } from '../plugin/logger.ts';
import type { Member, Membership, MembershipEvent, MembershipFactory } from '../plugin/membership.ts';
import type { Metadata, NodeAddress, NodeId } from '../plugin/node.ts';
import type { TransportFactory } from '../plugin/transport.ts';
import type { Passage } from './case.ts';
import { FaultNetwork } from './fault-network.ts';
import { virtualTime } from './passage.ts';
import { Simulation } from './simulation.ts';

export interface SimulatedMembersOptions {
  readonly membership: MembershipFactory;
  /** Transports of one medium. */
  readonly transport: TransportFactory;
  /** What the medium does when the process that is bound there is killed. */
  readonly crash: (address: NodeAddress) => void;
  /** @defaultValue 1 */
  readonly seed?: number;
  readonly timing?: Partial<Timing>;
  readonly logger?: Logger;
}

export interface MemberOptions {
  readonly nodeId: NodeId;
  /** @defaultValue 1 */
  readonly incarnation?: number;
  /** @defaultValue none */
  readonly metadata?: Metadata;
  /** @defaultValue 'conformance' */
  readonly clusterName?: string;
  /** @defaultValue any free address */
  readonly listen?: NodeAddress;
  /**
   * Does it end its life and start the next one when it is declared dead, as a host does?
   * @defaultValue true
   */
  readonly isReborn?: boolean;
}

export interface MembershipFixture extends Passage {
  readonly simulation: Simulation;
  readonly network: FaultNetwork;
  readonly timing: Timing;
  /** A started member that has joined nobody yet. */
  start(options: MemberOptions): Promise<SimulatedMember>;
  close(): Promise<void>;
}

type Build = (options: MemberOptions) => PluginHost;

/** One place of a member, through its lives. */
export class SimulatedMember {
  readonly nodeId: NodeId;
  /** What its watchers were told, by life. */
  readonly lives: MembershipEvent[][] = [];
  readonly #options: MemberOptions;
  readonly #build: Build;
  readonly #factory: MembershipFactory;
  readonly #kill: (address: NodeAddress) => void;
  #host: PluginHost | undefined;
  #membership: Membership | undefined;
  #isOver = false;

  constructor(
    options: MemberOptions,
    build: Build,
    factory: MembershipFactory,
    kill: (address: NodeAddress) => void,
  ) {
    this.nodeId = options.nodeId;
    this.#options = options;
    this.#build = build;
    this.#factory = factory;
    this.#kill = kill;
  }

  get membership(): Membership {
    assert.ok(this.#membership !== undefined, `${this.nodeId} has not been started`);
    return this.#membership;
  }

  get address(): NodeAddress {
    assert.ok(this.#host !== undefined, `${this.nodeId} has not been started`);
    return this.#host.address();
  }

  /** The events of all lives. */
  get events(): readonly MembershipEvent[] {
    return this.lives.flat();
  }

  /** `member-up b#1`, …; of one node when its id is given. */
  log(nodeId?: NodeId): string[] {
    return this.events.flatMap((event) => {
      const { kind } = event;
      if (kind === 'declared-dead') return nodeId === undefined ? [`${kind} by ${event.by}`] : [];
      const { member } = event;
      return nodeId === undefined || member.nodeId === nodeId
        ? [`${kind} ${member.nodeId}#${member.incarnation}`]
        : [];
    });
  }

  /** The ids of its members that are alive to it. */
  alive(): NodeId[] {
    return this.membership.members().flatMap(({ nodeId, status }) => (status === 'alive' ? [nodeId] : []));
  }

  find(nodeId: NodeId): Member | undefined {
    return this.membership.members().find((member) => member.nodeId === nodeId);
  }

  async start(incarnation: number, listen?: NodeAddress): Promise<void> {
    const bound = listen ?? this.#options.listen;
    const host = this.#build({
      ...this.#options,
      incarnation,
      ...(bound === undefined ? {} : { listen: bound }),
    });
    await host.start();
    const membership = this.#factory({
      ...host.context,
      addresses: host.addresses,
      address: host.address(),
      metadata: this.#options.metadata ?? {},
    });
    this.#record(membership);
    await membership.start();
    this.#host = host;
    this.#membership = membership;
  }

  /** The process is gone; nobody is told. */
  crash(): void {
    this.#isOver = true;
    this.#kill(this.address);
  }

  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#end();
  }

  #record(membership: Membership): void {
    const life: MembershipEvent[] = [];
    this.lives.push(life);
    void (async () => {
      for await (const event of membership.watch()) {
        life.push(event);
        if (event.kind === 'declared-dead' && this.#options.isReborn !== false) {
          void this.#rebirth(membership, event.incarnation);
        }
      }
    })();
  }

  async #rebirth(membership: Membership, known: number): Promise<void> {
    if (membership !== this.#membership || this.#isOver) return;
    const { address } = this;
    const seeds = membership
      .members()
      .flatMap(({ nodeId, address: at }) => (nodeId === this.nodeId ? [] : [at]));
    const incarnation = Math.max(membership.self().incarnation, known) + 1;
    await this.#end();
    await this.start(incarnation, address);
    // Nobody may be there at the moment; finding others later is the membership's own affair.
    await this.membership.join(seeds).catch(() => {});
  }

  async #end(): Promise<void> {
    await this.#membership?.stop({ deadlineMs: 100 });
    await this.#host?.stop({ deadlineMs: 100 });
  }
}

/** The usual fixture of a membership suite. */
export function simulatedMembers(options: SimulatedMembersOptions): MembershipFixture {
  const seed = options.seed ?? 1;
  const simulation = new Simulation({ seed });
  const network = new FaultNetwork({ seed, conditions: { delayMinMs: 0.2, delayMeanMs: 0.5 } });
  const transport = network.wrap(options.transport);
  const passage = virtualTime(simulation);
  const members: SimulatedMember[] = [];
  const timing: Timing = {
    heartbeatIntervalMs: 500,
    discoveryIntervalMs: 2_000,
    maxRetries: 3,
    retryDelayMs: 100,
    ...options.timing,
  };
  const start = async (member: MemberOptions): Promise<SimulatedMember> => {
    simulation.kill(member.nodeId);
    const runtime = simulation.runtime(member.nodeId);
    const build: Build = (life) =>
      pluginHost({
        clusterName: 'conformance',
        ...life,
        transport,
        runtime,
        timing,
        ...(options.logger === undefined ? {} : { logger: options.logger }),
      });
    const kill = (address: NodeAddress): void => {
      runtime.kill();
      options.crash(address);
    };
    const made = new SimulatedMember(member, build, options.membership, kill);
    members.push(made);
    await passage.settle(made.start(member.incarnation ?? 1));
    return made;
  };
  const close = async (): Promise<void> => {
    await passage.settle(Promise.all(members.map((member) => member.stop())));
  };
  return { ...passage, simulation, network, timing, start, close };
}
