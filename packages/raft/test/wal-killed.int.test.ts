// A process of its own that is killed while it appends, on the real disk: what it said was durable is there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { silentLogger, systemFiles, systemRuntime } from '@actor/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileStorage } from '../src/index.ts';

const writer = `
  import { silentLogger, systemFiles, systemRuntime } from '@actor/core';
  import { fileStorage } from '@actor/raft';
  const context = { runtime: systemRuntime(), files: systemFiles(), logger: silentLogger, clusterName: 'test' };
  const log = fileStorage({ dir: process.env.DIR, segmentBytes: 65536 })(context);
  await log.start();
  for (let index = log.state(1).last.index + 1; ; index += 1) {
    const entry = { index, term: 1, kind: 0, data: Buffer.from(String(index).repeat(20)) };
    await log.append([{ group: 1, entries: [entry] }]);
    process.stdout.write(index + '\\n');
  }
`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'actor-log-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Lets the writer append, kills it, and returns the last index that it acknowledged. */
async function killWhileItWrites(appends: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, DIR: root },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let acknowledged = 0;
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    count += 1;
    if (count === appends) child.kill('SIGKILL');
  }
  await exit;
  return acknowledged;
}

describe('a log whose process is killed', () => {
  test('has all that was acknowledged, in each of several lives, and its lock is free', async () => {
    const context = {
      ...{ runtime: systemRuntime(), files: systemFiles(), logger: silentLogger, clusterName: 'test' },
    };
    for (let life = 1; life <= 5; life += 1) {
      const acknowledged = await killWhileItWrites(100 * life);
      expect(acknowledged).toBeGreaterThanOrEqual(100 * life);
      const log = fileStorage({ dir: root, segmentBytes: 65_536 })(context);
      await log.start();
      expect(log.damage()).toEqual([]);
      const { last } = log.state(1);
      expect(last.index).toBeGreaterThanOrEqual(acknowledged);
      const entries = await log.read(1, 1, last.index, 10_000_000);
      for (const { index, data } of entries)
        expect(Buffer.from(data).toString()).toBe(String(index).repeat(20));
      expect(entries).toHaveLength(last.index);
      await log.stop();
    }
  });
});
