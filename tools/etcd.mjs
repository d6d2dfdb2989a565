import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const quiet = (command, args, cwd) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const runs = (bin) => quiet(bin, ['--version']).stdout?.startsWith('etcd Version');

/** The path of an etcd binary, or a sentence saying why there is none. */
export function findEtcd(root) {
  const cache = join(root, '.cache', 'etcd');
  const cached = join(cache, 'usr', 'bin', 'etcd');
  for (const bin of [process.env.ETCD_BIN, 'etcd', cached]) if (bin && runs(bin)) return { bin };
  if (quiet('apt-get', ['--version']).status !== 0)
    return { why: 'this machine has no apt-get; install etcd 3.4 or newer and set ETCD_BIN' };
  mkdirSync(cache, { recursive: true });
  let got = quiet('apt-get', ['download', 'etcd-server'], cache);
  if (got.status !== 0 && process.getuid?.() === 0) {
    quiet('apt-get', ['update']);
    got = quiet('apt-get', ['download', 'etcd-server'], cache);
  }
  const deb = readdirSync(cache).find((name) => name.endsWith('.deb'));
  if (got.status !== 0 || !deb)
    return {
      why: `apt-get could not fetch etcd-server (${got.stderr.trim().split('\n').at(-1)}); as root run "apt-get update", or set ETCD_BIN`,
    };
  quiet('dpkg-deb', ['-x', deb, '.'], cache);
  return existsSync(cached) && runs(cached)
    ? { bin: cached }
    : { why: 'the etcd from Debian does not run here; set ETCD_BIN' };
}
