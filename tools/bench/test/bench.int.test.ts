// The benchmark from end to end, as `pnpm bench --quick` runs it. It is about running, never about how fast.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));

function run(command: string, ...args: readonly string[]): string {
  const { stderr, stdout, status } = spawnSync(command, args, { cwd: here, encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
  return stdout;
}

/** The first table's rows, as cells by the column's title. */
function rowsOf(printed: string): readonly Readonly<Record<string, string>>[] {
  const table = printed.split('\n\n').find((block) => block.includes('| ours ÷ floor (goal) |'));
  const [head = [], , ...rows] = (table ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.map((row) => Object.fromEntries(row.map((cell, at) => [head[at], cell])));
}

const bench = (...args: readonly string[]): string => {
  run('../../node_modules/.bin/tsc', '-b');
  const printed = run(process.execPath, 'dist/main.js', ...args, '--quick', '--rounds', '1');
  expect(printed).not.toContain('Failed rounds');
  return printed;
};
const timeoutMs = 240_000;

test.each([
  ['local', 10],
  ['remote', 8],
])(
  'the %s section has %i figures of ours and of the floor',
  (section, figures) => {
    const rows = rowsOf(bench(section, '--column', 'ours', '--column', 'floor'));
    expect(rows).toHaveLength(figures);
    for (const row of rows) for (const name of ['ours', 'floor']) expect(row[name]).toMatch(/\d/);
  },
  timeoutMs,
);

test.each([
  ['local', 'pingPong', ['nact', 'comedy']],
  ['remote', 'askHundred', ['comedy', 'moleculer']],
])(
  'the %s section compares with the peers, and says whether the goal is met',
  (section, workload, peers) => {
    const [row = {}] = rowsOf(bench(section, '--only', workload));
    for (const name of ['ours', ...peers]) expect(row[name]).toMatch(/\d/);
    expect(row['met']).toMatch(/^(yes|no: )/);
  },
  timeoutMs,
);
