// The repository as the tidy tests see it: its packages, and every text file a person wrote.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  readonly publishConfig?: { readonly access?: string; readonly exports?: Manifest['exports'] };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** The folder's name: `core`. */
  readonly short: string;
  /** From the root: `packages/core`. */
  readonly path: string;
  readonly manifest: Manifest;
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export const exists = (path: string): boolean => existsSync(join(root, path));
export const json = <T>(path: string): T => JSON.parse(read(path)) as T;

function workspaces(group: string): readonly Workspace[] {
  if (!exists(group)) return [];
  return readdirSync(join(root, group))
    .map((short) => ({ short, path: `${group}/${short}` }))
    .filter(({ path }) => exists(`${path}/package.json`))
    .map((found) => ({ ...found, manifest: json<Manifest>(`${found.path}/package.json`) }));
}

/** What is published. */
export const packages: readonly Workspace[] = workspaces('packages');
/** What is not: examples and tools. */
export const others: readonly Workspace[] = [...workspaces('examples'), ...workspaces('tools')];

const generated = new Set([
  'node_modules',
  'dist',
  'coverage',
  'etc',
  '.git',
  '.turbo',
  '.cache',
  'pnpm-lock.yaml',
  'CHANGELOG.md',
]);

/** Every file below a folder of the repository that a person wrote, as paths from the root with `/`. */
export function written(folder = '.'): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (generated.has(entry.name)) return [];
    const path = relative('.', join(folder, entry.name)).split(sep).join('/');
    if (entry.isDirectory()) return written(path);
    return entry.isFile() ? [path] : [];
  });
}

/** The source files of all packages. */
export const sources: readonly string[] = packages.flatMap(({ path }) =>
  exists(`${path}/src`) ? written(`${path}/src`) : [],
);
