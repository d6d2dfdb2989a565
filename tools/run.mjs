// The two commands of the README, on a machine that has Node and npm and nothing else: finds the pinned pnpm, installs
// what the lockfile says, and runs the task with this repository's own tools. Nothing is installed globally.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { banner, findEtcd } from './etcd.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [task = '', ...extra] = process.argv.slice(2);
const tasks = {
  setup: [],
  demo: [
    ['tsc', ['-b', 'examples/counter']],
    [process.execPath, ['examples/counter/dist/main.js', ...extra]],
  ],
  test: [
    ['tsc', ['-b']],
    ['vitest', ['run', ...extra]],
  ],
};
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or newer is needed; this is ${process.version}.`);
  process.exit(1);
}
if (!Object.hasOwn(tasks, task)) {
  console.error(`Usage: node tools/run.mjs ${Object.keys(tasks).join(' | ')}`);
  process.exit(1);
}

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: bin + delimiter + process.env.PATH, TURBO_TELEMETRY_DISABLED: '1' };

function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (signal) process.exit(130);
  if (status !== 0) process.exit(status ?? 1);
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const install = ['install', '--frozen-lockfile', '--reporter=append-only'];
if (existsSync(join(bin, 'pnpm'))) run('pnpm', install);
else run('npx', ['--yes', packageManager, ...install]);
if (task === 'test') {
  const { folder, why } = findEtcd();
  if (folder) env.ETCD_BIN = folder;
  else {
    env.ETCD_MISSING = why;
    console.warn(banner(why));
  }
}
for (const [command, args] of tasks[task]) run(command, args);
