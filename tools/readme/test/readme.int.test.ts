// The examples of every README and of every `@example` comment, as a reader would try them: against the built packages.
// A block ```ts is a whole program, which compiles, runs and ends by itself; ```ts check only compiles. A first line
// `// cart.ts` names the file, so that a later block of the same page can import it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packages, read, root, sources, written } from '../../workspace.ts';

interface Example {
  /** Where a reader finds it: `README.md:18`. */
  readonly place: string;
  /** The module to write, below the scratch folder and without extension. */
  readonly module: string;
  readonly code: string;
  readonly runs: boolean;
}

const scratch = join(root, 'tools/readme/.cache');

/** The blocks of a page. Each is padded so that the compiler's line numbers are the page's. */
function examples(path: string, page: string): readonly Example[] {
  return [...page.matchAll(/^```ts( check)?\n([\s\S]*?)^```$/gm)].map(([, mark, code = ''], index) => {
    const line = page.slice(0, page.indexOf(code)).split('\n').length;
    const name = /^\/\/ ([\w-]+)\.ts\b/.exec(code)?.[1] ?? `block-${index + 1}`;
    return {
      place: `${path}:${line}`,
      module: `${path
        .replace(/\.\w+$/, '')
        .replaceAll('/', '-')
        .toLowerCase()}/${name}`,
      code: `${'\n'.repeat(line - 1)}${code}\nexport {};\n`,
      runs: mark === undefined,
    };
  });
}

/** A source file as if its `@example` comments were the page; everything else is blank, and lines keep their numbers. */
function commentsOf(path: string): string {
  let isExample = false;
  return read(path)
    .split('\n')
    .map((line) => {
      const text = /^\s*\* ?(?!\/)(.*)$/.exec(line)?.[1];
      if (text === undefined || text.startsWith('@')) isExample = text?.startsWith('@example') ?? false;
      return isExample && text !== undefined && !text.startsWith('@')
        ? text.replace(/^```ts\b.*/, '```ts check')
        : '';
    })
    .join('\n');
}

const pages = written().filter((path) => path.endsWith('.md'));
const all = [
  ...pages.flatMap((path) => examples(path, read(path))),
  ...sources.flatMap((path) => examples(path, commentsOf(path))),
];
const programs = all.filter(({ runs }) => runs).map((example) => [example.place, example] as const);

const tsc = (...args: readonly string[]): string =>
  spawnSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root, encoding: 'utf8' }).stdout;

describe('the examples', () => {
  let complaints = '';
  beforeAll(() => {
    rmSync(scratch, { recursive: true, force: true });
    for (const { module, code } of all) {
      mkdirSync(dirname(join(scratch, 'src', module)), { recursive: true });
      writeFileSync(join(scratch, 'src', `${module}.ts`), code);
    }
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../../tsconfig.base.json',
        compilerOptions: {
          composite: false,
          isolatedDeclarations: false,
          declarationMap: false,
          customConditions: [],
        },
      }),
    );
    complaints = tsc('-b', ...packages.map(({ path }) => path)) || tsc('-p', scratch);
  }, 120_000);

  test('are there, on the front page and in each package', () => {
    const withOne = new Set(all.map(({ place }) => place.split(':')[0]));
    for (const path of ['README.md', ...packages.map(({ path }) => `${path}/README.md`)])
      expect(withOne).toContain(path);
  });

  test('compile', () => {
    expect(complaints).toBe('');
  });

  test.each(programs)('%s runs and ends', (_, { module }) => {
    const { status, signal, stderr } = spawnSync(process.execPath, [join(scratch, 'dist', `${module}.js`)], {
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, CLUSTER_SECRET: 'a secret that only this test uses' },
    });
    expect(signal ?? status, stderr).toBe(0);
  });
});
