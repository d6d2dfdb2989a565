import { describe, expect, test } from 'vitest';
import { faultKinds, planFaults } from '../src/index.ts';

const nodes = ['a', 'b', 'c'];
const plan = { seed: 1, nodes, fromMs: 2_000, untilMs: 14_000 };
const seeds = Array.from({ length: 200 }, (_, index) => index);

describe('a plan of faults', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(planFaults(plan)).toEqual(planFaults({ ...plan }));
    expect(planFaults(plan)).not.toEqual(planFaults({ ...plan, seed: 2 }));
  });

  test('survives JSON', () => {
    for (const seed of seeds) {
      const schedule = planFaults({ ...plan, seed });
      expect(JSON.parse(JSON.stringify(schedule))).toEqual(schedule);
    }
  });

  test('is in order of time, begins after the cluster has formed and is over in time to heal', () => {
    for (const seed of seeds) {
      const { faults } = planFaults({ ...plan, seed });
      expect(faults).toEqual(faults.toSorted((a, b) => a.atMs - b.atMs));
      for (const { atMs, forMs } of faults) {
        expect(atMs).toBeGreaterThanOrEqual(plan.fromMs);
        expect(atMs + forMs).toBeLessThanOrEqual(plan.untilMs);
      }
    }
  });

  test('leaves some kinds out with each seed, and none with all', () => {
    const drawn = seeds.map((seed) => new Set(planFaults({ ...plan, seed }).faults.map(({ kind }) => kind)));
    for (const kinds of drawn) expect(kinds.size).toBeLessThan(faultKinds.length);
    expect(new Set(drawn.flatMap((kinds) => [...kinds]))).toEqual(new Set(faultKinds));
  });

  test('has only the kinds that are asked for, and these as with all of them', () => {
    for (const seed of seeds) {
      const all = planFaults({ ...plan, seed }).faults;
      const some = planFaults({ ...plan, seed, kinds: ['crash', 'partition'] }).faults;
      expect(some).toEqual(all.filter(({ kind }) => kind === 'crash' || kind === 'partition'));
    }
  });

  test('puts each node on one side of a partition', () => {
    for (const seed of seeds) {
      for (const fault of planFaults({ ...plan, seed, kinds: ['partition', 'flapping'] }).faults) {
        if ('groups' in fault) expect(fault.groups.flat().toSorted()).toEqual(nodes);
      }
    }
  });
});
