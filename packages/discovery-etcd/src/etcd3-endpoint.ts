// One host of etcd over the etcd3 package, by its plain requests alone. Its leases, watchers, retries and circuit breakers
// are not used: they run on timers of their own, notice a lost lease late or never, and know nothing of an etcd that
// lost its data. What decides here is the caller's clock.

import { ActorError, isActorError, type Runtime } from '@actor/core';
import {
  Etcd3,
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCOutOfRangeError,
  GRPCUnauthenticatedError,
  type IOptions,
  type IWatchRequest,
  type IWatchResponse,
  type IDuplexStream,
} from 'etcd3';
import type {
  EtcdEndpoint,
  EtcdEntry,
  EtcdEvent,
  EtcdListing,
  EtcdWatch,
  EtcdWatchListener,
} from './endpoint.ts';
import type { EtcdSettings } from './options.ts';

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;
type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;

/** Tries once: whoever asks decides what comes next. Async, since the client also throws through it and catches promises. */
const once = {
  execute: async (body: (context: { readonly signal: AbortSignal }) => unknown) =>
    body({ signal: new AbortController().signal }),
} as unknown as Policy;

const refusals = [
  EtcdAuthenticationFailedError,
  EtcdPermissionDeniedError,
  // A token that came with a connection which is gone, or with users who have changed since.
  EtcdInvalidAuthTokenError,
  GRPCUnauthenticatedError,
  // A user where etcd has none, and none where etcd wants one.
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
];

/** Ten thousand nodes, and many a foreign value. */
const answerMaxBytes = 64 * 1024 ** 2;
/** How long a connection may be silent before it is asked for a sign of life. etcd takes it ill below 5,000. */
const pingMs = 10_000;

export class Etcd3Endpoint implements EtcdEndpoint {
  readonly host: string;
  readonly #settings: EtcdSettings;
  readonly #runtime: Runtime;
  readonly #watches = new Set<(why: unknown) => void>();
  #client: Etcd3 | undefined;

  constructor(host: string, settings: EtcdSettings, runtime: Runtime) {
    this.host = host;
    this.#settings = settings;
    this.#runtime = runtime;
  }

