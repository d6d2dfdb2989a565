// One host of etcd, and the few things that discovery asks of it. The real one is Etcd3Endpoint; tests have their own.

/** A key as it is in etcd. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
}

/** The keys below a prefix at one revision. */
export interface EtcdListing {
  readonly revision: number;
  /** How many there are; `entries` may hold fewer. */
  readonly count: number;
  readonly entries: readonly EtcdEntry[];
}

/** What happened to one key. */
export interface EtcdEvent extends EtcdEntry {
  readonly kind: 'put' | 'delete';
  readonly revision: number;
  /** A `put` of a key that was not there before. */
  readonly isNew: boolean;
}

/** Who is told of what a watch brings. */
export interface EtcdWatchListener {
  /** In order of revision, all events of one revision in one call. */
  changed(events: readonly EtcdEvent[]): void;
  /** Once, and nothing after it: the host is lost, or the revision asked for was compacted. Not called after `cancel`. */
  ended(why: unknown): void;
}

/** A watch that etcd has taken. */
export interface EtcdWatch {
  /** Ends it; the listener hears no more. */
  cancel(): void;
}

/**
 * Each call is one request, tried once. It rejects with ACTOR_DISCOVERY_UNAVAILABLE when the host gives no answer or
 * can't do its work now, and with ACTOR_UNAUTHENTICATED when it refuses this client.
 */
export interface EtcdEndpoint {
  /** As the options name it. */
  readonly host: string;
  /** The first `limit` keys below the prefix, in order, as they are now. */
  list(prefix: string, limit: number): Promise<EtcdListing>;
  /** How many keys there were at that revision; undefined when that is not known: compacted, or not reached yet. */
  countAt(prefix: string, revision: number): Promise<number | undefined>;
  /** A new lease, and how long it lasts: etcd may grant more than was asked for. */
  grant(ttlMs: number): Promise<{ readonly lease: string; readonly ttlMs: number }>;
  /** Writes the key under the lease; the revision, or undefined when the lease is gone. */
  put(entry: EtcdEntry, lease: string): Promise<number | undefined>;
  /** How long the lease lasts from now on, in milliseconds; 0 when it is gone. */
  keepAlive(lease: string): Promise<number>;
  /** Ends the lease and deletes its keys. A lease that is gone is no error. */
  revoke(lease: string): Promise<void>;
  /** Resolves when etcd has taken the watch; events come from `revision` on. */
  watch(prefix: string, revision: number, listener: EtcdWatchListener): Promise<EtcdWatch>;
  /** Drops what is connected, watches included; the next call connects anew. */
  reset(): void;
}
