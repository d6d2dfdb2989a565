// Breaks every house rule on purpose, in a scratch copy of the workspace, and sees the linter refuse it.
// A rule that nobody has seen fire is a comment.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Breach {
  readonly why: string;
  readonly file: string;
  readonly code: string;
  readonly rule: string;
}

const breach = (why: string, folder: string, code: string, rule: string): Breach => ({
  why,
  file: join(
    folder,
    `${why
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')}.ts`,
  ),
  code,
  rule,
});

const cluster = 'packages/cluster/src';
const core = 'packages/core/src';
const plugin = 'packages/transport-x/src';
const seam = (why: string, code: string, rule: string): Breach => breach(why, cluster, code, rule);
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';
const imports = 'eslint(no-restricted-imports)';
const nodeModules = 'import(no-nodejs-modules)';

const breaches: readonly Breach[] = [
  seam('Date.now', 'export const a = Date.now();', globals),
  seam('new Date', 'export const a = new Date();', globals),
  seam('performance', 'export const a = performance.now();', globals),
  seam('process.hrtime', 'export const a = process.hrtime();', globals),
  seam('process.nextTick', 'process.nextTick(() => {});', globals),
  seam('setTimeout', 'setTimeout(() => {}, 1);', globals),
  seam('setInterval', 'setInterval(() => {}, 1);', globals),
  seam('setImmediate', 'setImmediate(() => {});', globals),
  seam('globalThis.setTimeout', 'globalThis.setTimeout(() => {}, 1);', globals),
  seam('global.setImmediate', 'global.setImmediate(() => {});', globals),
  seam('queueMicrotask', 'queueMicrotask(() => {});', globals),
  seam(
    'timers promises',
    "import { setTimeout as sleep } from 'node:timers/promises';\nsleep(1);",
    nodeModules,
  ),
  seam('timers', "import { setTimeout as later } from 'node:timers';\nlater(() => {}, 1);", nodeModules),
  seam('bare timers', "import { setTimeout as later } from 'timers';\nlater(() => {}, 1);", nodeModules),
  seam('AbortSignal.timeout', 'export const a = AbortSignal.timeout(5);', properties),
  seam('Math.random', 'export const a = Math.random();', properties),
  seam('web crypto', 'export const a = crypto.getRandomValues(new Uint8Array(1));', globals),
  seam(
    'crypto randomBytes',
    "import { randomBytes } from 'node:crypto';\nexport const a = randomBytes(1);",
    imports,
  ),
  seam(
    'crypto randomUUID',
    "import { randomUUID } from 'node:crypto';\nexport const a = randomUUID();",
    imports,
  ),
  seam('crypto by namespace', "import * as c from 'node:crypto';\nexport const a = c.randomInt(2);", imports),
  seam('crypto by default', "import c from 'node:crypto';\nexport const a = c.randomInt(2);", imports),
  seam(
    'crypto without prefix',
    "import { randomBytes } from 'crypto';\nexport const a = randomBytes(1);",
    nodeModules,
  ),
  seam('asynchronous crypto', "import { hkdf } from 'node:crypto';\nexport const a = hkdf;", imports),
  seam('asynchronous zlib', "import { gzip } from 'node:zlib';\nexport const a = gzip;", imports),
  seam(
    'monitorEventLoopDelay',
    "import { monitorEventLoopDelay } from 'node:perf_hooks';\nmonitorEventLoopDelay();",
    nodeModules,
  ),
  seam(
    'AsyncLocalStorage',
    "import { AsyncLocalStorage } from 'node:async_hooks';\nexport const a = new AsyncLocalStorage();",
    nodeModules,
  ),
  seam('files', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;", nodeModules),
  seam(
    'datagrams',
    "import { createSocket } from 'node:dgram';\nexport const a = createSocket;",
    nodeModules,
  ),
  seam('WeakRef', 'export const a = new WeakRef({});', globals),
  seam('FinalizationRegistry', 'export const a = new FinalizationRegistry(() => {});', globals),
  seam(
    'socket.setTimeout',
    "import { connect } from 'node:net';\nconst s = connect(1);\ns.setTimeout(5);",
    properties,
  ),
  seam(
    'getBuiltinModule',
    "declare const p: { getBuiltinModule(n: string): unknown };\nexport const a = p.getBuiltinModule('fs');",
    properties,
  ),
  breach('core keeps the seam too', core, 'export const a = Date.now();', globals),
  breach(
    'the testkit of core keeps the seam too',
    `${core}/testkit`,
    'export const a = Date.now();',
    globals,
  ),
  breach('a plugin keeps the seam too', plugin, 'export const a = Math.random();', properties),

  breach(
    'a plugin imports the cluster',
    plugin,
    "import { a } from '@actor/cluster';\nexport const b = a;",
    imports,
  ),
  breach(
    'a plugin imports a plugin',
    plugin,
    "import { a } from '@actor/transport-memory';\nexport const b = a;",
    imports,
  ),
  breach(
    'a plugin imports a type of a plugin',
    plugin,
    "import type { A } from '@actor/raft';\nexport type B = A;",
    imports,
  ),
  breach('a plugin re-exports a plugin', plugin, "export { a } from '@actor/raft';", imports),
  breach(
    'a plugin imports the conformance suites',
    plugin,
    "import { a } from '@actor/core/testkit';\nexport const b = a;",
    imports,
  ),
  breach(
    'the cluster names a plugin',
    cluster,
    "import { tcp } from '@actor/transport-tcp';\nexport const a = tcp;",
    imports,
  ),
  breach(
    'the cluster imports the conformance suites',
    cluster,
    "import { a } from '@actor/core/testkit';\nexport const b = a;",
    imports,
  ),
  breach(
    'the cluster imports a third library',
    cluster,
    "import a from 'lodash';\nexport const b = a;",
    imports,
  ),
  breach(
    'core imports the cluster',
    core,
    "import { a } from '@actor/cluster';\nexport const b = a;",
    imports,
  ),
  breach('a plugin reaches into a plugin', plugin, "export * from '../../raft/src/index.ts';", imports),
  breach('the cluster reaches into a plugin', cluster, "export * from '../../raft/src/index.ts';", imports),
  breach('core imports its testkit', core, "export * from './testkit/index.ts';", imports),
  breach(
    'core imports its testkit from below',
    `${core}/plugin`,
    "export * from '../testkit/x.ts';",
    imports,
  ),
  breach('core imports a library', core, "import { pack } from 'msgpackr';\nexport const b = pack;", imports),
  breach('core imports Node', core, "import { isIP } from 'node:net';\nexport const a = isIP;", nodeModules),
  breach(
    'the testkit names a plugin',
    'packages/testkit/src',
    "import { tcp } from '@actor/transport-tcp';\nexport const a = tcp;",
    imports,
  ),
  breach(
    'a pure core is asynchronous',
    'packages/raft/src/core',
    'export async function f() {\n  await g();\n}\ndeclare function g(): Promise<void>;',
    'oxc(no-async-await)',
  ),
  breach(
    'a pure core imports Node',
    'packages/gossip/src/core',
    "import { isIP } from 'node:net';\nexport const a = isIP;",
    nodeModules,
  ),

  breach('any', plugin, 'export const a = (b: any): unknown => b;', 'typescript(no-explicit-any)'),
  breach('ts-ignore', plugin, '// @ts-ignore because\nexport const a = 1;', 'typescript(ban-ts-comment)'),
  breach(
    'ts-expect-error in a source',
    plugin,
    '// @ts-expect-error because\nexport const a: string = 1;',
    'typescript(ban-ts-comment)',
  ),
  breach('a default export', plugin, 'export default 1;', 'import(no-default-export)'),
  breach('console', plugin, "console.log('x');", 'eslint(no-console)'),
  breach('a mutable export', plugin, 'export let a = 1;\na = 2;', 'import(no-mutable-exports)'),
  breach('a file of 501 lines', plugin, 'export {};\n' + 'void 0;\n'.repeat(500), 'eslint(max-lines)'),
  breach(
    'a function of 71 lines',
    plugin,
    `export function f(): void {\n${'void 0;\n'.repeat(69)}}`,
    'eslint(max-lines-per-function)',
  ),
  {
    why: 'a name that is not kebab case',
    file: `${plugin}/CamelCase.ts`,
    code: 'export {};',
    rule: 'unicorn(filename-case)',
  },
  breach(
    'a floating promise',
    plugin,
    'declare function f(): Promise<void>;\nf();',
    'typescript(no-floating-promises)',
  ),
  breach(
    'a promise where nothing waits for it',
    plugin,
    'declare function f(g: () => void): void;\nf(async () => {});',
    'typescript(no-misused-promises)',
  ),
  breach(
    'a thrown string',
    plugin,
    "export const f = (): never => {\n  throw 'x';\n};",
    'typescript(only-throw-error)',
  ),
  breach(
    'a switch that forgets a kind',
    plugin,
    "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      break;\n  }\n}",
    'typescript(switch-exhaustiveness-check)',
  ),
  breach(
    'an any out of a parser',
    plugin,
    "export const a: { b: number } = JSON.parse('{}');",
    'typescript(no-unsafe-assignment)',
  ),
  breach(
    'a useless disable comment',
    plugin,
    '// oxlint-disable-next-line no-console\nexport const a = 1;',
    'unused-directive',
  ),

  {
    why: 'a sleep in a unit test',
    file: 'packages/transport-x/test/sleep.test.ts',
    code: 'setTimeout(() => {}, 1);',
    rule: globals,
  },
  {
    why: 'a socket in a unit test',
    file: 'packages/transport-x/test/socket.test.ts',
    code: "import { connect } from 'node:net';\nconnect(1);",
    rule: imports,
  },
  {
    why: 'a focused test',
    file: 'packages/transport-x/test/focus.test.ts',
    code: "import { test } from 'vitest';\ntest.only('x', () => {});",
    rule: 'vitest(no-focused-tests)',
  },
];

/** What must go on being allowed, or the rules above are only noise. */
const allowed: readonly (readonly [file: string, code: string])[] = [
  [
    `${core}/system-runtime.ts`,
    "import { performance } from 'node:perf_hooks';\nexport const now = (): number => performance.now() + Date.now();\nsetTimeout(() => {}, 1);",
  ],
  [
    `${core}/testkit/assertions.ts`,
    "import assert from 'node:assert/strict';\nexport const f = (a: unknown): void => assert.ok(a);",
  ],
  [
    `${cluster}/msgpack.ts`,
    "import { pack } from 'msgpackr';\nimport { pino } from 'pino';\nimport { a } from '@actor/core';\nimport { b } from './b.ts';\nimport { c } from '../c.ts';\nexport const x = [pack, pino, a, b, c];",
  ],
  [
    `${plugin}/socket.ts`,
    "import { connect } from 'node:net';\nimport { createHash, hkdfSync } from 'node:crypto';\nimport type { KeyObject } from 'node:crypto';\nimport { a } from '@actor/core';\nimport third from 'third-party';\nexport const x: readonly unknown[] = [connect, createHash, hkdfSync, a, third];\nexport type K = KeyObject;",
  ],
  [
    'packages/transport-x/test/real.int.test.ts',
    "import { connect } from 'node:net';\nsetTimeout(() => connect(1), 1);",
  ],
  [
    'packages/transport-x/test/types.test.ts',
    '// @ts-expect-error a string is no number\nexport const a: number = String(1);',
  ],
];

interface Diagnostic {
  readonly code?: string;
  readonly message: string;
  readonly filename: string;
}

describe('the linter', () => {
  let folder = '';
  let diagnostics: readonly Diagnostic[] = [];
  const write = (file: string, code: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${code}\n`);
  };
  const of = (file: string): readonly string[] =>
    diagnostics
      .filter((d) => d.filename === file)
      .map((d) => d.code ?? (/unused/i.test(d.message) ? 'unused-directive' : d.message));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'actor-lint-'));
    copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: 'nodenext',
          target: 'es2023',
          types: ['node'],
          allowImportingTsExtensions: true,
        },
        include: ['packages'],
      }),
    );
    for (const { file, code } of breaches) write(file, code);
    for (const [file, code] of allowed) write(file, code);
    write(
      `${plugin}/left.ts`,
      "import { right } from './right.ts';\nexport const left = (): unknown => right;",
    );
    write(
      `${plugin}/right.ts`,
      "import { left } from './left.ts';\nexport const right = (): unknown => left;",
    );
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/oxlint'),
      ['--type-aware', '--format', 'json'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 },
    );
    diagnostics = (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(breaches.map((b) => [b.why, b] as const))('refuses: %s', (_, { file, rule }) => {
    expect(of(file)).toContain(rule);
  });
  test('refuses: an import cycle', () => {
    expect(of(`${plugin}/left.ts`)).toContain('import(no-cycle)');
  });
  test.each(allowed)('allows %s', (file) => {
    expect(of(file)).toEqual([]);
  });
  test('is the one that the repository runs', () => {
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toContain('oxlint --type-aware --deny-warnings');
  });
});
