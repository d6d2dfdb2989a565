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

test.each([
  ['local', 10],
  ['remote', 8],
])(
  'the %s section has %i figures of ours and of the floor, and no failed round',
  (section, figures) => {
    run('../../node_modules/.bin/tsc', '-b');
    const printed = run(process.execPath, 'dist/main.js', section, '--quick', '--rounds', '1');
    expect(printed).not.toContain('Failed rounds');
    const rows = rowsOf(printed);
    expect(rows).toHaveLength(figures);
    for (const row of rows) for (const name of ['ours', 'floor']) expect(row[name]).toMatch(/\d/);
  },
  240_000,
);
