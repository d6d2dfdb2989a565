// What a figure can't be read without: versions and machine.
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** Its exports may hide a manifest, its folder doesn't: each is a direct dependency of this package. */
function version(name: string): string {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
    : 'not installed';
}

/** Beyond the number of processors, somebody else was at work. */
export const load = (): string => loadavg()[0]?.toFixed(1) ?? 'unknown';

export function machine(): string {
  const [first] = cpus();
  const names = ['nact', 'comedy', 'moleculer', 'msgpackr'];
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `Machine: ${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${type()} ${release()}.`,
    `Versions: Node ${process.versions.node}, ${names.map((name) => `${name} ${version(name)}`).join(', ')}.`,
  ].join('\n');
}
