import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEtcd } from './etcd.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or newer is needed; this is ${process.version}.`);
  process.exit(1);
}
const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: bin + delimiter + process.env.PATH, TURBO_TELEMETRY_DISABLED: '1' };

function run(command, args) {
  const { status, signal } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (signal) process.exit(130);
  if (status !== 0) process.exit(status ?? 1);
}
const pnpm = (...args) =>
  existsSync(join(bin, 'pnpm')) ? run('pnpm', args) : run('npx', ['--yes', pinned, ...args]);

pnpm('install', '--frozen-lockfile', '--reporter=append-only');
if (process.argv[2] === 'test') {
  const { bin: etcd, why } = findEtcd(root);
  if (etcd) env.ETCD_BIN = etcd;
  else if (process.env.REQUIRE_ETCD) {
    console.error(`No etcd server: ${why}.`);
    process.exit(1);
  } else console.warn(`\n  !! etcd tests will be SKIPPED: ${why}.\n`);
}
const tasks = {
  demo: [
    ['tsc', ['-b', 'examples/counter']],
    [process.execPath, ['examples/counter/dist/main.js']],
  ],
  test: [
    ['tsc', ['-b']],
    ['vitest', ['run']],
  ],
};
for (const [command, args] of tasks[process.argv[2]]) run(command, args);
