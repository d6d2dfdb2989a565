// The options of etcd(), their defaults and their checks.

import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ActorError, isActorError, parseAddress } from '@actor/core';

/** Certificates for TLS to etcd, each as PEM text or bytes. */
export interface EtcdCredentials {
  /** The authority that signed etcd's certificate. Without it, those that Node trusts. */
  readonly rootCertificate?: string | Uint8Array | undefined;
  /** This client's key, where etcd asks for a certificate; it needs `certChain` beside it. */
  readonly privateKey?: string | Uint8Array | undefined;
  /** The certificate that goes with `privateKey`, and those between it and its authority. */
  readonly certChain?: string | Uint8Array | undefined;
}

/** A user of etcd. The password crosses the network as it is, so use `https://` hosts with it. */
export interface EtcdAuth {
  readonly username: string;
  readonly password: string;
}

/** What `etcd()` may be told; `hosts` it must. */
export interface EtcdOptions {
  /** Where etcd listens for clients: `http://host:2379` or `https://…`, one or several members of one etcd. */
  readonly hosts: string | readonly string[];
  /**
   * What all keys begin with. The cluster's name follows it, so clusters of different names can share one.
   * @defaultValue '/actor'
   */
  readonly namespace?: string | undefined;
  /**
   * How long a node that died without a word stays listed, in milliseconds. etcd counts in whole seconds and may grant
   * more. It is renewed every third of that.
   * @defaultValue 10_000
   */
  readonly leaseTtlMs?: number | undefined;
  /**
   * Certificates, for `https://` hosts.
   * @defaultValue none: etcd is held against the authorities that Node trusts
   */
  readonly credentials?: EtcdCredentials | undefined;
  /**
   * Who to be, where etcd has authentication on. It needs `readwrite` on the keys below `namespace`.
   * @defaultValue nobody
   */
  readonly auth?: EtcdAuth | undefined;
  /**
   * How long one request to one host may take, in milliseconds; then the next host is asked.
   * @defaultValue 2_000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * How often all hosts are asked again, with a pause between, before `discover` or `register` is an error.
   * @defaultValue 2
   */
  readonly retriesMax?: number | undefined;
  /**
   * The pause after the first failure, in milliseconds; it doubles with each further one. Jittered.
   * @defaultValue 100
   */
  readonly backoffMinMs?: number | undefined;
  /**
   * The longest pause between tries, in milliseconds.
   * @defaultValue 5_000
   */
  readonly backoffMaxMs?: number | undefined;
  /**
   * How many nodes are read; further ones are passed over with a warning.
   * @defaultValue 10_000
   */
  readonly nodesMax?: number | undefined;
  /**
   * The largest value of one node, in bytes. Larger ones of others are passed over, an own one is refused.
   * @defaultValue 16_384
   */
  readonly valueMaxBytes?: number | undefined;
}

/** Options with their defaults in place. */
export type EtcdSettings = {
  readonly [Name in Exclude<keyof EtcdOptions, 'hosts' | 'credentials' | 'auth'>]-?: NonNullable<
    EtcdOptions[Name]
  >;
} & {
  readonly hosts: readonly string[];
  readonly credentials: EtcdCredentials | undefined;
  readonly auth: EtcdAuth | undefined;
};

type NumberName = {
  [Name in keyof EtcdSettings]: EtcdSettings[Name] extends number ? Name : never;
}[keyof EtcdSettings];

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID; `details.faults` lists every fault. */
export function settingsOf(given: EtcdOptions): EtcdSettings {
  // JavaScript lets anything pass; what is no list of hosts is one host, and told of as such.
  const options = (given as EtcdOptions | undefined) ?? ({} as EtcdOptions);
  const hosts = options.hosts as string | readonly string[] | undefined;
  const settings: EtcdSettings = {
    hosts: Array.isArray(hosts)
      ? [...(hosts as readonly string[])]
      : hosts === undefined
        ? []
        : [hosts as string],
    namespace: options.namespace ?? '/actor',
    leaseTtlMs: options.leaseTtlMs ?? 10_000,
    credentials: options.credentials ?? undefined,
    auth: options.auth ?? undefined,
    requestTimeoutMs: options.requestTimeoutMs ?? 2_000,
    retriesMax: options.retriesMax ?? 2,
    backoffMinMs: options.backoffMinMs ?? 100,
    backoffMaxMs: options.backoffMaxMs ?? 5_000,
    nodesMax: options.nodesMax ?? 10_000,
    valueMaxBytes: options.valueMaxBytes ?? 16_384,
  };
  const faults = [
    ...hostFaults(settings),
    ...namespaceFaults(settings),
    ...identityFaults(settings),
    ...numberFaults(settings),
  ];
  if (faults.length > 0)
    throw new ActorError('ACTOR_CONFIG_INVALID', faults.join('\n'), { details: { faults } });
  return settings;
}

