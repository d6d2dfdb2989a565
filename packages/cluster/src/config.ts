// What a cluster node is made of and how it behaves: every option, its default in one table.

import {
  systemRuntime,
  noMetrics,
  type DiscoveryFactory,
  type Interceptor,
  type Logger,
  type Metadata,
  type Metrics,
  type NodeAddress,
  type NodeId,
  type Runtime,
  type Serializer,
  type TransportFactory,
} from '@actor/core';
import { pino } from 'pino';
import { checkConfig, checkPreset, toAddresses } from './config-check.ts';
import { defaultRemotingLimits, type RemotingLimits } from './remoting/limits.ts';
import { msgpack } from './remoting/msgpack.ts';

/** How quick a cluster is: `fast` notices a loss in a second or two, for tests and for nodes side by side. */
export type Preset = 'default' | 'fast';

export interface ClusterConfig {
  /** Nodes of another cluster name are refused. */
  readonly clusterName: string;
  /** What people call this node; unique in its cluster. */
  readonly nodeName: string;
  /**
   * The stable id of the place that this node holds, across restarts.
   * @defaultValue `nodeName`
   */
  readonly nodeId?: NodeId | undefined;
  /**
   * Where to listen, and what the others dial.
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string | undefined;
  /**
   * Where to listen. 0 takes any free port, which a node keeps through its lives where it can, but not across restarts.
   * @defaultValue 0
   */
  readonly port?: number | undefined;
  /** How bytes reach other nodes: `tcp({ secret })`, `memory({ fabric })`. */
  readonly transport: TransportFactory;
  /**
   * How other nodes are found.
   * @defaultValue none: `joinAddresses` alone, or `join` by hand
   */
  readonly discovery?: DiscoveryFactory | undefined;
  /**
   * Addresses to join beside those that discovery finds. The own one may be among them.
   * @defaultValue none
   */
  readonly joinAddresses?: readonly (string | NodeAddress)[] | undefined;
  /**
   * Time between two looks for nodes that are not members: those of discovery, those of `joinAddresses`, those lost.
   * In milliseconds.
   * @defaultValue 5000
   */
  readonly discoveryIntervalMs?: number | undefined;
  /**
   * Time between two heartbeats to each member, in milliseconds. A lost node is suspect after about two and a half of
   * them. Lower means a quicker verdict, more traffic and more suspicions of busy nodes.
   * @defaultValue 500; 100 with the preset `fast`
   */
  readonly heartbeatIntervalMs?: number | undefined;
  /**
   * How long a suspect has to give a sign of life before it counts as dead, in milliseconds, when its connections are gone
   * too: a process that ended.
   * @defaultValue three heartbeat intervals, and at least 1000
   */
  readonly suspectTimeoutMs?: number | undefined;
  /**
   * How long a suspect has whose connections stand, in milliseconds: a process that stalls, or a host that went without a
   * word. Raise it where event loops block for many seconds.
   * @defaultValue 5000, or `suspectTimeoutMs` where that is more; less than that is refused
   */
  readonly stallTimeoutMs?: number | undefined;
  /**
   * φ from which a silence is suspicious: 8 is one wrong suspicion in 10⁸ heartbeats of a steady peer. Hayashibara 2004.
   * @defaultValue 8
   */
  readonly phiThreshold?: number | undefined;
  /**
   * How often a dial or a join is tried again at once, before it waits for the next `discoveryIntervalMs`. A message is
   * never sent again by this.
   * @defaultValue 10
   */
  readonly maxRetries?: number | undefined;
  /**
   * Pause before such a retry, in milliseconds, jittered by half of it to both sides.
   * @defaultValue 200
   */
  readonly retryDelayMs?: number | undefined;
  /**
   * How long an ask waits for its answer when it does not say itself, in milliseconds.
   * @defaultValue 5000
   */
  readonly askTimeoutMs?: number | undefined;
  /**
   * Small facts about this node that the others see: zone, rack, version. At most 4 KiB.
   * @defaultValue {}
   */
  readonly metadata?: Metadata | undefined;
  /** @defaultValue 'default' */
  readonly preset?: Preset | undefined;
  /**
   * Bounds of remote messaging; what is left out keeps its default.
   * @defaultValue {@link defaultRemotingLimits}
   */
  readonly remoting?: Partial<RemotingLimits> | undefined;
  /**
   * How payloads become bytes. All nodes need the same: those whose serializers have different names form a cluster, but
   * refuse each other's messages.
   * @defaultValue `msgpack()`
   */
  readonly serializer?: Serializer | undefined;
  /**
   * Wrap every send and every run of a handler of this node's actors; the first is the outermost. A message between two
   * nodes passes `send` where it is sent and `handle` where it arrives, and takes its headers along.
   * @defaultValue none
   */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Time and chance; a simulation brings its own.
   * @defaultValue `systemRuntime()`
   */
  readonly runtime?: Runtime | undefined;
  /**
   * Anything of pino's shape.
   * @defaultValue `pino({ name: nodeName })`
   */
  readonly logger?: Logger | undefined;
  /** @defaultValue nobody reads them */
  readonly metrics?: Metrics | undefined;
}

