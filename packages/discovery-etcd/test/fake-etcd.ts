// An etcd in memory on virtual time: revisions, leases, history that can be compacted, and hosts that can be away, silent or
// unwilling.

import { ActorError, type Runtime, type Timer } from '@actor/core';
import type { Simulation } from '@actor/core/testkit';
import type { EtcdEndpoint, EtcdEvent, EtcdWatchListener } from '../src/index.ts';

interface Stored {
  readonly value: string;
  readonly lease: string;
}

interface Lease {
  readonly ttlMs: number;
  expiry: Timer;
}

interface Watch {
  readonly host: string;
  readonly prefix: string;
  readonly listener: EtcdWatchListener;
}

/** How a host behaves: it answers, refuses connections, never answers, or refuses the client. */
export type Manner = 'well' | 'away' | 'silent' | 'unwilling';

export class FakeEtcd {
  readonly calls: string[] = [];
  readonly #simulation: Simulation;
  readonly #runtime: Runtime;
  readonly #manners = new Map<string, Manner>();
  readonly #watches = new Set<Watch>();
  #keys = new Map<string, Stored>();
  #leases = new Map<string, Lease>();
  #history: EtcdEvent[] = [];
  #revision = 1;
  #compacted = 0;
  #granted = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#runtime = simulation.runtime('etcd');
  }

  get keys(): readonly string[] {
    return [...this.#keys.keys()].toSorted();
  }

  get watchers(): number {
    return this.#watches.size;
  }

  endpoint(host: string): EtcdEndpoint {
    const call = <T>(name: string, body: () => T): Promise<T> => this.#call(host, name, body);
    return {
      host,
      list: (prefix, limit) =>
        call('list', () => {
          const all = this.keys.filter((key) => key.startsWith(prefix));
          const entries = all
            .slice(0, limit)
            .map((key) => ({ key, value: this.#keys.get(key)?.value ?? '' }));
          return { revision: this.#revision, count: all.length, entries };
        }),
      countAt: (prefix, revision) => call('countAt', () => this.#countAt(prefix, revision)),
      grant: (ttlMs) =>
        call('grant', () => {
          const lease = String((this.#granted += 1));
          this.#leases.set(lease, { ttlMs, expiry: this.#expiry(lease, ttlMs) });
          return { lease, ttlMs };
        }),
      put: ({ key, value }, lease) =>
        call('put', () => (this.#leases.has(lease) ? this.write(key, value, lease) : undefined)),
      keepAlive: (id) =>
        call('keepAlive', () => {
          const lease = this.#leases.get(id);
          lease?.expiry.cancel();
          if (lease !== undefined) lease.expiry = this.#expiry(id, lease.ttlMs);
          return lease?.ttlMs ?? 0;
        }),
      revoke: (lease) => call('revoke', () => this.expire(lease)),
      watch: (prefix, revision, listener) =>
        call('watch', () => this.#watch({ host, prefix, listener }, revision)),
      reset: () => this.#cut(host, 'reset'),
    };
  }

  behave(manner: Manner, ...hosts: readonly string[]): void {
    for (const host of hosts) {
      this.#manners.set(host, manner);
      if (manner === 'away') this.#cut(host, 'away');
    }
  }

  write(key: string, value: string, lease = ''): number {
    const isNew = !this.#keys.has(key);
    this.#keys.set(key, { value, lease });
    return this.#happen({ kind: 'put', key, value, isNew });
  }

  delete(key: string): void {
    if (this.#keys.delete(key)) this.#happen({ kind: 'delete', key, value: '', isNew: false });
  }

  expire(id: string): void {
    this.#leases.get(id)?.expiry.cancel();
    this.#leases.delete(id);
    for (const [key, { lease }] of [...this.#keys]) if (lease === id) this.delete(key);
  }

  expireAll(): void {
    for (const lease of [...this.#leases.keys()]) this.expire(lease);
  }

  /** Breaks every watch, without a word about what comes. */
  breakWatches(): void {
    for (const { host } of [...this.#watches]) this.#cut(host, 'broken');
  }

  compact(): void {
    this.#compacted = this.#revision;
  }

  /** A new etcd with nothing in it. */
  loseData(): void {
    for (const { expiry } of this.#leases.values()) expiry.cancel();
    this.#leases = new Map();
    this.#keys = new Map();
    this.#history = [];
    this.#revision = 1;
    this.#compacted = 0;
    this.breakWatches();
  }

  #call<T>(host: string, name: string, body: () => T): Promise<T> {
    this.calls.push(`${host} ${name}`);
    return new Promise((resolve, reject) => {
      this.#runtime.after(1, () => {
        const manner = this.#manners.get(host) ?? 'well';
        if (manner === 'silent') return;
        if (manner === 'well') resolve(body());
        else if (manner === 'away') reject(new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', 'refused'));
        else reject(new ActorError('ACTOR_UNAUTHENTICATED', 'who are you?'));
      });
    });
  }

  #countAt(prefix: string, revision: number): number | undefined {
    if (revision > this.#revision || revision < this.#compacted) return undefined;
    const before = this.#history.filter(
      (event) => event.revision <= revision && event.key.startsWith(prefix),
    );
    return before.reduce((sum, { kind, isNew }) => sum + (isNew ? 1 : kind === 'delete' ? -1 : 0), 0);
  }

  #watch(watch: Watch, revision: number): { cancel(): void } {
    this.#watches.add(watch);
    const missed = this.#history.filter(
      (event) => event.revision >= revision && event.key.startsWith(watch.prefix),
    );
    this.#runtime.after(1, () => {
      if (!this.#watches.has(watch)) return;
      if (revision <= this.#compacted) {
        this.#watches.delete(watch);
        watch.listener.ended('compacted');
      } else for (const event of missed) watch.listener.changed([event]);
    });
    return { cancel: () => void this.#watches.delete(watch) };
  }

  #happen(event: Omit<EtcdEvent, 'revision'>): number {
    const revision = (this.#revision += 1);
    const happened = { ...event, revision };
    this.#history.push(happened);
    for (const watch of [...this.#watches])
      if (event.key.startsWith(watch.prefix))
        this.#runtime.after(1, () => {
          if (this.#watches.has(watch) && this.#manners.get(watch.host) !== 'silent')
            watch.listener.changed([happened]);
        });
    return revision;
  }

  #expiry(lease: string, ttlMs: number): Timer {
    return this.#simulation.after(ttlMs, () => this.expire(lease));
  }

  #cut(host: string, why: string): void {
    for (const watch of [...this.#watches]) {
      if (watch.host !== host) continue;
      this.#watches.delete(watch);
      watch.listener.ended(why);
    }
  }
}
