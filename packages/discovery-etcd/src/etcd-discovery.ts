// Discovery through etcd: each node writes itself under a lease and reads the others. Safety never depends on it: an entry
// of a node that is gone costs a failed dial, and a node that has found its cluster needs etcd no more.

import {
  ActorError,
  isActorError,
  pause,
  type Discovery,
  type NodeId,
  type NodeInfo,
  type PluginContext,
} from '@actor/core';
import type { EtcdEndpoint } from './endpoint.ts';
import { Endpoints } from './endpoints.ts';
import { ForeignEntries } from './foreign-entries.ts';
import { nodeKey, nodePrefix } from './node-key.ts';
import { NodeTable } from './node-table.ts';
import { encodeNode } from './node-value.ts';
import { nodesOf } from './node-watch.ts';
import type { EtcdSettings } from './options.ts';
import { Registration } from './registration.ts';

/** What it uses of a plugin's context. */
export type EtcdContext = Pick<PluginContext, 'clusterName' | 'nodeId' | 'runtime' | 'logger'>;

const stopDeadlineMs = 5_000;

/** What `etcd()` makes: one node's view of, and entry in, etcd. */
export class EtcdDiscovery implements Discovery {
  /** A registry fills over time. */
  readonly complete = false;
  readonly #settings: EtcdSettings;
  readonly #context: EtcdContext;
  readonly #endpoints: Endpoints;
  readonly #prefix: string;
  readonly #foreign: ForeignEntries;
  readonly #registrations = new Map<NodeId, Registration>();
  readonly #stopped = new AbortController();
  #stopping: Promise<void> | undefined;

  /** `etcd()` makes one over the etcd3 package; another client is another list of endpoints. */
  constructor(settings: EtcdSettings, endpoints: readonly EtcdEndpoint[], context: EtcdContext) {
    this.#settings = settings;
    this.#context = context;
    this.#endpoints = new Endpoints(endpoints, settings, context.runtime);
    this.#prefix = nodePrefix(settings.namespace, context.clusterName);
    this.#foreign = new ForeignEntries(context.runtime, context.logger);
  }

  /**
   * Asks etcd once, so that a wrong password shows here. An etcd that is away is no error: it is asked again later.
   * @throws {@link ActorError} ACTOR_UNAUTHENTICATED when etcd refuses this client; the signal's reason.
   */
  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    try {
      await this.#endpoints.ask('start', (endpoint) => endpoint.list(this.#prefix, 1), {
        signal: this.#until(options.signal),
        retries: 0,
      });
    } catch (error) {
      if (!isActorError(error, 'ACTOR_DISCOVERY_UNAVAILABLE')) throw error;
      this.#context.logger.warn({ err: error }, 'etcd is away; starting without it and going on trying');
    }
  }

  /** Takes every registration back, in as much of `deadlineMs` as that needs, and ends every watch. */
  stop(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.deadlineMs ?? stopDeadlineMs);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async discover(options: { readonly signal?: AbortSignal } = {}): Promise<readonly NodeInfo[]> {
    options.signal?.throwIfAborted();
    const signal = this.#until(options.signal);
    const { nodesMax } = this.#settings;
    const listing = await this.#endpoints.ask('list', (endpoint) => endpoint.list(this.#prefix, nodesMax), {
      signal,
    });
    const table = this.#table();
    table.reset(listing);
    if (listing.count === listing.entries.length) {
      const keys = new Set(listing.entries.map(({ key }) => key));
      for (const each of this.#registrations.values()) if (!keys.has(each.key)) each.missed(listing.revision);
    }
    return table.nodes();
  }

  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly NodeInfo[]> {
    yield* nodesOf({
      prefix: this.#prefix,
      table: this.#table(),
      endpoints: this.#endpoints,
      settings: this.#settings,
      runtime: this.#context.runtime,
      logger: this.#context.logger,
      signal: this.#until(options.signal),
    });
  }

  /**
   * Writes the node and keeps it written until `deregister` or `stop`, whatever becomes of etcd meanwhile.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when it could not be written yet, and ACTOR_UNAUTHENTICATED when
   * etcd refuses this client; either goes on being tried. ACTOR_CONFIG_INVALID when the node does not fit `valueMaxBytes`.
   */
  async register(node: NodeInfo): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    const { nodeId = this.#context.nodeId } = node;
    const value = encodeNode({ ...node, nodeId });
    const { valueMaxBytes } = this.#settings;
    if (Buffer.byteLength(value) > valueMaxBytes) {
      throw new ActorError(
        'ACTOR_CONFIG_INVALID',
        `metadata: with them the node's entry has more than the ${valueMaxBytes} bytes of discovery.valueMaxBytes.`,
        { details: { path: 'metadata', valueMaxBytes } },
      );
    }
    let registration = this.#registrations.get(nodeId);
    if (registration === undefined) {
      const { runtime, logger } = this.#context;
      const options = { endpoints: this.#endpoints, settings: this.#settings, runtime, logger };
      registration = new Registration({ key: nodeKey(this.#prefix, nodeId), value }, options);
      this.#registrations.set(nodeId, registration);
    }
    await registration.write(value);
  }

  /**
   * Takes back what this discovery registered, unless another has registered the node since.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when etcd is away; the entry then ends with its lease.
   */
  async deregister(nodeId: NodeId): Promise<void> {
    const registration = this.#registrations.get(nodeId);
    this.#registrations.delete(nodeId);
    await registration?.end(this.#stopped.signal);
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { runtime, logger } = this.#context;
    const late = new AbortController();
    const ending = Promise.allSettled(
      [...this.#registrations.values()].map((registration) => registration.end(late.signal)),
    );
    this.#stopped.abort(new ActorError('ACTOR_NODE_STOPPED', 'The discovery has been stopped.'));
    const done = new AbortController();
    const ended = ending.then((outcomes) => {
      done.abort();
      return outcomes;
    });
    await pause(runtime, deadlineMs, done.signal);
    late.abort(new ActorError('ACTOR_NODE_STOPPED', 'There is no time left to take the registration back.'));
    for (const outcome of await ended)
      if (outcome.status === 'rejected')
        logger.warn({ err: outcome.reason as unknown }, 'a registration was left to end with its lease');
    this.#registrations.clear();
    this.#endpoints.reset();
  }

  #table(): NodeTable {
    const { nodesMax, valueMaxBytes } = this.#settings;
    const ignored = (key: string, why: string): void => this.#foreign.warn(key, why);
    return new NodeTable({ prefix: this.#prefix, nodesMax, valueMaxBytes, ignored });
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#stopped.signal : AbortSignal.any([signal, this.#stopped.signal]);
  }
}
