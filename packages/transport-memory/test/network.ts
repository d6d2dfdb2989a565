// Nodes on one fabric in a simulation, and what each has seen.

import type {
  DatagramNetwork,
  FileSystem,
  Lane,
  NodeAddress,
  PeerIdentity,
  TransportContext,
} from '@actor/core';
import { noMetrics, silentLogger } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import {
  memory,
  memoryFabric,
  type MemoryFabric,
  type MemoryOptions,
  type MemoryTransport,
} from '../src/index.ts';

export interface NodeOptions extends MemoryOptions {
  readonly nodeId?: string;
  readonly incarnation?: number;
  readonly clusterName?: string;
  readonly port?: number;
}

export interface TestNode {
  readonly transport: MemoryTransport;
  readonly address: () => NodeAddress;
  /** In order: `+b#1` link-up, `-b#1` link-down, `b user: text` a frame, `! reason` a failed dial. */
  readonly seen: string[];
}

export class Network {
  readonly simulation: Simulation = new Simulation();
  readonly fabric: MemoryFabric = memoryFabric();
  #made = 0;

  /** A node that is bound but not started, when `port` is undefined on any free port. */
  make(options: NodeOptions = {}): TestNode {
    const {
      nodeId = String.fromCharCode(97 + this.#made),
      incarnation = 1,
      clusterName = 'test',
      port = 0,
    } = options;
    this.#made += 1;
    const runtime = this.simulation.runtime(`${nodeId}#${incarnation}#${this.#made}`);
    const context: TransportContext = {
      protocol: 1,
      clusterName,
      nodeId,
      incarnation,
      listen: { host: 'host', port },
      timing: { heartbeatIntervalMs: 500, discoveryIntervalMs: 5_000, maxRetries: 3, retryDelayMs: 200 },
      runtime,
      files: {} as FileSystem,
      datagrams: {} as DatagramNetwork,
      logger: silentLogger,
      metrics: noMetrics,
      signal: new AbortController().signal,
    };
    const transport = memory({ fabric: this.fabric, ...options })(context) as MemoryTransport;
    const seen: string[] = [];
    const name = (peer: PeerIdentity): string => `${peer.nodeId}#${peer.incarnation}`;
    transport.onLink((peer, up) => seen.push(`${up ? '+' : '-'}${name(peer)}`));
    transport.receive((from, frame, lane) =>
      seen.push(`${from.nodeId} ${lane}: ${Buffer.from(frame).toString()}`),
    );
    transport.onDialFailed((_, error) =>
      seen.push(`! ${(error.details['reason'] as string | undefined) ?? error.code}`),
    );
    return { transport, seen, address: () => transport.address() };
  }

  async start(options: NodeOptions = {}): Promise<TestNode> {
    const node = this.make(options);
    await node.transport.start();
    return node;
  }
}

export function say(from: TestNode, to: TestNode, text: string, lane: Lane = 'user'): boolean {
  return from.transport.send(to.address(), Buffer.from(text), lane);
}
