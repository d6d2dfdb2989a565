// The check of a config. Its caller may be plain JavaScript, so nothing is believed because a type says so.

import { formatAddress, isActorError, parseAddress, type Metadata, type NodeAddress } from '@actor/core';
import type { ClusterConfig, Reconfiguration } from './config.ts';
import { refuse, type ConfigFault } from './config-fault.ts';
import { encodeMetadata, intervalMaxMs } from './membership/messages.ts';
import { defaultRemotingLimits } from './remoting/limits.ts';

/** Says what is wrong with a value, or nothing. */
type Rule = (value: unknown) => string | undefined;

const nameMax = 255;
const metadataMaxBytes = 4_096;

// Names become part of URIs, certificates and log lines.
const name: Rule = (value) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9._-]+$/.test(value)) {
    return `must be made of letters, digits, dots, hyphens and underscores, not ${show(value)}`;
  }
  return value.length > nameMax ? `must have at most ${nameMax} characters` : undefined;
};
const duration: Rule = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
    ? undefined
    : `must be a number of milliseconds above 0, not ${show(value)}`;
const wholeBetween =
  (least: number, most: number): Rule =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}, not ${show(value)}`;
const factory: Rule = (value) =>
  typeof value === 'function' ? undefined : `must be a plugin's factory, not ${show(value)}`;
const object: Rule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : `must be an object, not ${show(value)}`;
const list: Rule = (value) => (Array.isArray(value) ? undefined : `must be a list, not ${show(value)}`);
const interceptor: Rule = (value) => {
  const fault = object(value);
  if (fault !== undefined) return fault;
  const given = ['send', 'handle'].filter((hook) => Reflect.get(value as object, hook) !== undefined);
  if (given.length === 0) return 'has neither send nor handle, so it does nothing';
  const wrong = given.find((hook) => typeof Reflect.get(value as object, hook) !== 'function');
  return wrong === undefined ? undefined : `has a ${wrong} that is no function`;
};
const has =
  (...methods: readonly string[]): Rule =>
  (value) => {
    const record = (typeof value === 'object' || typeof value === 'function') && value !== null ? value : {};
    const missing = methods.filter((method) => typeof Reflect.get(record, method) !== 'function');
    return missing.length === 0 ? undefined : `lacks ${missing.join(', ')}`;
  };
const metadata: Rule = (value) => {
  const fault = object(value);
  if (fault !== undefined) return fault;
  const wrong = Object.entries(value as object).find(
    ([, each]) => !['string', 'number', 'boolean'].includes(typeof each),
  );
  if (wrong !== undefined) return `may hold texts, numbers and booleans; ${wrong[0]} is none of them`;
  const bytes = encodeMetadata(value as Metadata).length;
  return bytes <= metadataMaxBytes
    ? undefined
    : `takes ${bytes} bytes of the ${metadataMaxBytes} it may take`;
};

const reconfigurable: Readonly<Record<keyof Reconfiguration, Rule>> = {
  discoveryIntervalMs: duration,
  maxRetries: wholeBetween(0, 1_000_000),
  retryDelayMs: duration,
  metadata,
};

const rules: Readonly<Record<keyof ClusterConfig, Rule>> = {
  ...reconfigurable,
  clusterName: name,
  nodeName: name,
  nodeId: name,
  host: (value) =>
    typeof value === 'string' && value !== '' && !/[\s/[\]]/.test(value)
      ? undefined
      : `must be a host name or an IP address without brackets, not ${show(value)}`,
  port: wholeBetween(0, 65_535),
  transport: factory,
  discovery: factory,
  joinAddresses: list,
  heartbeatIntervalMs: wholeBetween(1, intervalMaxMs),
  suspectTimeoutMs: duration,
  stallTimeoutMs: duration,
  phiThreshold: (value) =>
    typeof value === 'number' && value > 0 && Number.isFinite(value)
      ? undefined
      : `must be a number above 0, not ${show(value)}`,
  askTimeoutMs: duration,
  preset: (value) =>
    value === 'default' || value === 'fast' ? undefined : `must be 'default' or 'fast', not ${show(value)}`,
  remoting: object,
  interceptors: list,
  runtime: has('monotonicMs', 'wallMs', 'after', 'microtask', 'macrotask', 'random', 'randomBytes'),
  logger: has('trace', 'debug', 'info', 'warn', 'error', 'child'),
  metrics: has('counter', 'gauge', 'histogram'),
};

const limitRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.keys(defaultRemotingLimits).map((limit) => {
    // Numbers of requests travel in two bytes.
    const most = limit === 'requestsMax' ? 65_536 : Number.MAX_SAFE_INTEGER;
    return [limit, limit.endsWith('Ms') ? duration : wholeBetween(1, most)];
  }),
);

const required = ['clusterName', 'nodeName', 'transport'] as const;

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault. */
export function checkConfig(config: ClusterConfig): void {
  const fault = object(config);
  if (fault !== undefined) refuse([{ path: 'config', message: fault }]);
  const missing = required
    .filter((path) => config[path] === undefined)
    .map((path) => ({ path, message: 'is missing' }));
  const addresses: readonly unknown[] = Array.isArray(config.joinAddresses) ? config.joinAddresses : [];
  const interceptors: readonly unknown[] = Array.isArray(config.interceptors) ? config.interceptors : [];
  const limits = object(config.remoting) === undefined ? (config.remoting ?? {}) : {};
  refuse([
    ...missing,
    ...faultsOf(config, rules),
    ...addresses.flatMap((address, index) => faultOfAddress(address, `joinAddresses[${index}]`)),
    ...interceptors.flatMap((each, index) => {
      const message = interceptor(each);
      return message === undefined ? [] : [{ path: `interceptors[${index}]`, message }];
    }),
    ...faultsOf(limits, limitRules).map((fault) => ({ ...fault, path: `remoting.${fault.path}` })),
  ]);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault. */
export function checkReconfiguration(changes: Reconfiguration): void {
  const fixed = Object.keys(changes)
    .filter((path) => path in rules && !(path in reconfigurable))
    .map((path) => ({ path, message: 'can’t change while the node runs' }));
  const rest = Object.fromEntries(
    Object.entries(changes).filter(([path]) => !fixed.some((fault) => fault.path === path)),
  );
  refuse([...fixed, ...faultsOf(rest, reconfigurable)]);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID naming `path` when it is not one that can be dialled. */
export function toAddress(entry: string | NodeAddress, path: string): NodeAddress {
  refuse(faultOfAddress(entry, path));
  return parseAddress(typeof entry === 'string' ? entry : formatAddress(entry), path);
}

function faultsOf(options: object, allowed: Readonly<Record<string, Rule>>): readonly ConfigFault[] {
  return Object.entries(options).flatMap(([path, value]: [string, unknown]) => {
    const rule = Object.hasOwn(allowed, path) ? allowed[path] : undefined;
    // A misspelt option would otherwise be an option that silently does nothing.
    if (rule === undefined) return [{ path, message: 'is no option' }];
    const message = value === undefined ? undefined : rule(value);
    return message === undefined ? [] : [{ path, message }];
  });
}

function faultOfAddress(entry: unknown, path: string): readonly ConfigFault[] {
  try {
    const address = typeof entry === 'string' ? entry : formatAddress(entry as NodeAddress);
    return parseAddress(address, path).port === 0
      ? [{ path, message: 'has port 0, which nobody can dial' }]
      : [];
  } catch (error) {
    const isText = isActorError(error, 'ACTOR_CONFIG_INVALID');
    return [
      { path, message: `${isText ? show(entry) : 'it'} is no address; write host:port or [ipv6]:port` },
    ];
  }
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
}
