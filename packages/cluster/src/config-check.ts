// The check of a config: every option by its rule, and the options together.

import { formatAddress, isActorError, parseAddress, type NodeAddress } from '@actor/core';
import { refuse, type ConfigFault } from './config-fault.ts';
import {
  duration,
  factory,
  has,
  host,
  interceptor,
  list,
  metadata,
  name,
  object,
  oneOf,
  positive,
  serializer,
  show,
  wholeBetween,
  type Rule,
} from './config-rule.ts';
import type { ClusterConfig, ClusterDefaults, Preset, Reconfiguration } from './config.ts';
import { contradictions } from './contradictions.ts';
import { intervalMaxMs } from './membership/messages.ts';
import { defaultRemotingLimits } from './remoting/limits.ts';

const reconfigurable: Readonly<Record<keyof Reconfiguration, Rule>> = {
  discoveryIntervalMs: duration,
  maxRetries: wholeBetween(0, 1_000_000),
  retryDelayMs: duration,
  metadata,
};

const preset = oneOf('default', 'fast');

const rules: Readonly<Record<keyof ClusterConfig, Rule>> = {
  ...reconfigurable,
  clusterName: name,
  nodeName: name,
  nodeId: name,
  host,
  port: wholeBetween(0, 65_535),
  transport: factory,
  discovery: factory,
  joinAddresses: list,
  heartbeatIntervalMs: wholeBetween(1, intervalMaxMs),
  suspectTimeoutMs: duration,
  stallTimeoutMs: duration,
  phiThreshold: positive,
  askTimeoutMs: duration,
  preset,
  remoting: object,
  serializer,
  interceptors: list,
  runtime: has(
    'monotonicMs',
    'wallMs',
    'after',
    'microtask',
    'macrotask',
    'random',
    'randomBytes',
    'loopDelay',
    'asyncContext',
  ),
  logger: has('trace', 'debug', 'info', 'warn', 'error', 'child'),
  metrics: has('counter', 'gauge', 'histogram'),
};

const limitRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.keys(defaultRemotingLimits).map((limit) => {
    // Numbers of requests travel in two bytes.
    const most = limit === 'requestsMax' ? 65_536 : Number.MAX_SAFE_INTEGER;
    return [limit, limit.endsWith('Ms') ? positive : wholeBetween(1, most)];
  }),
);

const required = ['clusterName', 'nodeName', 'transport'] as const;

/**
 * `defaultsOf` says what the options are that it leaves out.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault.
 */
export function checkConfig(
  config: ClusterConfig,
  defaultsOf: (config: ClusterConfig) => ClusterDefaults,
): void {
  requireObject('config', config);
  const faults = [
    ...required.filter((path) => config[path] === undefined).map((path) => ({ path, message: 'is missing' })),
    ...faultsOf(config, rules),
    ...faultsOfEach('joinAddresses', config.joinAddresses, faultOfAddress),
    ...faultsOfEach('interceptors', config.interceptors, interceptor),
    ...faultsOf(object(config.remoting) === undefined ? (config.remoting ?? {}) : {}, limitRules).map(
      (fault) => ({
        ...fault,
        path: `remoting.${fault.path}`,
      }),
    ),
  ];
  refuse([...faults, ...contradictions(config, defaultsOf(config), faults)]);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID when there is no such preset. */
export function checkPreset(value: Preset): void {
  const message = preset(value);
  if (message !== undefined) refuse([{ path: 'preset', message }]);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault. */
export function checkReconfiguration(changes: Reconfiguration): void {
  requireObject('changes', changes);
  const fixed = Object.keys(changes)
    .filter((path) => Object.hasOwn(rules, path) && !Object.hasOwn(reconfigurable, path))
    .map((path) => ({ path, message: 'can’t change while the node runs' }));
  const rest = Object.fromEntries(
    Object.entries(changes).filter(([path]) => !fixed.some((fault) => fault.path === path)),
  );
  refuse([...fixed, ...faultsOf(rest, reconfigurable)]);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with each entry that can't be dialled. */
export function toAddresses(
  path: string,
  entries: readonly (string | NodeAddress)[],
): readonly NodeAddress[] {
  const message = list(entries);
  refuse(message === undefined ? faultsOfEach(path, entries, faultOfAddress) : [{ path, message }]);
  return entries.map((entry) => parseAddress(typeof entry === 'string' ? entry : formatAddress(entry)));
}

function requireObject(path: string, value: unknown): void {
  const message = object(value);
  if (message !== undefined) refuse([{ path, message }]);
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

function faultsOfEach(path: string, entries: unknown, rule: Rule): readonly ConfigFault[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, index) => {
    const message = rule(entry);
    return message === undefined ? [] : [{ path: `${path}[${index}]`, message }];
  });
}

function faultOfAddress(entry: unknown): string | undefined {
  try {
    const address = typeof entry === 'string' ? entry : formatAddress(entry as NodeAddress);
    return parseAddress(address).port === 0 ? 'has port 0, which nobody can dial' : undefined;
  } catch (error) {
    const isText = isActorError(error, 'ACTOR_CONFIG_INVALID');
    return `${isText ? show(entry) : 'it'} is no address; write host:port or [ipv6]:port`;
  }
}
