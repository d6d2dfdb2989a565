// Discovery from a list that is known when the program starts. The list is the truth: registering adds nothing to it.
// A host name stays a name, so each dial resolves it anew; a name that stands for several nodes is expanded by the
// user's `resolve`, again at each question.

import {
  ActorError,
  formatAddress,
  parseAddress,
  type Discovery,
  type NodeAddress,
  type NodeInfo,
  type PluginContext,
  type Timer,
} from '@actor/core';

/** What a list of addresses may hold: `host:port`, `[ipv6]:port`, the same behind a scheme, or what is known of a node. */
export type StaticAddress = string | NodeAddress | NodeInfo;

export interface StaticOptions {
  /**
   * All IP addresses behind a host name, for a name that stands for several nodes: a headless service of Kubernetes, a
   * round-robin DNS record. `(host) => dns.resolve4(host)` does. Asked at each `discover`, never for IP addresses. It has
   * to come to an end by itself: what it never answers for one name is waited for until the signal or `stop`.
   * @defaultValue none: a name is one node, and the transport resolves it at each dial
   */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined;
  /**
   * How often, in milliseconds, `watch` resolves the names again. Without `resolve` the list never changes.
   * @defaultValue the cluster's `discoveryIntervalMs`
   */
  readonly resolveIntervalMs?: number | undefined;
}

/** What it uses of a plugin's context. */
export type StaticContext = Pick<PluginContext, 'runtime' | 'logger' | 'timing'>;

/**
 * The first nodes by address.
 *
 * @example
 * ```ts
 * import { staticDiscovery } from '@actor/discovery-static';
 *
 * const discovery = staticDiscovery(['10.0.0.1:8081', '[fd00::2]:8081', 'actors.internal:8081']);
 * ```
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the entry that is no address, or the option.
 */
export function staticDiscovery(
  addresses: readonly StaticAddress[],
  options: StaticOptions = {},
): (context: StaticContext) => StaticDiscovery {
  const nodes = addresses.map((entry, index) => toNode(entry, `addresses[${index}]`));
  const { resolveIntervalMs } = options;
  if (resolveIntervalMs !== undefined && !(resolveIntervalMs > 0 && Number.isFinite(resolveIntervalMs))) {
    throw invalid('resolveIntervalMs', `must be a number of milliseconds above 0, not ${resolveIntervalMs}`);
  }
  return (context) => new StaticDiscovery(nodes, options, context);
}

export class StaticDiscovery implements Discovery {
  /** With `resolve`, what a name stands for grows and shrinks, so the list is a start and not the whole. */
  readonly complete: boolean;
  readonly #nodes: readonly NodeInfo[];
  readonly #resolve: StaticOptions['resolve'];
  readonly #intervalMs: number;
  readonly #context: StaticContext;
  readonly #stopped = new AbortController();
  /** The last answer for each name, which stands in when the resolver fails. */
  readonly #resolved = new Map<string, readonly string[]>();