function hostFaults({ hosts, credentials }: EtcdSettings): readonly string[] {
  if (hosts.length === 0)
    return ['discovery.hosts: at least one is needed, such as "http://127.0.0.1:2379".'];
  const faults = hosts.flatMap((host: unknown, index) => {
    const fault = hostFault(host);
    return fault === undefined ? [] : [`discovery.hosts[${index}]: ${fault}`];
  });
  if (faults.length > 0) return faults;
  const secure = hosts.filter((host) => host.startsWith('https://')).length;
  if (secure > 0 && secure < hosts.length)
    faults.push('discovery.hosts: either all are https:// or none: one client has one way to connect.');
  if (secure === 0 && credentials !== undefined)
    faults.push('discovery.credentials are for TLS, but no host is https://.');
  return faults;
}

function hostFault(host: unknown): string | undefined {
  if (typeof host !== 'string') return `must be a string, not ${typeof host}.`;
  if (!/^https?:\/\//.test(host)) return `"${host}" must begin with http:// or https://.`;
  try {
    return parseAddress(host).port === 0 ? `"${host}" has port 0, which nobody can dial.` : undefined;
  } catch (error) {
    if (!isActorError(error, 'ACTOR_CONFIG_INVALID')) throw error;
    return `"${host}" is no URL of etcd; write http://host:port.`;
  }
}

function namespaceFaults({ namespace }: EtcdSettings): readonly string[] {
  if (typeof namespace === 'string' && /^\/?[\w.:-]+(?:\/[\w.:-]+)*$/.test(namespace)) return [];
  return [
    `discovery.namespace must be a path of letters, digits and _ . : - without an ending /, not "${String(namespace)}".`,
  ];
}

function identityFaults({ auth, credentials }: EtcdSettings): readonly string[] {
  const faults: string[] = [];
  for (const name of ['username', 'password'] as const) {
    const value: unknown = auth?.[name];
    if (auth !== undefined && (typeof value !== 'string' || value === ''))
      faults.push(`discovery.auth.${name} must be a string that is not empty.`);
  }
  return [...faults, ...(credentials === undefined ? [] : credentialFaults(credentials))];
}

/** Tried here, since a connection with what is no certificate would only say that etcd is away. */
function credentialFaults({ rootCertificate, privateKey, certChain }: EtcdCredentials): readonly string[] {
  const faults: string[] = [];
  const attempt = (name: string, body: () => unknown): void => {
    try {
      body();
    } catch (error) {
      faults.push(`discovery.credentials.${name} is not what it has to be: ${(error as Error).message}.`);
    }
  };
  if (rootCertificate !== undefined) attempt('rootCertificate', () => new X509Certificate(rootCertificate));
  if ((privateKey === undefined) !== (certChain === undefined))
    faults.push('discovery.credentials: privateKey and certChain belong together.');
  else if (privateKey !== undefined)
    attempt('privateKey', () =>
      createSecureContext({ key: privateKey as Buffer, cert: certChain as Buffer }),
    );
  return faults;
}

function numberFaults(settings: EtcdSettings): readonly string[] {
  const faults: string[] = [];
  const whole = (name: NumberName, min: number, max: number): void => {
    const value: unknown = settings[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return;
    faults.push(`discovery.${name} must be a whole number from ${min} to ${max}, not ${String(value)}.`);
  };
  whole('leaseTtlMs', 1_000, 86_400_000);
  whole('requestTimeoutMs', 1, 600_000);
  whole('retriesMax', 0, 1_000);
  whole('backoffMinMs', 1, 600_000);
  whole('backoffMaxMs', 1, 600_000);
  whole('nodesMax', 1, 1_000_000);
  whole('valueMaxBytes', 256, 1_048_576);
  if (settings.backoffMaxMs < settings.backoffMinMs)
    faults.push('discovery.backoffMaxMs is below discovery.backoffMinMs.');
  return faults;
}
