// Releases everything without touching the world: a copy of the repository, a registry on this machine, `changeset
// version`, `changeset publish`, an installation in an empty folder; then one package alone. Run it before the first
// release and after a change to the packaging: `pnpm release:rehearse`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRegistry } from './loopback-registry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'actor-release-'));
const copy = join(folder, 'repository');
const say = (text) => console.log(`\n== ${text}`);

/** Runs a command and returns what it printed; a failure shows it all. */
function run(cwd, env, command, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${output}`)),
    );
  });
}

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo', '.cache']);
cpSync(root, copy, {
  recursive: true,
  filter: (from) =>
    !relative(root, from)
      .split(sep)
      .some((part) => skipped.has(part)),
});
const manifests = () =>
  readdirSync(join(copy, 'packages')).map((short) =>
    JSON.parse(readFileSync(join(copy, 'packages', short, 'package.json'), 'utf8')),
  );

const registry = await startRegistry();
const path = join(copy, 'node_modules', '.bin') + delimiter + process.env.PATH;
const ordinary = { ...process.env, CI: 'true', PATH: path };
// A user configuration of its own: no credential and no registry of the person who runs this can be reached.
const npmrc = join(folder, '.npmrc');
writeFileSync(npmrc, `registry=${registry.url}\n${registry.url.replace('http:', '')}:_authToken=rehearsal\n`);
const publishing = {
  ...ordinary,
  npm_config_userconfig: npmrc,
  npm_config_registry: registry.url,
  NPM_CONFIG_PROVENANCE: 'false',
  GIT_AUTHOR_NAME: 'rehearsal',
  GIT_AUTHOR_EMAIL: 'rehearsal@invalid',
  GIT_COMMITTER_NAME: 'rehearsal',
  GIT_COMMITTER_EMAIL: 'rehearsal@invalid',
};
const git = (...args) => run(copy, publishing, 'git', ...args);
const commit = async (text) => {
  await git('add', '-A');
  await git('commit', '-qm', text);
};

async function release() {
  await run(copy, publishing, 'changeset', 'version');
  await commit('version');
  await run(copy, ordinary, 'node', 'tools/clean.mjs');
  await run(copy, ordinary, 'tsc', '-b');
  const before = registry.versions();
  await run(copy, publishing, 'changeset', 'publish');
  return registry.versions().filter((version) => !before.includes(version));
}

/** Installs from the loopback registry what the scope has there; everything else comes from the usual one. */
async function install(name, ...wanted) {
  const user = join(folder, name);
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(user, '.npmrc'), `@actor:registry=${registry.url}\n`);
  await run(user, ordinary, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted);
  const script = wanted
    .map(
      (one) =>
        `await import('${one.startsWith('@actor/') && one.lastIndexOf('@') > 0 ? nameOf(one) : one}');`,
    )
    .join('\n');
  writeFileSync(join(user, 'program.mjs'), `${script}\nconsole.log('imported');\n`);
  assert.match(await run(user, ordinary, process.execPath, 'program.mjs'), /imported/);
}

/** `@actor/core@0.1.0` → `@actor/core` */
const nameOf = (published) => published.slice(0, published.lastIndexOf('@'));
const note = (name, text) => writeFileSync(join(copy, '.changeset', `${basename(name)}-rehearsal.md`), text);

try {
  say('a copy of the repository');
  const pnpm = [
    join(root, 'node_modules', '.bin', 'pnpm'),
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
  ];
  await run(copy, ordinary, ...pnpm);
  await git('init', '-q', '-b', 'main');
  await commit('start');

  say('every package');
  const names = manifests().map(({ name }) => name);
  note('all', `---\n${names.map((name) => `'${name}': minor`).join('\n')}\n---\n\nRehearsal.\n`);
  const first = await release();
  console.log(first.join('\n'));
  assert.deepEqual(new Set(first.map(nameOf)), new Set(names));
  await run(copy, ordinary, ...pnpm);
  await install('everything', ...names);

  say('one package alone');
  note('one', "---\n'@actor/testkit': patch\n---\n\nRehearsal.\n");
  const second = await release();
  console.log(second.join('\n'));
  assert.deepEqual(second.map(nameOf), ['@actor/testkit']);
  await install('one', second[0]);

  const tags = (await git('tag')).trim().split('\n');
  assert.deepEqual(new Set(tags), new Set([...first, ...second]));
  say(`${first.length + second.length} versions published, tagged and installed; nothing left this machine`);
} finally {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
}
