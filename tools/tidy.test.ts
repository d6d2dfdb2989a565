// Style as a test: what neither the compiler nor the linter can see.
import { describe, expect, test } from 'vitest';
import { ActorError, actorErrorCodes } from '../packages/core/src/errors.ts';
import { exists, packages, read, sources, written } from './workspace.ts';

const all = written();
const textual = all.filter((path) => /\.(ts|mjs|js|json|md|ya?ml|txt|sh)$|rc$|\.ci\/run$/.test(path));
const scripts = all.filter((path) => /\.(ts|mjs)$/.test(path));
const tests = scripts.filter((path) => path.includes('.test.'));
const documents = all.filter((path) => path.endsWith('.md'));
// These name what they forbid.
const exempt = ['tools/tidy.test.ts', 'tools/lint.test.ts'];

/** Every line that matches, as `path:line text`: an empty list is a pass, and a failure reads like a compiler's. */
const matches = (paths: readonly string[], pattern: RegExp): readonly string[] =>
  paths
    .filter((path) => !exempt.includes(path))
    .flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
    );

describe('names', () => {
  test('a file is a noun of the field, never a drawer', () => {
    const drawers =
      /(^|\/)(utils?|helpers?|common|types|constants|misc|shared|lib|internal)(\.[a-z.]+)?(\/|$)/;
    expect([...sources, ...tests].filter((path) => drawers.test(path))).toEqual([]);
  });

  test('a test is a claim', () => {
    expect(matches(tests, /\b(test|it)(\.\w+)*\(\s*['"`][^'"`]*\b(should|works)\b/)).toEqual([]);
  });
});

describe('text', () => {
  test('nothing names the machine that it was written on', () => {
    expect(matches(textual, /(^|[^\w.~*-])\/(work|root|home|Users|opt|srv)\/\w/)).toEqual([]);
  });

  test('nothing names a package registry', () => {
    expect(
      matches([...textual, 'pnpm-lock.yaml'], /^\s*(@\w+:)?registry\s*=\s*http|https?:\/\/registry\./),
    ).toEqual([]);
  });

  test('a to-do has an issue', () => {
    expect(matches(scripts, /\b(FIXME|XXX|HACK)\b/)).toEqual([]);
    expect(matches(scripts, /\bTODO\b(?!\(#\d+\): )/)).toEqual([]);
  });

  test('no test is left out or alone', () => {
    expect(
      matches(tests, /\b(test|it|describe)(\.\w+)*\.(only|skip|todo|fails)\b|\b[fx](it|describe)\(/),
    ).toEqual([]);
  });

  test('the compiler is never silenced, the linter only with a reason', () => {
    expect(matches(scripts, /@ts-(ignore|nocheck)\b(?! because)/)).toEqual([]);
    expect(matches(scripts, /(oxlint|eslint)-disable(?!.* -- \w+)/)).toEqual([]);
  });
});

describe('sources', () => {
  test('no module has state of its own', () => {
    expect(matches(sources, /^(export )?(let|var)\b/)).toEqual([]);
    expect(
      matches(
        sources,
        /^(export )?const \w+\b(?!: (readonly|Readonly))[^=]*= (new (Map|Set|WeakMap|WeakSet)(<[^(]*>)?\(\)|\[\]|\{\});$/,
      ),
    ).toEqual([]);
  });

  test('a relative import names its file', () => {
    expect(matches(sources, /\b(from|import)\s*\(?'\.[^']*(?<!\.ts)'/)).toEqual([]);
  });

  test('an index exports and does nothing else', () => {
    for (const path of sources.filter((path) => path.endsWith('/index.ts'))) {
      const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      expect(
        code.replace(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})(\s+from\s+'[^']+')?;/g, '').trim(),
        path,
      ).toBe('');
    }
  });

  test('a file opens with what it is', () => {
    const silent = sources.filter(
      (path) => !path.endsWith('/index.ts') && !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)),
    );
    expect(silent).toEqual([]);
  });
});

describe('documents', () => {
  test('a link inside the repository leads somewhere', () => {
    const broken = documents.flatMap((path) => {
      const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
      return [...read(path).matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g)]
        .map(([, target = '']) => new URL(target, `file:///${folder}`).pathname.slice(1))
        .filter((target) => !exists(target))
        .map((target) => `${path} → ${target}`);
    });
    expect(broken).toEqual([]);
  });

  test('the root README names every package', () => {
    for (const { manifest } of packages) expect(read('README.md')).toContain(manifest.name);
  });
});

describe('error codes', () => {
  const rows = read('docs/errors.md')
    .split('\n')
    .filter((line) => line.startsWith('| `ACTOR_'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, code = '', retryable, outcome, meaning, advice]) => ({
      code: code.replaceAll('`', ''),
      retryable,
      outcome,
      meaning,
      advice,
    }));

  test('code, table and documentation list the same ones, in the same order', () => {
    expect(rows.map(({ code }) => code)).toEqual(actorErrorCodes);
  });

  test.each(rows.map((row) => [row.code, row] as const))('%s is documented as it behaves', (_, row) => {
    const code = actorErrorCodes.find((known) => known === row.code);
    if (code === undefined) throw new Error(`${row.code} is in docs/errors.md and not in the table`);
    const error = new ActorError(code, 'x');
    expect(row.retryable).toBe(error.retryable ? 'yes' : 'no');
    expect(row.outcome).toBe(error.outcome);
    expect(row.meaning).toMatch(/\w/);
    expect(row.advice).toMatch(/\w/);
  });

  test('each is raised somewhere', () => {
    const code = sources
      .filter((path) => path !== 'packages/core/src/errors.ts')
      .map(read)
      .join('\n');
    expect(actorErrorCodes.filter((name) => !code.includes(`'${name}'`))).toEqual([]);
  });

  test('a package README names only codes that exist', () => {
    const known = new Set<string>(actorErrorCodes);
    for (const path of documents)
      for (const [name] of read(path).matchAll(/\bACTOR_[A-Z_]+[A-Z]\b/g))
        expect(known, path).toContain(name);
  });
});
