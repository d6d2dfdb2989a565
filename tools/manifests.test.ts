// What every package of the workspace has in common, so that a new one can't quietly be different.
import { describe, expect, test } from 'vitest';
import { exists, json, others, packages, read, written, type Manifest, type Workspace } from './workspace.ts';

/** `@actor/*` packages that a package may depend on. Everything not named here is a plugin: it may have core. */
const doors: Readonly<Record<string, readonly string[]>> = {
  '@actor/core': [],
  '@actor/cluster': ['@actor/core'],
  '@actor/testkit': ['@actor/cluster', '@actor/core', '@actor/transport-memory'],
};
/** Third-party dependencies, all of them. A line here is a decision. */
const thirdParty: Readonly<Record<string, readonly string[]>> = {
  '@actor/cluster': ['msgpackr', 'pino'],
  '@actor/discovery-etcd': ['etcd3'],
};

const named = (all: readonly Workspace[]): readonly (readonly [string, Workspace])[] =>
  all.map((w) => [w.manifest.name, w]);
const workspaceNames = (table: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.keys(table ?? {}).filter((name) => name.startsWith('@actor/'));
const expectedTsconfig = ({ manifest }: Workspace): unknown => {
  const references = workspaceNames(manifest.dependencies)
    .toSorted()
    .map((name) => ({ path: `../${name.slice('@actor/'.length)}` }));
  return { extends: '../../tsconfig.base.json', ...(references.length > 0 ? { references } : {}) };
};

describe.each(named(packages))('%s', (name, workspace) => {
  const { manifest, path, short } = workspace;

  test('is named after its folder and says what it is', () => {
    expect(name).toBe(`@actor/${short}`);
    expect(manifest.description).toMatch(/^[A-Z@].*\.$/);
    expect(manifest.private).toBeUndefined();
  });

  test('shares licence, module format, engines and the rest', () => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
      files: ['dist', 'src', '!**/*.tsbuildinfo'],
      publishConfig: { access: 'public' },
      scripts: { build: 'tsc -b', test: 'vitest run' },
    });
  });

  test('publishes the exports of the workspace without the source condition', () => {
    const strip = (target: Readonly<Record<string, string>> | string): unknown => {
      if (typeof target === 'string') return target;
      const { '@actor/source': source, ...published } = target;
      expect(Object.keys(target)[0]).toBe('@actor/source');
      expect(exists(`${path}/${String(source)}`)).toBe(true);
      return published;
    };
    const stripped = Object.fromEntries(
      Object.entries(manifest.exports ?? {}).map(([key, target]) => [key, strip(target)]),
    );
    expect(manifest.publishConfig?.exports).toEqual(stripped);
    expect(Object.keys(stripped)).toEqual(expect.arrayContaining(['.', './package.json']));
    expect(JSON.stringify(manifest.publishConfig)).not.toContain('/src/');
  });

  test('depends on no more of the workspace than its place allows', () => {
    const allowed = doors[name] ?? ['@actor/core'];
    expect(allowed).toEqual(expect.arrayContaining([...workspaceNames(manifest.dependencies)]));
    for (const name of workspaceNames(manifest.dependencies))
      expect(manifest.dependencies?.[name]).toBe('workspace:^');
    for (const name of workspaceNames(manifest.devDependencies))
      expect(manifest.devDependencies?.[name]).toBe('workspace:^');
  });

  test('has exactly the third-party dependencies that were decided on', () => {
    const third = Object.keys(manifest.dependencies ?? {}).filter((name) => !name.startsWith('@actor/'));
    expect(third.toSorted()).toEqual(thirdParty[name] ?? []);
    expect(manifest.peerDependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
  });

  test('has the licence of the repository', () => {
    expect(read(`${path}/LICENSE`)).toBe(read('LICENSE'));
  });

  test('has a README of its own', () => {
    const readme = read(`${path}/README.md`);
    expect(readme.startsWith(`# ${name}\n`)).toBe(true);
    expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  });

  test('has the same compiler and test configuration as its siblings', () => {
    expect(json(`${path}/tsconfig.json`)).toEqual(expectedTsconfig(workspace));
    expect(read(`${path}/vitest.config.ts`)).toBe(
      `import { unit } from '../../vitest.shared.ts';\nexport default unit('${short}');\n`,
    );
  });

  test('has an integration project exactly where it has integration tests', () => {
    const hasTests =
      exists(`${path}/test`) && written(`${path}/test`).some((file) => file.endsWith('.int.test.ts'));
    expect(exists(`${path}/vitest.int.config.ts`)).toBe(hasTests);
    expect(manifest.scripts?.['test:int']).toBe(
      hasTests ? 'vitest run --config vitest.int.config.ts' : undefined,
    );
    if (hasTests)
      expect(read(`${path}/vitest.int.config.ts`)).toBe(
        `import { integration } from '../../vitest.shared.ts';\nexport default integration('${short}');\n`,
      );
  });
});

describe('the workspace', () => {
  test('keeps what is not published private', () => {
    for (const { manifest } of others) expect(manifest.private, manifest.name).toBe(true);
  });

  test('has no cycle between packages, development dependencies included', () => {
    const graph = new Map(
      packages.map(({ manifest }) => [
        manifest.name,
        workspaceNames({ ...manifest.dependencies, ...manifest.devDependencies }),
      ]),
    );
    const walk = (name: string, trail: readonly string[]): void => {
      expect(trail, `${[...trail, name].join(' → ')} is a cycle`).not.toContain(name);
      for (const next of graph.get(name) ?? []) walk(next, [...trail, name]);
    };
    for (const name of graph.keys()) walk(name, []);
  });

  test('builds every package, example and tool that has a compiler configuration', () => {
    const built = [...packages, ...others]
      .map(({ path }) => path)
      .filter((path) => exists(`${path}/tsconfig.json`));
    const { references } = json<{ references: { path: string }[] }>('tsconfig.json');
    expect(references.map(({ path }) => path).toSorted()).toEqual(built.toSorted());
  });

  test('pins its tools exactly, and the package manager in both places', () => {
    const { packageManager, devDependencies = {} } = json<Manifest & { packageManager: string }>(
      'package.json',
    );
    expect(packageManager).toBe(`pnpm@${String(devDependencies['pnpm'])}`);
    for (const [name, version] of Object.entries(devDependencies))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