  constructor(nodes: readonly NodeInfo[], options: StaticOptions, context: StaticContext) {
    this.#nodes = nodes;
    this.#resolve = options.resolve;
    this.#intervalMs = options.resolveIntervalMs ?? context.timing.discoveryIntervalMs;
    this.#context = context;
    this.complete = options.resolve === undefined;
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return options.signal?.aborted === true ? Promise.reject(options.signal.reason) : Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped.abort(new ActorError('ACTOR_NODE_STOPPED', 'The discovery has been stopped.'));
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async discover(options: { readonly signal?: AbortSignal } = {}): Promise<readonly NodeInfo[]> {
    options.signal?.throwIfAborted();
    const resolve = this.#resolve;
    if (resolve === undefined) return this.#nodes;
    const asked = Promise.all(this.#nodes.map((node) => this.#expand(node, resolve)));
    const answers = await orAborted(asked, options.signal, this.#stopped.signal);
    const failed = answers.filter((answer) => answer instanceof Error);
    const found = answers.flatMap((answer) => (answer instanceof Error ? [] : answer));
    if (found.length === 0 && failed.length > 0) {
      throw new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', 'No host name of the list could be resolved.', {
        details: { hosts: this.#nodes.map((node) => node.address.host) },
        cause: failed[0],
      });
    }
    return unique(found);
  }

  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly NodeInfo[]> {
    const signal =
      options.signal === undefined
        ? this.#stopped.signal
        : AbortSignal.any([options.signal, this.#stopped.signal]);
    let last: string | undefined;
    while (!signal.aborted) {
      const nodes = await this.discover({ signal }).catch((error: unknown) => {
        if (!signal.aborted) {
          this.#context.logger.warn({ err: error }, 'host names could not be resolved; asking again');
        }
        return undefined;
      });
      const key = nodes === undefined ? last : keyOf(nodes);
      if (signal.aborted) return;
      if (nodes !== undefined && key !== last) yield nodes;
      last = key;
      await this.#pause(signal);
    }
  }

  /** Does nothing: others find a node by their own lists, so adding it to this one would tell nobody. */
  register(): Promise<void> {
    return Promise.resolve();
  }

  /** Does nothing, as `register`. */
  deregister(): Promise<void> {
    return Promise.resolve();
  }

  async #expand(
    node: NodeInfo,
    resolve: (host: string) => Promise<readonly string[]>,
  ): Promise<readonly NodeInfo[] | Error> {
    const { host, port } = node.address;
    if (isIp(host)) return [node];
    try {
      this.#resolved.set(host, await resolve(host));
    } catch (error) {
      const why = error instanceof Error ? error : new Error(String(error));
      if (!this.#resolved.has(host)) return why;
      this.#context.logger.warn(
        { err: why, host },
        'a host name could not be resolved; its last addresses stand',
      );
    }
    // A name of several nodes carries no identity: what was known of "the" node would be wrong for all but one.
    return (this.#resolved.get(host) ?? []).map((ip) => ({ address: { host: ip, port } }));
  }

  /** Until the next look, or for ever where nothing can change. */
  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      let timer: Timer | undefined;
      const end = (): void => {
        timer?.cancel();
        signal.removeEventListener('abort', end);
        done();
      };
      if (this.#resolve !== undefined) timer = this.#context.runtime.after(this.#intervalMs, end);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
    });
  }
}

function toNode(entry: StaticAddress, path: string): NodeInfo {
  if (typeof entry === 'string') return { address: dialable(parseAddress(entry, path), path) };
  const node = 'address' in entry ? entry : { address: entry };
  const { host, port } = node.address;
  // Through the parser, so that a node is checked as strictly as a string.
  const address = dialable(parseAddress(formatAddress({ host, port }), path), path);
  return { ...node, address };
}

function dialable(address: NodeAddress, path: string): NodeAddress {
  if (address.port === 0)
    throw invalid(path, `"${formatAddress(address)}" has port 0, which nobody can dial`);
  return address;
}

/** The outcome of the promise, or the reason of the signal that aborts before. */
function orAborted<T>(promise: Promise<T>, ...signals: readonly (AbortSignal | undefined)[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signals.find((signal) => signal?.aborted)?.reason as Error);
    for (const signal of signals) {
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted === true) aborted();
    }
    const done = (): void => {
      for (const signal of signals) signal?.removeEventListener('abort', aborted);
    };
    promise.then(resolve, reject).then(done, done);
  });
}

/** Equal for equal sets: a name server that takes turns changes the order at each question. */
function keyOf(nodes: readonly NodeInfo[]): string {
  return nodes
    .map(({ address }) => formatAddress(address))
    .toSorted()
    .join();
}

function unique(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  return [...new Map(nodes.map((node) => [formatAddress(node.address), node])).values()];
}

function isIp(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

function invalid(path: string, why: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path}: ${why}.`, { details: { path } });
}
