// What a user gets: every package packed, installed with npm in an empty folder, type-checked and run there. The
// workspace's own resolution hides mistakes in `files`, `exports` and dependencies; this does not.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packages, root, written, type Manifest } from './workspace.ts';

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 200_000,
  });
  if (error !== undefined || status !== 0)
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error });
  return stdout;
}
const tool = (name: string): string => join(root, 'node_modules/.bin', name);

/** One process, two nodes, one ask: enough to see that the packages find each other and that bytes travel. */
const program = `
import { actor, ask, protocol } from '@actor/core';
import { ClusterManager } from '@actor/cluster';
import { staticDiscovery } from '@actor/discovery-static';
import { tcp } from '@actor/transport-tcp';

const Greeter = protocol('greeter', { greet: ask<string, string>() });
const greeter = actor(Greeter, { state: () => ({}), on: { greet: (_ctx, name) => \`Hello, \${name}\` } });
const secret = 'a secret that only this test uses';
const a = new ClusterManager({ clusterName: 'packed', nodeName: 'a', host: '127.0.0.1', port: 0, transport: tcp({ secret }), discovery: staticDiscovery([]) });
await a.start();
a.registerActor(greeter, { name: 'greeter' });
const b = new ClusterManager({ clusterName: 'packed', nodeName: 'b', host: '127.0.0.1', port: 0, transport: tcp({ secret }), discovery: staticDiscovery([String(a.address)]) });
await b.start();
const greeting: string = await b.ref(Greeter, \`\${String(a.address)}/greeter\`).ask.greet('b');
console.log(greeting);
await b.stop();
await a.stop();
`;
/** A user without ECMAScript modules gets the same classes. */
const required = `
const { ActorSystem } = require('@actor/core');
const { ClusterManager } = require('@actor/cluster');
console.log(typeof ActorSystem, typeof ClusterManager);
`;

describe('the packed packages', () => {
  let folder = '';
  const unpacked = (short: string): string => join(folder, 'node_modules/@actor', short);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'actor-packed-'));
    run(root, tool('tsc'), '-b');
    const tarballs = packages.map(({ path }) => {
      const to = join(folder, 'tarballs', path);
      mkdirSync(to, { recursive: true });
      run(join(root, path), tool('pnpm'), 'pack', '--pack-destination', to);
      return join(to, readdirSync(to)[0] ?? '');
    });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'a-user', private: true, type: 'module' }),
    );
    run(
      folder,
      'npm',
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      ...tarballs,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(packages.map(({ short, path }) => [short, path]))(
    '%s ships each source with what was made of it, and nothing else',
    (short, path) => {
      const modules = written(`${path}/src`).map((file) =>
        file.slice(`${path}/src/`.length).replace(/\.ts$/, ''),
      );
      const list = (sub: string): readonly string[] =>
        readdirSync(join(unpacked(short), sub), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(join(unpacked(short), sub).length + 1))
          .toSorted();
      expect(list('src')).toEqual(modules.map((name) => `${name}.ts`).toSorted());
      expect(list('dist'), 'the compiler never deletes: run "pnpm clean" and build again').toEqual(
        modules
          .flatMap((name) => ['.d.ts', '.d.ts.map', '.js', '.js.map'].map((end) => name + end))
          .toSorted(),
      );
      expect(readdirSync(unpacked(short)).toSorted()).toEqual([
        'LICENSE',
        'README.md',
        'dist',
        'package.json',
        'src',
      ]);
    },
  );

  test.each(packages.map(({ short }) => [short]))(
    '%s has a manifest without the workspace in it',
    (short) => {
      const text = readFileSync(join(unpacked(short), 'package.json'), 'utf8');
      expect(text).not.toContain('workspace:');
      expect(text).not.toContain('@actor/source');
      expect(JSON.stringify((JSON.parse(text) as Manifest).exports)).not.toContain('/src/');
    },
  );

  test('type-check in a strict program that checks declarations too', () => {
    writeFileSync(join(folder, 'program.ts'), program);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable'],
          module: 'nodenext',
          outDir: 'out',
          types: ['node'],
          typeRoots: [join(root, 'node_modules/@types')],
        },
        files: ['program.ts'],
      }),
    );
    expect(run(folder, tool('tsc'), '-p', '.')).toBe('');
  });

  test('run', () => {
    // Its nodes log to the same stream.
    expect(run(folder, process.execPath, 'out/program.js')).toMatch(/^Hello, b$/m);
  });

  test('can be required', () => {
    writeFileSync(join(folder, 'required.cjs'), required);
    expect(run(folder, process.execPath, 'required.cjs')).toBe('function function\n');
  });
});
