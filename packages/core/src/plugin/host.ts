// What plugins run in: it builds their contexts and gives them named channels over one transport. A cluster node has
// one per life; a program that uses a consensus or a membership plugin alone has one of its own.

import { ActorError } from '../errors.ts';
import type { DatagramNetwork } from '../datagram.ts';
import type { FileSystem } from '../file-system.ts';
import type { Runtime } from '../runtime.ts';
import { systemDatagrams } from '../system-datagrams.ts';
import { systemFiles } from '../system-files.ts';
import { systemRuntime } from '../system-runtime.ts';
import { Addresses } from './address-book.ts';
import { Channels } from './channels.ts';
import type { AddressBook, PluginContext, Timing } from './context.ts';
import { silentLogger, type Logger } from './logger.ts';
import { noMetrics, type Metrics } from './metrics.ts';
import type { NodeAddress, NodeId } from './node.ts';
import type { Startable, StartOptions, StopOptions } from './startable.ts';
import type { Transport, TransportFactory } from './transport.ts';

export interface PluginHostOptions {
  /** The stable name of this node, unique in its cluster. */
  readonly nodeId: NodeId;
  /** Nodes of another cluster name are refused. */
  readonly clusterName: string;
  readonly transport: TransportFactory;
  /**
   * Where to bind. Port 0 asks for any free one.
   * @defaultValue 127.0.0.1, port 0
   */
  readonly listen?: NodeAddress;
  /**
   * The number of this life of the node; it must be larger than that of every earlier one.
   * @defaultValue the wall clock, in milliseconds
   */
  readonly incarnation?: number;
  /** What is left out is 500 ms heartbeats, 5,000 ms between discoveries, 10 retries and 200 ms before each. */
  readonly timing?: Partial<Timing>;
  /** @defaultValue {@link systemRuntime} */
  readonly runtime?: Runtime;
  /** @defaultValue {@link systemFiles} */
  readonly files?: FileSystem;
  /** @defaultValue {@link systemDatagrams} */
  readonly datagrams?: DatagramNetwork;
  /** @defaultValue silence */
  readonly logger?: Logger;
  /** @defaultValue nobody reads them */
  readonly metrics?: Metrics;
  /**
   * How long a dial and the answer to it may take, in milliseconds, before `connect` counts it as a failed try.
   * @defaultValue 1000
   */
  readonly answerMs?: number;
  /**
   * Addresses of nodes that are remembered; the one learnt longest ago is forgotten first.
   * @defaultValue 16384
   */
  readonly nodesMax?: number;
  /**
   * Warnings about frames that no channel takes, after which they are only counted.
   * @defaultValue 100
   */
  readonly warningsMax?: number;
}

export interface PluginHost extends Startable {
  /** For plugins. Channels can be opened and listened to before `start`; sending begins with it. */
  readonly context: PluginContext;
  readonly addresses: AddressBook;
  /** The transport that everything goes over, for those that need links themselves. */
  readonly transport: Transport;
  /** Where others dial this node. @throws {@link ActorError} ACTOR_NODE_NOT_STARTED before `start`. */
  address(): NodeAddress;
}

export const defaultTiming: Timing = {
  heartbeatIntervalMs: 500,
  discoveryIntervalMs: 5_000,
  maxRetries: 10,
  retryDelayMs: 200,
};

/**
 * Makes the host, and its transport in it, but starts neither.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault of the options.
 *
 * @example
 * const host = pluginHost({ nodeId: 'a', clusterName: 'shop', transport: tcp({ secret }) });
 * await host.start();
 * const peer = await host.addresses.connect({ host: '127.0.0.1', port: 8081 });
 * host.context.channel('mine', 'user').send(peer.nodeId, Uint8Array.of(1, 2, 3));
 */
export function pluginHost(options: PluginHostOptions): PluginHost {
  return new Host(options);
}

