import { silentLogger } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { expect, test } from 'vitest';
import { RefusalLog } from '../src/refusal-log.ts';

test('a reason is logged at once, then once per interval with the number left out', async () => {
  const simulation = new Simulation();
  const warned: object[] = [];
  const counted: unknown[] = [];
  const log = new RefusalLog(
    { ...silentLogger, warn: (fields: object | string) => void warned.push(fields as object) },
    simulation.runtime('a'),
    { add: (_, labels) => void counted.push(labels?.['reason']) },
  );
  for (let times = 0; times < 100; times += 1) log.warn('malformed', { from: 'x' });
  log.warn('version', { from: 'x' });
  await simulation.advance(10_001);
  log.warn('malformed', { from: 'y' });
  expect(warned).toEqual([
    { reason: 'malformed', suppressed: 0, from: 'x' },
    { reason: 'version', suppressed: 0, from: 'x' },
    { reason: 'malformed', suppressed: 99, from: 'y' },
  ]);
  expect(counted).toHaveLength(102);
});
