import { expect, test } from 'vitest';
import { type Fault, type FaultSchedule, shrinkSchedule } from '../src/index.ts';

const crash = (atMs: number): Fault => ({ kind: 'crash', atMs, forMs: 1, node: 'a' });
const schedule = { faults: Array.from({ length: 23 }, (_, index) => crash(index)) };

test('what is left of a failing schedule still fails, and not without any one of its faults', async () => {
  let runs = 0;
  const fails = async ({ faults }: FaultSchedule): Promise<boolean> => {
    runs += 1;
    const times = faults.map(({ atMs }) => atMs);
    return [3, 4, 17].every((atMs) => times.includes(atMs));
  };
  const { faults } = await shrinkSchedule(schedule, fails);
  expect(faults.map(({ atMs }) => atMs)).toEqual([3, 4, 17]);
  expect(runs).toBeLessThan(100);
});

test('nothing is left of a schedule that fails without any fault', async () => {
  expect(await shrinkSchedule(schedule, async () => true)).toEqual({ faults: [] });
});
