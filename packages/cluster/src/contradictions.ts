// Options that are right each by itself and wrong together.

import type { ClusterConfig, ClusterDefaults } from './config.ts';
import type { ConfigFault } from './config-fault.ts';

interface Relation {
  readonly path: string;
  readonly must: 'be at least' | 'be at most' | 'be below';
  readonly other: string;
  /** What goes wrong otherwise, where that is not plain. */
  readonly why?: string;
}

const relations: readonly Relation[] = [
  {
    path: 'suspectTimeoutMs',
    must: 'be at least',
    other: 'heartbeatIntervalMs',
    why: 'a suspect clears itself with a heartbeat',
  },
  {
    path: 'stallTimeoutMs',
    must: 'be at least',
    other: 'suspectTimeoutMs',
    why: 'a node that stalls has more time than one that is gone',
  },
  { path: 'remoting.retransmitMinMs', must: 'be at most', other: 'remoting.retransmitMaxMs' },
  {
    path: 'remoting.ackDelayMs',
    must: 'be below',
    other: 'remoting.retransmitMinMs',
    why: 'each frame would be sent again before its acknowledgement',
  },
  { path: 'remoting.batchMaxBytes', must: 'be at most', other: 'remoting.frameMaxBytes' },
];

/** Leaves out what is faulty by itself, by `known`. */
export function contradictions(
  config: ClusterConfig,
  defaults: ClusterDefaults,
  known: readonly ConfigFault[],
): readonly ConfigFault[] {
  const at = (options: object, path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>((from, key) => (from instanceof Object ? Reflect.get(from, key) : undefined), options);
  const number = (path: string): number | undefined => {
    if (known.some((fault) => fault.path === path)) return undefined;
    const value = at(config, path) ?? at(defaults, path);
    return typeof value === 'number' ? value : undefined;
  };
  return relations.flatMap(({ path, must, other, why }) => {
    const [value, bound] = [number(path), number(other)];
    if (value === undefined || bound === undefined || isKept(must, value, bound)) return [];
    const whence = at(config, other) === undefined ? ' by default' : '';
    const reason = why === undefined ? '' : `: ${why}`;
    return [{ path, message: `must ${must} ${other}, which is ${bound}${whence}, not ${value}${reason}` }];
  });
}

function isKept(must: Relation['must'], value: number, bound: number): boolean {
  if (must === 'be at least') return !(value < bound);
  return must === 'be at most' ? !(value > bound) : !(value >= bound);
}