/** What may change while the node runs. The rest needs a restart, because the others rely on it. */
export type Reconfiguration = Pick<
  ClusterConfig,
  'discoveryIntervalMs' | 'maxRetries' | 'retryDelayMs' | 'metadata'
>;

/** The defaults that do not depend on other options. */
export interface ClusterDefaults {
  readonly host: string;
  readonly port: number;
  readonly joinAddresses: readonly NodeAddress[];
  readonly discoveryIntervalMs: number;
  readonly heartbeatIntervalMs: number;
  readonly suspectTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly phiThreshold: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly askTimeoutMs: number;
  readonly metadata: Metadata;
  readonly remoting: RemotingLimits;
  readonly interceptors: readonly Interceptor[];
}

/** A config with every gap filled. */
export interface CompleteConfig extends ClusterDefaults {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly nodeId: NodeId;
  readonly transport: TransportFactory;
  readonly discovery: DiscoveryFactory | undefined;
  readonly serializer: Serializer;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const heartbeatMs: Readonly<Record<Preset, number>> = { default: 500, fast: 100 };

/**
 * What an option is when the config does not say.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when there is no such preset.
 */
export function defaultConfig(preset: Preset = 'default'): ClusterDefaults {
  checkPreset(preset);
  return defaultsFor(heartbeatMs[preset]);
}

function defaultsOf({
  preset = 'default',
  heartbeatIntervalMs,
  suspectTimeoutMs,
}: ClusterConfig): ClusterDefaults {
  return defaultsFor(heartbeatIntervalMs ?? heartbeatMs[preset], suspectTimeoutMs);
}

function defaultsFor(
  heartbeatIntervalMs: number,
  suspectTimeoutMs: number = Math.max(heartbeatIntervalMs * 3, 1_000),
): ClusterDefaults {
  return {
    host: '127.0.0.1',
    port: 0,
    joinAddresses: [],
    discoveryIntervalMs: 5_000,
    heartbeatIntervalMs,
    suspectTimeoutMs,
    stallTimeoutMs: Math.max(suspectTimeoutMs, 5_000),
    phiThreshold: 8,
    maxRetries: 10,
    retryDelayMs: 200,
    askTimeoutMs: 5_000,
    metadata: {},
    remoting: defaultRemotingLimits,
    interceptors: [],
  };
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault in `details.faults`. */
export function completeConfig(config: ClusterConfig): CompleteConfig {
  checkConfig(config, defaultsOf);
  const { preset: _, joinAddresses = [], ...given } = config;
  return {
    ...defaultsOf(config),
    nodeId: config.nodeName,
    discovery: undefined,
    runtime: config.runtime ?? systemRuntime(),
    logger: config.logger ?? pino({ name: config.nodeName }),
    metrics: noMetrics,
    serializer: msgpack(),
    ...withoutGaps(given),
    metadata: Object.freeze({ ...config.metadata }),
    remoting: { ...defaultRemotingLimits, ...withoutGaps(config.remoting ?? {}) },
    interceptors: [...(config.interceptors ?? [])],
    joinAddresses: toAddresses('joinAddresses', joinAddresses),
  };
}

/** The config after a checked change. */
export function reconfigured(config: CompleteConfig, changes: Reconfiguration): CompleteConfig {
  const { metadata = config.metadata, ...rest } = changes;
  return { ...config, ...withoutGaps(rest), metadata: Object.freeze({ ...metadata }) };
}

/** An option that is there but undefined is one that was left out. */
function withoutGaps<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof T]: Exclude<T[Name], undefined> };
}
