// Follows the nodes below the prefix for one watcher. After a break it goes on from the revision that it knows, if etcd
// still has that history; where it was compacted or is another one, since the data were lost, everything is listed anew.

import { ActorError, pause, type Logger, type NodeInfo, type Runtime } from '@actor/core';
import type { EtcdEndpoint, EtcdWatch } from './endpoint.ts';
import type { Endpoints } from './endpoints.ts';
import type { NodeTable } from './node-table.ts';
import type { EtcdSettings } from './options.ts';
import { backoffMs } from './waiting.ts';

export interface NodeWatchOptions {
  readonly prefix: string;
  readonly table: NodeTable;
  readonly endpoints: Endpoints;
  readonly settings: EtcdSettings;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a watch has brought since it was last looked at. Only the latest state counts, so there is nothing to queue. */
class News {
  hasChanged = false;
  /** The watch is over, and why. */
  end: { readonly why: unknown } | undefined;
  #wake: () => void = () => {};

  changed(): void {
    this.hasChanged = true;
    this.#wake();
  }

  ended(why: unknown): void {
    this.end ??= { why };
    this.#wake();
  }

  /** Resolves when there is something to look at. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      if (this.hasChanged || this.end !== undefined || signal.aborted) wake();
    });
  }
}

/** The nodes now, then again after each change, until the signal. An outage is waited out. */
export async function* nodesOf(options: NodeWatchOptions): AsyncGenerator<readonly NodeInfo[]> {
  const { table, settings, runtime, logger, signal } = options;
  const news = new News();
  let failures = 0;
  while (!signal.aborted) {
    let watch: EtcdWatch | undefined;
    news.end = undefined;
    try {
      if (await catchUp(options)) news.hasChanged = true;
      watch = await begin(options, news);
      if (failures > 1) logger.info('etcd is watched again');
      failures = 0;
      for (;;) {
        if (news.hasChanged) yield take(news, table);
        signal.throwIfAborted();
        if (news.end !== undefined) throw endOf(news);
        await news.wait(signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      // A stream that ends is nothing yet; a second failure in a row is an outage.
      const level = failures === 2 ? 'warn' : 'debug';
      logger[level]({ err: error }, 'etcd can not be watched; trying again');
    } finally {
      watch?.cancel();
    }
    await pause(runtime, backoffMs(settings, failures, runtime.random()), signal);
  }
}

function endOf({ end }: News): ActorError {
  return new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', 'etcd ended the watch.', { cause: end?.why });
}

function take(news: News, table: NodeTable): readonly NodeInfo[] {
  news.hasChanged = false;
  return table.nodes();
}

/** Lists the nodes, unless what is known can be built on. True when that changes what is known. */
async function catchUp({ prefix, table, endpoints, settings, signal }: NodeWatchOptions): Promise<boolean> {
  const { revision } = table;
  if (revision !== undefined) {
    // An etcd that lost its data counts revisions anew. A watch from a revision ahead of it would be silent for long, and
    // one from a revision that it has passed again would skip what came before.
    const count = await endpoints.ask('history', (endpoint) => endpoint.countAt(prefix, revision), {
      signal,
    });
    if (count === table.count) return false;
  }
  const listing = await endpoints.ask('list', (endpoint) => endpoint.list(prefix, settings.nodesMax), {
    signal,
  });
  return table.reset(listing);
}

async function begin({ prefix, table, endpoints, signal }: NodeWatchOptions, news: News): Promise<EtcdWatch> {
  // A host that answers after it was given up must not speak for the one that was asked instead.
  let latest = 0;
  const open = (endpoint: EtcdEndpoint, attempt: number): Promise<EtcdWatch> =>
    endpoint.watch(prefix, (table.revision ?? 0) + 1, {
      changed: (events) => {
        if (attempt === latest && table.apply(events)) news.changed();
      },
      ended: (why) => {
        if (attempt === latest) news.ended(why);
      },
    });
  try {
    return await endpoints.ask('watch', (endpoint) => open(endpoint, (latest += 1)), { signal });
  } catch (error) {
    latest += 1;
    throw error;
  }
}
