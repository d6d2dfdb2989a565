// Packs every package as it would be published and has the result judged: publint for the manifest and its files, attw
// for what a user's compiler finds. attw can pack by itself, but with npm, which knows nothing of `publishConfig.exports`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Runs quietly; what a failing tool said is printed. */
function passes(cwd, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) console.error(`${stdout}${stderr}`);
  return status === 0;
}

function judge(short) {
  const tarballs = mkdtempSync(join(tmpdir(), 'actor-pack-'));
  const folder = join(root, 'packages', short);
  try {
    if (!passes(folder, bin('pnpm'), 'pack', '--pack-destination', tarballs)) return false;
    const [tarball = ''] = readdirSync(tarballs).map((name) => join(tarballs, name));
    const isPublishable = passes(folder, bin('publint'), '--strict', tarball);
    return passes(folder, bin('attw'), tarball, '--profile', 'esm-only') && isPublishable;
  } finally {
    rmSync(tarballs, { recursive: true, force: true });
  }
}

const verdicts = readdirSync(join(root, 'packages')).map((short) => {
  const isGood = judge(short);
  console.log(`${isGood ? 'good' : 'BAD '}  ${short}`);
  return isGood;
});
process.exit(verdicts.every(Boolean) ? 0 : 1);
