// The options, their defaults and their check.

import { ActorError, parseAddress } from '@actor/core';
import { isIP } from 'node:net';
import { isName } from './host-name.ts';
import { NodeResolver } from './node-resolver.ts';
import type { DnsResolver } from './resolver.ts';

/** What both kinds of question have in common. */
export interface DnsSharedOptions {
  /** The full name. No search domain is appended and no hosts file is read: `carts.shop.svc.cluster.local`, not `carts`. */
  readonly name: string;
  /**
   * How often, in milliseconds, `watch` asks again; up to a quarter longer by chance, so that nodes don't ask in step, and
   * not before the answer's time to live has passed.
   * @defaultValue the cluster's `discoveryIntervalMs`
   */
  readonly intervalMs?: number;
  /**
   * The longest pause of `watch`, in milliseconds, while the name server can't be asked: each failure doubles the pause.
   * @defaultValue 60_000
   */
  readonly backoffMaxMs?: number;
  /**
   * How much of a time to live is believed, in milliseconds: with a day in the zone, nodes would stay unknown for a day.
   * @defaultValue 60_000
   */
  readonly ttlMaxMs?: number;
  /**
   * How long one question may take, all tries and all name servers together, in milliseconds. Keep it below the cluster's
   * `discoveryIntervalMs`.
   * @defaultValue 2_000
   */
  readonly timeoutMs?: number;
  /**
   * How many nodes an answer may have; what is above is cut off, with a warning.
   * @defaultValue 1_000
   */
  readonly recordsMax?: number;
  /**
   * Name servers by IP address, with or without a port: `10.96.0.10`, `10.96.0.10:5353`, `[fd00::a]:53`. The next is asked
   * when one is silent or fails.
   * @defaultValue those of the system
   */
  readonly servers?: readonly string[];
  /**
   * Who asks the name servers: something of your own for DNS over HTTPS, or for a test without a network.
   * @defaultValue Node's resolver, asking `servers`
   */
  readonly resolver?: DnsResolver;
}

/** Nodes by SRV records, which say host and port of each. */
export interface DnsSrvOptions extends DnsSharedOptions {
  readonly type: 'srv';
  readonly port?: never;
  readonly family?: never;
}

/** Nodes by the A and AAAA records of one name. */
export interface DnsAddressOptions extends DnsSharedOptions {
  readonly type: 'address';
  /** The port that every node listens on. */
  readonly port: number;
  /**
   * 4 for A records alone, 6 for AAAA records alone. Say it where each node has both kinds of address and listens on one.
   * @defaultValue both are asked for
   */
  readonly family?: 4 | 6;
}

export type DnsOptions = DnsSrvOptions | DnsAddressOptions;

/** The options, checked and with their defaults in place. */
export interface DnsSettings {
  readonly question:
    | { readonly type: 'srv'; readonly name: string }
    | {
        readonly type: 'address';
        readonly name: string;
        readonly port: number;
        readonly families: readonly (4 | 6)[];
      };
  readonly resolver: DnsResolver;
  readonly intervalMs: number | undefined;
  readonly backoffMaxMs: number;
  readonly ttlMaxMs: number;
  readonly timeoutMs: number;
  readonly recordsMax: number;
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID; `details.faults` lists every fault. */
export function settingsOf(options: DnsOptions): DnsSettings {
  const { timeoutMs = 2_000, servers } = options;
  const limits = {
    intervalMs: options.intervalMs,
    backoffMaxMs: options.backoffMaxMs ?? 60_000,
    ttlMaxMs: options.ttlMaxMs ?? 60_000,
    timeoutMs,
    recordsMax: options.recordsMax ?? 1_000,
  };
  const faults = [...questionFaults(options), ...limitFaults(limits), ...serverFaults(options)];
  if (faults.length > 0) {
    throw new ActorError('ACTOR_CONFIG_INVALID', faults.join('\n'), { details: { faults } });
  }
  const resolver = options.resolver ?? new NodeResolver({ servers, timeoutMs });
  return { ...limits, question: questionOf(options), resolver };
}

function questionOf(options: DnsOptions): DnsSettings['question'] {
  const name = withoutRoot(options.name);
  if (options.type === 'srv') return { type: 'srv', name };
  const { port, family } = options;
  return { type: 'address', name, port, families: family === undefined ? [4, 6] : [family] };
}

/** Given in full, with a dot at its end, a name is the same name. */
function withoutRoot(name: string): string {
  return name.replace(/\.$/, '');
}

function questionFaults(options: DnsOptions): readonly string[] {
  const faults: string[] = [];
  const { type, name, port, family } = options as Readonly<Record<keyof DnsAddressOptions, unknown>>;
  if (typeof name !== 'string' || !isName(withoutRoot(name)) || isIP(name) !== 0) {
    faults.push(
      `discovery.name must be a name of DNS, international ones in their xn-- form, not "${String(name)}".`,
    );
  }
  if (type === 'srv') {
    if (port !== undefined) faults.push('discovery.port is for type "address": an SRV record has its own.');
    if (family !== undefined) faults.push('discovery.family is for type "address".');
  } else if (type === 'address') {
    if (!isWhole(port, 1, 65_535)) {
      faults.push(`discovery.port must be from 1 to 65535, not ${String(port)}.`);
    }
    if (family !== undefined && family !== 4 && family !== 6) {
      faults.push(`discovery.family must be 4 or 6, not ${JSON.stringify(family)}.`);
    }
  } else faults.push(`discovery.type must be "srv" or "address", not ${String(type)}.`);
  return faults;
}

function limitFaults(
  limits: Pick<DnsSettings, 'intervalMs' | 'backoffMaxMs' | 'ttlMaxMs' | 'timeoutMs' | 'recordsMax'>,
): readonly string[] {
  const faults: string[] = [];
  const whole = (name: keyof typeof limits, min: number, max: number): void => {
    if (isWhole(limits[name], min, max)) return;
    faults.push(`discovery.${name} must be a whole number from ${min} to ${max}, not ${limits[name]}.`);
  };
  // A day: a timer of Node that is much longer fires at once.
  const longestMs = 86_400_000;
  if (limits.intervalMs !== undefined) whole('intervalMs', 1, longestMs);
  whole('backoffMaxMs', 1, longestMs);
  whole('ttlMaxMs', 0, longestMs);
  whole('timeoutMs', 1, longestMs);
  whole('recordsMax', 1, 1_000_000);
  return faults;
}

function serverFaults({ servers, resolver }: DnsOptions): readonly string[] {
  if (servers === undefined) return [];
  if (resolver !== undefined) {
    return ['discovery.servers is for the resolver of Node; it has no use beside discovery.resolver.'];
  }
  if (servers.length === 0) {
    return ['discovery.servers is empty; leave it out to ask the name servers of the system.'];
  }
  return servers.flatMap((server, index) =>
    isServer(server)
      ? []
      : [`discovery.servers[${index}] must be an IP address, with or without a port, not "${server}".`],
  );
}

function isServer(server: string): boolean {
  if (isIP(server) !== 0) return true;
  try {
    const { host, port } = parseAddress(server);
    return isIP(host) !== 0 && port > 0 && !server.includes('/');
  } catch {
    return false;
  }
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}
