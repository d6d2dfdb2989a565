// Whole nodes in one simulation: processes of their own on the memory transport, under a network with faults.

import { FeedSource, silentLogger, type DiscoveryFactory, type Logger, type NodeInfo } from '@actor/core';
import { FaultNetwork, Simulation, type SimulatedRuntime } from '@actor/core/testkit';
import { memory, memoryFabric } from '@actor/transport-memory';
import { ClusterManager, type ClusterConfig, type ClusterEvent } from '../src/index.ts';

export interface Seat {
  readonly cluster: ClusterManager;
  readonly runtime: SimulatedRuntime;
  readonly events: ClusterEvent[];
}

export class World {
  readonly simulation: Simulation;
  readonly network: FaultNetwork;
  readonly fabric = memoryFabric();
  readonly seats = new Map<string, Seat>();

  constructor(seed = 1) {
    this.simulation = new Simulation({ seed });
    this.network = new FaultNetwork({ seed, conditions: { delayMinMs: 0.2, delayMeanMs: 0.5 } });
  }

  /** The config of a node at `<name>.test:1`, which knows the first three by address. */
  config(name: string, changes: Partial<ClusterConfig> = {}): ClusterConfig {
    return {
      clusterName: 'test',
      nodeName: name,
      host: `${name}.test`,
      port: 1,
      transport: this.network.wrap(memory({ fabric: this.fabric })),
      joinAddresses: ['a.test:1', 'b.test:1', 'c.test:1'],
      maxRetries: 2,
      runtime: changes.runtime ?? this.runtime(name),
      logger: silentLogger,
      ...changes,
    };
  }

  /** A node, not started. What ran under the name before is dead. */
  make(name: string, changes: Partial<ClusterConfig> = {}): ClusterManager {
    const config = this.config(name, changes);
    const cluster = new ClusterManager(config);
    const events: ClusterEvent[] = [];
    this.seats.set(name, { cluster, runtime: config.runtime as SimulatedRuntime, events });
    void (async () => {
      for await (const event of cluster.events()) events.push(event);
    })();
    return cluster;
  }

  async start(name: string, changes: Partial<ClusterConfig> = {}): Promise<ClusterManager> {
    const cluster = this.make(name, changes);
    await this.simulation.settle(cluster.start());
    return cluster;
  }

  /** Nodes that all run and know each other. */
  async of(
    names: string,
    changes: Partial<ClusterConfig> = {},
    own: Readonly<Record<string, Partial<ClusterConfig>>> = {},
  ): Promise<readonly ClusterManager[]> {
    const clusters = [...names].map((name) => this.make(name, { ...changes, ...own[name] }));
    await this.simulation.settle(Promise.all(clusters.map((cluster) => cluster.start())));
    await this.agree(names);
    return clusters;
  }

  /** Waits until each of the named nodes runs and sees exactly all of them, alive. */
  async agree(names: string, withinMs = 120_000): Promise<void> {
    const isAgreed = (): boolean => [...names].every((name) => this.view(name) === names);
    await this.simulation.runUntil(isAgreed, { what: `${names} see each other`, withinMs });
  }

  seat(name: string): Seat {
    const seat = this.seats.get(name);
    if (seat === undefined) throw new Error(`no node ${name}`);
    return seat;
  }

  node(name: string): ClusterManager {
    return this.seat(name).cluster;
  }

  view(name: string): string {
    const { cluster } = this.seat(name);
    if (cluster.status() !== 'running') return cluster.status();
    return cluster
      .members()
      .flatMap((member) => (member.status === 'alive' ? [member.nodeId] : []))
      .join('');
  }

  /** What a node's program was told, as `dead b`, `running`. */
  story(name: string): string[] {
    return this.seat(name).events.map((event) => {
      if (event.kind === 'status-changed') return event.status;
      return event.kind === 'declared-dead' ? event.kind : `${event.kind.slice(7)} ${event.member.nodeId}`;
    });
  }

  async sees(name: string, what: string, withinMs?: number): Promise<void> {
    await this.simulation.runUntil(() => this.story(name).includes(what), {
      what: `${name} sees "${what}"`,
      ...(withinMs === undefined ? {} : { withinMs }),
    });
  }

  /** The process is gone, as with `kill -9`. */
  crash(name: string): void {
    this.simulation.kill(name);
    this.fabric.crash({ host: `${name}.test`, port: 1 });
  }

  async stop(): Promise<void> {
    const living = [...this.seats.values()].filter(({ runtime }) => !runtime.isDead);
    await this.simulation.settle(Promise.all(living.map(({ cluster }) => cluster.stop())));
  }

  runtime(name: string): SimulatedRuntime {
    this.simulation.kill(name);
    return this.simulation.runtime(name);
  }
}

type Trouble = 'none' | 'fails' | 'hangs';

/** A registry that nodes fill by themselves, as etcd is one; what is asked of it may fail or hang. */
export class Registry {
  readonly nodes = new Map<string, NodeInfo>();
  /** What was asked of it, as `discover`, `register b`. */
  readonly calls: string[] = [];
  readonly #changes = new FeedSource<readonly NodeInfo[]>();
  trouble: Readonly<Partial<Record<string, Trouble>>> = {};

  get factory(): DiscoveryFactory {
    return () => {
      let starts = 0;
      return {
        complete: false,
        // As every plugin, it is started once.
        start: () =>
          (starts += 1) === 1 ? this.#call('start', () => {}) : Promise.reject(new Error('started twice')),
        discover: () => this.#call('discover', () => [...this.nodes.values()]),
        watch: (options = {}) => this.#watch(options),
        register: (node) => this.#call('register', () => this.put(node.nodeId ?? '', node)),
        deregister: (nodeId) =>
          this.#call('deregister', () => {
            this.nodes.delete(nodeId);
            this.#publish();
          }),
        stop: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    };
  }

  put(key: string, node: NodeInfo): void {
    this.nodes.set(key, node);
    this.#publish();
  }

  /** Ends every watch. */
  hangUp(): void {
    this.#changes.close();
  }

  #publish(): void {
    this.#changes.publish([...this.nodes.values()]);
  }

  async #call<T>(what: string, body: () => T): Promise<T> {
    this.calls.push(what);
    if (this.trouble[what] === 'hangs') await new Promise(() => {});
    if (this.trouble[what] === 'fails') throw new Error(`no registry to ${what}`);
    return body();
  }

  async *#watch(options: { readonly signal?: AbortSignal }): AsyncGenerator<readonly NodeInfo[]> {
    const changes = this.#changes.open(options);
    yield await this.#call('watch', () => [...this.nodes.values()]);
    yield* changes;
  }
}

/** Keeps what was logged. */
export class LogBook {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] = [];

  get logger(): Logger {
    const method =
      (level: string) =>
      (fields: object | string, message = ''): void => {
        const isText = typeof fields === 'string';
        this.lines.push({ level, fields: isText ? {} : fields, message: isText ? fields : message });
      };
    const logger: Logger = {
      trace: method('trace'),
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: () => logger,
    };
    return logger;
  }

  at(level: string): string[] {
    return this.lines.flatMap((line) => (line.level === level ? [line.message] : []));
  }
}
