import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configuration,
  enterJoint,
  isJoint,
  leaveJoint,
  restore,
  simple,
  voteResult,
  type ConfigChange,
  type Configuration,
} from '../src/core/index.ts';

const add = (id: number): ConfigChange => ({ kind: 'add-voter', id });
const learn = (id: number): ConfigChange => ({ kind: 'add-learner', id });
const remove = (id: number): ConfigChange => ({ kind: 'remove', id });
const refused = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' });

const change = fc.record({
  kind: fc.constantFrom<ConfigChange['kind']>('add-voter', 'add-learner', 'remove'),
  id: fc.integer({ min: 1, max: 5 }),
});
const step = fc.record({
  how: fc.constantFrom('simple', 'enter', 'leave'),
  changes: fc.array(change, { maxLength: 4 }),
});

/** What a step leads to, or where it came from when it is refused. */
function take(
  config: Configuration,
  { how, changes }: { how: string; changes: ConfigChange[] },
): Configuration {
  try {
    if (how === 'simple') return simple(config, changes);
    return how === 'enter' ? enterJoint(config, changes, true) : leaveJoint(config);
  } catch {
    return config;
  }
}
/** Every set of nodes among 1 to 5 that can decide alone. */
function quorums(config: Configuration): readonly number[] {
  const found: number[] = [];
  for (let set = 0; set < 32; set++)
    if (voteResult(config, (id) => (set & (1 << (id - 1))) !== 0) === 'won') found.push(set);
  return found;
}

describe('changes of members', () => {
  test('every quorum meets every quorum of the next configuration, for any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let config = configuration([1, 2, 3]);
        for (const taken of steps) {
          const next = take(config, taken);
          for (const a of quorums(config)) for (const b of quorums(next)) expect(a & b).not.toBe(0);
          config = next;
        }
      }),
    );
  });

  test('what comes out is in normal form, for any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let config = configuration([1, 2, 3]);
        for (const taken of steps) {
          config = take(config, taken);
          expect(restore(config)).toEqual(config);
        }
      }),
    );
  });

  test('a simple change touches one voter', () => {
    expect(simple(configuration([1, 2, 3]), [add(4), learn(5)])).toEqual(configuration([1, 2, 3, 4], [5]));
    expect(simple(configuration([1, 2, 3], [4]), [add(4)])).toEqual(configuration([1, 2, 3, 4]));
    expect(() => simple(configuration([1, 2, 3]), [add(4), remove(3)])).toThrow(refused);
  });

  test('R16: a configuration without a voter is refused', () => {
    expect(() => simple(configuration([1]), [remove(1)])).toThrow(refused);
    expect(() => enterJoint(configuration([1, 2]), [remove(1), learn(2)], true)).toThrow(refused);
  });

  test('R16: leaving what is not joint is refused, and so is entering twice', () => {
    expect(() => leaveJoint(configuration([1]))).toThrow(refused);
    const joint = enterJoint(configuration([1]), [add(2)], true);
    expect(() => enterJoint(joint, [add(3)], true)).toThrow(refused);
    expect(() => simple(joint, [add(3)])).toThrow(refused);
  });

  test('a voter that becomes a learner votes in the outgoing half until that is left', () => {
    const joint = enterJoint(configuration([1, 2, 3]), [learn(3), add(4)], false);
    expect(joint).toMatchObject({ voters: [1, 2, 4], outgoing: [1, 2, 3], learners: [], learnersNext: [3] });
    expect(isJoint(joint)).toBe(true);
    expect(leaveJoint(joint)).toEqual(configuration([1, 2, 4], [3]));
  });

  test('a configuration from elsewhere is sorted, and refused when it contradicts itself', () => {
    expect(restore(configuration([3, 1, 2, 1]))).toEqual(configuration([1, 2, 3]));
    const bad: readonly Partial<Configuration>[] = [
      { voters: [] },
      { voters: [0] },
      { voters: [1.5] },
      { learners: [1] },
      { learnersNext: [2] },
      { autoLeave: true },
    ];
    for (const part of bad) expect(() => restore({ ...configuration([1]), ...part })).toThrow(refused);
  });
});
