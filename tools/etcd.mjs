// Finds etcd and etcdctl without installing anything: $ETCD_BIN (a folder that has both), the PATH, an earlier download,
// else Debian's packages, unpacked below node_modules. As a program it prints the answer: `{ "folder": … }` or, where none can be
// had, `{ "why": … }`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
const unpacked = join(cache, 'etcd', 'usr', 'bin');

const quiet = (command, args, cwd) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const runs = (folder) =>
  quiet(join(folder, 'etcd'), ['--version']).stdout?.startsWith('etcd Version') &&
  quiet(join(folder, 'etcdctl'), ['version']).stdout?.startsWith('etcdctl version');

/** The folder that has both programs, or a sentence saying why there is none. */
export function findEtcd() {
  const { ETCD_BIN: given, ETCD_MISSING: why } = process.env;
  // Somebody looked already, and it takes long to look in vain.
  if (why) return { why };
  if (given && runs(given)) return { folder: given };
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => existsSync(join(folder, 'etcd')));
  for (const folder of [...onPath, unpacked]) if (runs(folder)) return { folder };
  if (quiet('apt-get', ['--version']).status !== 0)
    return { why: 'there is no etcd 3.4 or newer on the PATH, and no apt-get to fetch it with' };
  return fetched();
}

/** In a folder of its own, moved when it is whole: several test runs may do this at the same time. */
function fetched() {
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'etcd-'));
  try {
    const download = () => quiet('apt-get', ['download', 'etcd-server', 'etcd-client'], scratch);
    let { status, stderr } = download();
    if (status !== 0 && process.getuid?.() === 0) {
      quiet('apt-get', ['update']);
      ({ status, stderr } = download());
    }
    if (status !== 0)
      return {
        why: `apt-get could not fetch etcd-server and etcd-client (${stderr.trim().split('\n').at(-1)})`,
      };
    for (const name of readdirSync(scratch).filter((name) => name.endsWith('.deb')))
      quiet('dpkg-deb', ['-x', name, '.'], scratch);
    if (!runs(join(scratch, 'usr', 'bin'))) return { why: "Debian's etcd does not run here" };
    if (!existsSync(unpacked)) renameSync(scratch, join(cache, 'etcd'));
    return { folder: unpacked };
  } catch (error) {
    if (existsSync(unpacked)) return { folder: unpacked };
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** For people: what a missing etcd means for the tests. */
export function banner(why) {
  return `\n  !! The tests against a real etcd are SKIPPED: ${why}.\n  !! Install etcd, or set ETCD_BIN to a folder that has etcd and etcdctl.\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(findEtcd()));
