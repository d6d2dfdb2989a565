import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the quickstart joins three nodes, talks between them and ends', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const output = execFileSync(process.execPath, [main], { encoding: 'utf8', timeout: 30_000 });
  expect(output.split('\n')).toEqual([
    'members: node-1, node-2, node-3',
    'total: 3',
    'countdown: 3 2 1',
    'stopped',
    '',
  ]);
});
