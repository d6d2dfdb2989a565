import { logStorageSuite, Simulation, virtualTime } from '@actor/core/testkit';
import { describe, test } from 'vitest';

import { memoryStorage } from '../src/index.ts';
import { Machine } from './machine.ts';

describe('log storage conformance, memory', () => {
  const suite = logStorageSuite(() =>
    Promise.resolve({
      ...virtualTime(new Simulation()),
      make: () => memoryStorage(),
      close: () => Promise.resolve(),
    }),
  );
  const cases = suite.filter(({ requires }) => requires === undefined);
  for (const c of cases) test(c.name, () => c.run());
});

describe('log storage conformance, files on a simulated disk', () => {
  for (const c of logStorageSuite(() => Promise.resolve(new Machine().fixture())))
    test(c.name, () => c.run());
});
