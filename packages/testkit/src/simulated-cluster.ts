// The world of one run: virtual time, a network with faults, and the nodes on it. Everything that varies comes from the
// seed; nothing here knows what is being tested.

import type { ClusterConfig } from '@actor/cluster';
import { ActorError, type NodeId, silentLogger, type SystemStats } from '@actor/core';
import { FaultNetwork, type RandomStream, Simulation } from '@actor/core/testkit';
import { memory, memoryFabric } from '@actor/transport-memory';
import type { Guard } from './guard.ts';
import type { ProcessId } from './history.ts';
import type { View } from './promises/heals.ts';
import type { Violation } from './promises/violation.ts';
import { Recorder } from './recorder.ts';
import { SimulatedNode } from './simulated-node.ts';
import type { Workload } from './simulated-process.ts';

/** What a run may set for its nodes; the rest belongs to the simulation. */
export type SimulatedConfig = Omit<
  ClusterConfig,
  'nodeName' | 'nodeId' | 'host' | 'port' | 'transport' | 'joinAddresses' | 'discovery' | 'runtime'
>;

export interface SimulatedClusterOptions {
  readonly seed: number;
  readonly nodeIds: readonly NodeId[];
  readonly workload: Workload;
  readonly config: Partial<SimulatedConfig>;
  /** Watches the programs. */
  readonly guard: Guard | undefined;
}

export class SimulatedCluster {
  readonly simulation: Simulation;
  readonly network: FaultNetwork;
  readonly recorder: Recorder;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  /** How the network is when nothing is wrong with it. */
  readonly calm: { readonly delayMinMs: number; readonly delayMeanMs: number };
  readonly #violations: Violation[] = [];
  readonly #calm = new AbortController();

  constructor({ seed, nodeIds, workload, config, guard }: SimulatedClusterOptions) {
    this.simulation = new Simulation({ seed });
    this.recorder = new Recorder(this.simulation);
    const random = this.simulation.random('cluster');
    this.calm = { delayMinMs: random.pick([0, 0.1, 1]), delayMeanMs: random.pick([0.1, 1, 5]) };
    this.network = new FaultNetwork({
      seed,
      conditions: this.calm,
      noticeMs: random.pick([0, 200, 2_000, Infinity]),
      dialFailMs: random.pick([1, 100]),
    });
    const fabric = memoryFabric();
    const transport = this.network.wrap(memory({ fabric }));
    const addressOf = (nodeId: NodeId): { host: string; port: number } => ({ host: nodeId, port: 1 });
    const shared = {
      ...drawn(random),
      clusterName: 'simulated',
      logger: silentLogger,
      ...config,
      ...{ transport, port: 1, joinAddresses: nodeIds.map(addressOf) },
    };
    this.nodes = new Map(
      nodeIds.map((nodeId) => {
        const options = { nodeId, nodeIds, workload, addressOf, guard, simulation: this.simulation };
        const node = new SimulatedNode({
          ...options,
          recorder: this.recorder,
          calm: this.#calm.signal,
          config: { ...shared, nodeName: nodeId, host: nodeId },
          vanish: (address) => void fabric.crash(address),
          fail: (text, error) => this.fail({ promise: 'G0', text: `${text}: ${told(error)}` }),
        });
        return [nodeId, node] as const;
      }),
    );
  }

  get violations(): readonly Violation[] {
    return this.#violations;
  }

  fail(...violations: readonly Violation[]): void {
    this.#violations.push(...violations);
  }

  node(nodeId: NodeId): SimulatedNode {
    const node = this.nodes.get(nodeId);
    if (node !== undefined) return node;
    const known = [...this.nodes.keys()].join(', ');
    throw new ActorError('ACTOR_CONFIG_INVALID', `There is no node "${nodeId}", only ${known}.`);
  }

  /** Faults are over and the cluster has had time to heal: programs end what they have begun. */
  settleDown(): void {
    this.#calm.abort();
  }

  views(): readonly View[] {
    return [...this.nodes.values()].flatMap((node) => node.view() ?? []);
  }

  counters(): ReadonlyMap<ProcessId, SystemStats> {
    const all = new Map<ProcessId, SystemStats>();
    for (const node of this.nodes.values()) for (const [id, stats] of node.counters) all.set(id, stats());
    return all;
  }
}

/** Options that no test should depend on: the seed decides. */
function drawn(random: RandomStream): Partial<SimulatedConfig> {
  return {
    heartbeatIntervalMs: random.pick([100, 200, 500]),
    discoveryIntervalMs: random.pick([500, 1_000, 2_000]),
    maxRetries: random.pick([2, 10]),
    retryDelayMs: random.pick([50, 200]),
    remoting: {
      windowMaxFrames: random.pick([8, 64, 1_024]),
      reorderMaxFrames: random.pick([4, 1_024]),
      ackDelayMs: random.pick([1, 5, 40]),
      retransmitMinMs: random.pick([50, 200]),
      retransmitMaxMs: random.pick([500, 5_000]),
      batchMaxBytes: random.pick([512, 131_072]),
    },
  };
}

/** What went wrong, with the line where it did. */
export function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}
