// Nodes for tests of remoting: a system of actors, a plugin host on a faulty memory network, and the remoting between
// them, on virtual time. Who is a member is the test's to say.

import {
  ActorSystem,
  type DeadLetter,
  formatAddress,
  type NodeId,
  noMetrics,
  pluginHost,
  type PluginHost,
  type Serializer,
  silentLogger,
} from '@actor/core';
import { type FaultNetwork, faultNetwork, type FaultNetworkOptions, Simulation } from '@actor/core/testkit';
import { memory, memoryFabric } from '@actor/transport-memory';
import { limitsWithin, type RemotingLimits } from '../src/remoting/limits.ts';
import { msgpack } from '../src/remoting/msgpack.ts';
import type { Peer, PeerEnd } from '../src/remoting/peer.ts';
import { Remoting } from '../src/remoting/remoting.ts';

export interface TestNode {
  readonly system: ActorSystem;
  readonly host: PluginHost;
  readonly remoting: Remoting;
  readonly self: Peer;
  readonly letters: DeadLetter[];
  readonly warnings: string[];
  /** What should never be logged, whatever a peer does. */
  readonly errors: string[];
  /** `tcp://…/path` here. */
  at(path: string): string;
}

export interface NodeOptions {
  readonly limits?: Partial<RemotingLimits>;
  readonly serializer?: Serializer;
  /** Nodes by the addresses under which they were dialled. */
  readonly aliases?: Readonly<Record<string, NodeId>>;
}

export interface WorldOptions extends Partial<FaultNetworkOptions> {
  readonly limits?: Partial<RemotingLimits>;
  readonly queueMaxBytes?: number;
}

export class World {
  readonly sim: Simulation;
  readonly network: FaultNetwork;
  readonly nodes = new Map<NodeId, TestNode>();
  readonly #transport;
  readonly #limits: Partial<RemotingLimits>;

  constructor({ limits = {}, queueMaxBytes = 16 * 1024 * 1024, ...options }: WorldOptions = {}) {
    const seed = options.seed ?? 1;
    this.sim = new Simulation({ seed });
    this.#limits = limits;
    this.#transport = faultNetwork(memory({ fabric: memoryFabric(), queueMaxBytes }), { ...options, seed });
    this.network = this.#transport.network;
  }

  /** Starts a life of the node; an earlier one goes on with the same system when it is given. */
  async start(
    nodeId: NodeId,
    incarnation = 1,
    system?: ActorSystem,
    options: NodeOptions = {},
  ): Promise<TestNode> {
    const runtime = this.sim.runtime(nodeId);
    const letters: DeadLetter[] = [];
    const warnings: string[] = [];
    const errors: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_fields: object | string, message?: string) => void warnings.push(message ?? ''),
      error: (fields: object | string, message?: string) =>
        void errors.push(
          `${message ?? ''} ${'err' in Object(fields) ? String(Reflect.get(Object(fields), 'err')) : ''}`,
        ),
    };
    const host = pluginHost({
      nodeId,
      clusterName: 'test',
      incarnation,
      runtime,
      logger,
      transport: this.#transport,
    });
    await this.sim.settle(host.start());
    const self = { nodeId, incarnation, address: host.address() };
    const made = system ?? new ActorSystem({ name: nodeId, runtime });
    const remoting = new Remoting({
      system: made,
      channel: host.context.channel('actors', 'user'),
      addresses: { nodeAt: (address) => options.aliases?.[formatAddress(address)] },
      self,
      scheme: host.transport.kind,
      runtime,
      logger,
      metrics: noMetrics,
      serializer: options.serializer ?? msgpack(),
      limits: limitsWithin(host.transport.supports.frameMaxBytes, { ...this.#limits, ...options.limits }),
    });
    remoting.start();
    void collect(made, letters);
    const at = (path: string): string => `${remoting.origin}/${path}`;
    const node: TestNode = { system: made, host, remoting, self, letters, warnings, errors, at };
    this.nodes.set(nodeId, node);
    return node;
  }

  /** Two nodes that are members of each other's cluster. */
  async pair(): Promise<[TestNode, TestNode]> {
    const [a, b] = [await this.start('a'), await this.start('b')];
    this.meet(a, b);
    await this.sim.advance(50);
    return [a, b];
  }

  meet(a: TestNode, b: TestNode): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.host.addresses.learn(other.self.nodeId, other.self.address);
      one.remoting.peerUp(other.self);
    }
  }

  part(a: TestNode, b: TestNode, reason: PeerEnd = 'dead'): void {
    a.remoting.peerGone(b.self.nodeId, b.self.incarnation, reason);
    b.remoting.peerGone(a.self.nodeId, a.self.incarnation, reason);
  }

  /** sent − (processed + dead-lettered + reported unknown) over all nodes: 0 at rest (G8). */
  unaccounted(): number {
    let rest = 0;
    for (const { system } of this.nodes.values()) {
      const { sent, processed, deadLettered, reportedUnknown } = system.stats();
      rest += sent - processed - deadLettered - reportedUnknown;
    }
    return rest;
  }
}

async function collect(system: ActorSystem, letters: DeadLetter[]): Promise<void> {
  for await (const letter of system.deadLetters()) letters.push(letter);
}

/** The error that the promise rejects with; the simulation must settle it. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
