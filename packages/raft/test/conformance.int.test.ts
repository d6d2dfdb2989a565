import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentLogger, systemFiles, systemRuntime } from '@actor/core';
import { logStorageSuite, realTime, type LogStorageFixture } from '@actor/core/testkit';
import { describe, test } from 'vitest';

import { fileStorage } from '../src/index.ts';

async function fixture(): Promise<LogStorageFixture> {
  const root = await mkdtemp(join(tmpdir(), 'actor-log-'));
  const runtime = systemRuntime();
  const context = { runtime, files: systemFiles(), logger: silentLogger, clusterName: 'test' };
  return {
    ...realTime(runtime),
    make: () => fileStorage({ dir: `${root}/data/log`, segmentBytes: 65_536 })(context),
    close: () => rm(root, { recursive: true }),
  };
}

// A process of its own is killed by the example that keeps values; here the files are real and the ends orderly.
describe('log storage conformance, files on the real disk', () => {
  const cases = logStorageSuite(fixture).filter(
    ({ requires }) => requires === undefined || requires === 'durable',
  );
  for (const c of cases) test(c.name, () => c.run());
});
