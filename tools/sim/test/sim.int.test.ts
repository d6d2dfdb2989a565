// The command as a person calls it: in processes of its own, by its exit code and what it prints.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../src/job.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function sim(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const outcomes = (stdout: string): readonly Outcome[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome)
    .toSorted((a, b) => a.seed - b.seed);

describe('pnpm sim cluster', () => {
  const range = ['cluster', '--seeds', '2', '--first-seed', '3', '--nodes', '3'];

  test('passes, says how fast it was, and exits with 0', () => {
    const { status, stdout } = sim(...range);
    expect(stdout).toMatch(/^2 seeds of 3 nodes, 0 failed\. .* seeds\/s, .* virtual seconds per second/m);
    expect(status).toBe(0);
  });

  test('gives each seed the same trace in every process, with one worker and with two', () => {
    const [one, two] = ['1', '2'].map((workers) =>
      outcomes(sim(...range, '--json', '--workers', workers).stdout),
    );
    expect(one).toHaveLength(2);
    expect(two).toEqual(one);
    expect(one?.[0]?.traceHash).not.toBe(one?.[1]?.traceHash);
  });

  test('exits with 1 and prints the seed and the command when a run fails', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sim-'));
    try {
      const file = join(folder, 'schedule.json');
      writeFileSync(
        file,
        JSON.stringify({ faults: [{ kind: 'crash', atMs: 5_000, forMs: 1, node: 'node-9' }] }),
      );
      const { status, stdout } = sim(
        'cluster',
        '--seeds',
        '1',
        '--first-seed',
        '8',
        '--nodes',
        '3',
        '--schedule',
        file,
      );
      expect(stdout).toMatch(/seed 8: .*"node-9", which is no node of this run/);
      expect(stdout).toContain('pnpm sim cluster --seeds 1 --first-seed 8 --nodes 3');
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([[['raft']], [['cluster', '--seeds', 'many']]])('exits with 2 and its usage for %j', (args) => {
    const { status, stderr } = sim(...args);
    expect(stderr).toContain('Usage: pnpm sim cluster');
    expect(status).toBe(2);
  });
});
