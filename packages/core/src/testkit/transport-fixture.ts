// What a transport suite is run on: transports on one medium, and a way to let time pass.

import type { Timing, PluginContext } from '../plugin/context.ts';
import { defaultTiming } from '../plugin/host.ts';
import { silentLogger, type Logger } from '../plugin/logger.ts';
import { noMetrics } from '../plugin/metrics.ts';
import type { NodeAddress, NodeId } from '../plugin/node.ts';
import type { Transport, TransportContext, TransportFactory } from '../plugin/transport.ts';
import type { Runtime } from '../runtime.ts';
import { systemDatagrams } from '../system-datagrams.ts';
import { systemFiles } from '../system-files.ts';
import { systemRuntime } from '../system-runtime.ts';
import type { Passage } from './case.ts';
import { realTime, type RealTimeOptions, virtualTime } from './passage.ts';
import { Simulation } from './simulation.ts';

/** One process with a transport. */
export interface TransportNode {
  readonly nodeId: NodeId;
  /** @defaultValue 1 */
  readonly incarnation?: number;
  /** @defaultValue 'conformance' */
  readonly clusterName?: string;
  /** @defaultValue the fixture's host, any free port */
  readonly listen?: NodeAddress;
  /** @defaultValue the usual, with 3 retries and 50 ms before each */
  readonly timing?: Partial<Timing>;
}

export interface TransportFixture extends Passage {
  /** A transport on the fixture's medium, not started. */
  make(node: TransportNode): Transport;
  /** Frees what the fixture holds, after all its transports have been stopped. */
  close(): Promise<void>;
}

export interface TransportContextOptions extends TransportNode {
  readonly runtime: Runtime;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/** A context for one transport alone, as a host would give it. */
export function transportContext(options: TransportContextOptions): TransportContext {
  const context: Omit<PluginContext, 'channel'> = {
    protocol: 1,
    clusterName: options.clusterName ?? 'conformance',
    nodeId: options.nodeId,
    incarnation: options.incarnation ?? 1,
    listen: options.listen ?? { host: '127.0.0.1', port: 0 },
    timing: { ...defaultTiming, maxRetries: 3, retryDelayMs: 50, ...options.timing },
    runtime: options.runtime,
    files: systemFiles(),
    datagrams: systemDatagrams(),
    logger: options.logger ?? silentLogger,
    metrics: noMetrics,
    signal: options.signal ?? new AbortController().signal,
  };
  return context;
}

/** Transports in a simulation, each in a process of its own. */
export function simulatedTransports(
  factory: TransportFactory,
  simulation: Simulation = new Simulation(),
): TransportFixture {
  let made = 0;
  return {
    ...virtualTime(simulation),
    make: (node) => {
      const runtime = simulation.runtime(`${node.nodeId}#${(made += 1)}`);
      return factory(transportContext({ ...node, runtime }));
    },
    close: () => Promise.resolve(),
  };
}

/** Transports of this process in real time, for those that need real sockets. */
export function realTransports(factory: TransportFactory, options?: RealTimeOptions): TransportFixture {
  const runtime = systemRuntime();
  return {
    ...realTime(runtime, options),
    make: (node) => factory(transportContext({ ...node, runtime })),
    close: () => Promise.resolve(),
  };
}