class Host implements PluginHost {
  readonly context: PluginContext;
  readonly transport: Transport;
  readonly #addresses: Addresses;
  readonly #life = new AbortController();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: PluginHostOptions) {
    check(options);
    const runtime = options.runtime ?? systemRuntime();
    const environment = {
      protocol: 1 as const,
      clusterName: options.clusterName,
      nodeId: options.nodeId,
      incarnation: options.incarnation ?? Math.floor(runtime.wallMs()),
      listen: options.listen ?? { host: '127.0.0.1', port: 0 },
      // Getters stay getters, so that whoever owns the host can change the timing of what runs in it.
      timing: Object.defineProperties(
        { ...defaultTiming },
        Object.getOwnPropertyDescriptors(options.timing ?? {}),
      ),
      runtime,
      files: options.files ?? systemFiles(),
      datagrams: options.datagrams ?? systemDatagrams(),
      logger: options.logger ?? silentLogger,
      metrics: options.metrics ?? noMetrics,
      signal: this.#life.signal,
    };
    const transport = options.transport(environment);
    const channels: Channels = new Channels({
      transport,
      addressOf: (nodeId) => this.#addresses.addressOf(nodeId),
      logger: environment.logger,
      metrics: environment.metrics,
      warningsMax: options.warningsMax ?? 100,
    });
    this.transport = transport;
    this.#addresses = new Addresses({
      nodeId: options.nodeId,
      transport,
      channels,
      runtime,
      timing: environment.timing,
      answerMs: options.answerMs ?? 1_000,
      nodesMax: options.nodesMax ?? 16_384,
    });
    this.context = { ...environment, channel: (name, lane) => channels.open(name, lane) };
  }

  get addresses(): AddressBook {
    return this.#addresses;
  }

  address(): NodeAddress {
    return this.transport.address();
  }

  start(options: StartOptions = {}): Promise<void> {
    this.#starting ??= this.#start(options);
    return this.#starting;
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(options: StartOptions): Promise<void> {
    if (this.#stopping !== undefined) {
      throw new ActorError('ACTOR_NODE_STOPPED', 'A node that was stopped stays so; make a new one.');
    }
    try {
      await this.transport.start(options);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #stop(options: StopOptions): Promise<void> {
    this.#addresses.close();
    try {
      await this.transport.stop(options);
    } finally {
      this.#life.abort(new ActorError('ACTOR_NODE_STOPPED', 'The node has been stopped.'));
    }
  }
}

function check(options: PluginHostOptions): void {
  const faults: string[] = [];
  const whole = (path: string, value: number | undefined, min: number, max?: number): void => {
    const isWhole = value === undefined || (Number.isSafeInteger(value) && value >= min);
    if (isWhole && (value ?? 0) <= (max ?? Infinity)) return;
    const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
    faults.push(`${path} must be a whole number ${range}, not ${value}`);
  };
  const positive = (path: string, value: number | undefined): void => {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      faults.push(`${path} must be a positive number, not ${value}`);
    }
  };
  if (options.nodeId === '') faults.push('nodeId must not be empty');
  if (options.clusterName === '') faults.push('clusterName must not be empty');
  whole('listen.port', options.listen?.port, 0, 65_535);
  whole('incarnation', options.incarnation, 1);
  positive('timing.heartbeatIntervalMs', options.timing?.heartbeatIntervalMs);
  positive('timing.discoveryIntervalMs', options.timing?.discoveryIntervalMs);
  positive('timing.retryDelayMs', options.timing?.retryDelayMs);
  whole('timing.maxRetries', options.timing?.maxRetries, 0);
  positive('answerMs', options.answerMs);
  whole('nodesMax', options.nodesMax, 1);
  whole('warningsMax', options.warningsMax, 0);
  if (faults.length > 0) {
    throw new ActorError('ACTOR_CONFIG_INVALID', `${faults.join('; ')}.`, { details: { faults } });
  }
}