  list(prefix: string, limit: number): Promise<EtcdListing> {
    return this.#call(async (client) => {
      const answer = await client.kv.range({ ...below(prefix), limit }, this.#deadline());
      return {
        revision: Number(answer.header.revision),
        count: Number(answer.count),
        entries: answer.kvs.map(({ key, value }) => ({ key: key.toString(), value: value.toString() })),
      };
    });
  }

  countAt(prefix: string, revision: number): Promise<number | undefined> {
    return this.#call(async (client) => {
      try {
        const answer = await client.kv.range(
          { ...below(prefix), revision, count_only: true },
          this.#deadline(),
        );
        return Number(answer.count);
      } catch (error) {
        if (error instanceof GRPCOutOfRangeError) return undefined;
        throw error;
      }
    });
  }

  grant(ttlMs: number): Promise<{ readonly lease: string; readonly ttlMs: number }> {
    return this.#call(async (client) => {
      const answer = await client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1_000) }, this.#deadline());
      return { lease: answer.ID, ttlMs: Number(answer.TTL) * 1_000 };
    });
  }

  put({ key, value }: EtcdEntry, lease: string): Promise<number | undefined> {
    return this.#call(async (client) => {
      try {
        const entry = { key: Buffer.from(key), value: Buffer.from(value), lease };
        return Number((await client.kv.put(entry, this.#deadline())).header.revision);
      } catch (error) {
        if (error instanceof EtcdLeaseInvalidError) return undefined;
        throw error;
      }
    });
  }

  keepAlive(lease: string): Promise<number> {
    return this.#call(async (client) => {
      const stream = await client.leaseClient.leaseKeepAlive(this.#deadline());
      try {
        const ttl = await new Promise<string>((resolve, reject) => {
          stream.on('data', (answer) => resolve(answer.TTL));
          stream.on('error', reject);
          stream.on('end', () => reject(new Error('etcd ended the stream without an answer')));
          stream.write({ ID: lease });
        });
        return Math.max(0, Number(ttl) * 1_000);
      } finally {
        stream.end();
      }
    });
  }

  revoke(lease: string): Promise<void> {
    return this.#call(async (client) => {
      try {
        await client.leaseClient.leaseRevoke({ ID: lease }, this.#deadline());
      } catch (error) {
        if (!(error instanceof EtcdLeaseInvalidError)) throw error;
      }
    });
  }

  watch(prefix: string, revision: number, listener: EtcdWatchListener): Promise<EtcdWatch> {
    // A stream can't get a new token. Whoever watches has listed or counted just before, and that has.
    return this.#call(async (client) => {
      const stream = await client.watchClient.watch();
      return new Promise((resolve, reject) => {
        const end = (why: unknown): void => {
          if (!this.#watches.delete(end)) return;
          reject(why);
          listener.ended(why);
          stream.cancel();
        };
        this.#watches.add(end);
        const cancel = (): void => {
          if (this.#watches.delete(end)) stream.cancel();
        };
        const taken = (): void => resolve({ cancel });
        follow(stream, { taken, changed: (events) => listener.changed(events), end });
        stream.write({ create_request: { ...below(prefix), start_revision: revision } });
      });
    });
  }

  reset(): void {
    const client = this.#client;
    this.#client = undefined;
    const why = new Error(`the connection to ${this.host} was given up`);
    for (const end of [...this.#watches]) end(why);
    client?.close();
  }

  async #call<T>(body: (client: Etcd3) => Promise<T>): Promise<T> {
    try {
      return await body((this.#client ??= this.#open()));
    } catch (error) {
      if (!isRefusal(error) || this.#settings.auth === undefined) throw this.#failed(error);
    }
    // The token may be too old for etcd while the user is in order. The client keeps it for ever, so it has to be a new one.
    this.reset();
    try {
      return await body((this.#client ??= this.#open()));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #open(): Etcd3 {
    const { credentials, auth, requestTimeoutMs } = this.#settings;
    const { rootCertificate, privateKey, certChain } = credentials ?? {};
    return new Etcd3({
      hosts: [this.host],
      faultHandling: { global: once, host: () => once },
      grpcOptions: {
        'grpc.keepalive_time_ms': pingMs,
        'grpc.keepalive_timeout_ms': requestTimeoutMs,
        'grpc.max_receive_message_length': answerMaxBytes,
        // A new client is a new connection, and does not inherit another one's pause.
        'grpc.use_local_subchannel_pool': 1,
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 1_000,
        'grpc.enable_http_proxy': 0,
      },
      ...(auth === undefined ? {} : { auth: { ...auth, callOptions: () => this.#deadline() } }),
      ...(credentials === undefined
        ? {}
        : {
            // An absent one is as good as none given: the authorities that Node trusts, no certificate of its own.
            credentials: {
              rootCertificate: bytesOf(rootCertificate),
              privateKey: bytesOf(privateKey),
              certChain: bytesOf(certChain),
            } as NonNullable<IOptions['credentials']>,
          }),
    });
  }

  /** For the client's own housekeeping; when to give up is decided by whoever asks. */
  #deadline(): { readonly deadline: number } {
    return { deadline: this.#runtime.wallMs() + this.#settings.requestTimeoutMs };
  }

  #failed(error: unknown): ActorError {
    if (isActorError(error)) return error;
    const { host } = this;
    return isRefusal(error)
      ? new ActorError('ACTOR_UNAUTHENTICATED', `etcd at ${host} refuses this client.`, {
          details: { host, username: this.#settings.auth?.username },
          cause: error,
        })
      : new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', `etcd at ${host} can't be asked.`, {
          details: { host },
          cause: error,
        });
  }
}

interface Follower {
  taken(): void;
  changed(events: readonly EtcdEvent[]): void;
  end(why: unknown): void;
}

function follow(stream: WatchStream, follower: Follower): void {
  stream.on('data', (answer) => {
    if (answer.canceled) {
      const { cancel_reason: reason, compact_revision: compacted } = answer;
      follower.end(new Error(`etcd cancelled the watch (compacted up to ${compacted}): ${reason}`));
    } else if (answer.created) follower.taken();
    else if (answer.events.length > 0) follower.changed(answer.events.map(eventOf));
  });
  stream.on('error', (error) => follower.end(error));
  stream.on('end', () => follower.end(new Error('etcd ended the stream')));
}

function eventOf({ type, kv }: IWatchResponse['events'][number]): EtcdEvent {
  const kind = String(type).toLowerCase() === 'delete' ? 'delete' : 'put';
  return {
    kind,
    key: kv.key.toString(),
    value: kv.value.toString(),
    revision: Number(kv.mod_revision),
    isNew: kind === 'put' && kv.version === '1',
  };
}

/** All keys that begin with the prefix: up to the first one that does not, the prefix with its last byte one higher. */
function below(prefix: string): { readonly key: Buffer; readonly range_end: Buffer } {
  const key = Buffer.from(prefix);
  const end = Buffer.from(key);
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
  return { key, range_end: end };
}

function bytesOf(pem: string | Uint8Array | undefined): Buffer | undefined {
  return pem === undefined ? undefined : Buffer.from(pem as string);
}

function isRefusal(error: unknown): boolean {
  return refusals.some((refusal) => error instanceof refusal);
}
