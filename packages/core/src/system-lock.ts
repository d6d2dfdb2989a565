// A directory's lock by files alone, since Node has no flock. Everybody first makes a claim, a file that names its
// process, and then looks for the claims of others: whoever looks later sees the earlier one, so two never both win. The
// claim of a process that is gone counts for nothing and is removed by whoever finds it. Processes on several machines,
// or in containers with process numbers of their own, don't see each other as alive: a directory belongs to one of them.

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';

import type { DirectoryLock } from './file-system.ts';

const claims = /^lock-(?<pid>\d+)-(?<born>\d+)-/;

export async function lockDirectory(path: string): Promise<DirectoryLock> {
  const own = `lock-${process.pid}-${await bornAt(process.pid)}-${randomUUID().slice(0, 8)}`;
  await fs.writeFile(`${path}/${own}`, '', { flag: 'wx' });
  const release = (): Promise<void> => fs.rm(`${path}/${own}`, { force: true });
  try {
    for (const name of await fs.readdir(path)) {
      const claim = claims.exec(name)?.groups;
      if (claim === undefined || name === own) continue;
      if (await isAlive(Number(claim['pid']), claim['born'])) throw busy(path, Number(claim['pid']));
      await fs.rm(`${path}/${name}`, { force: true });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function isAlive(pid: number, born: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything but "no such process" means that there is one, of another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  return (await bornAt(pid)) === born;
}

/** Process numbers come again; with the time of its start, as Linux tells it, one is unique. Elsewhere it is 0. */
async function bornAt(pid: number): Promise<string> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The second field is the program's name in brackets, which may itself contain blanks and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

function busy(path: string, pid: number): Error {
  return Object.assign(new Error(`EBUSY: process ${pid} has it, lock '${path}'`), {
    code: 'EBUSY',
    syscall: 'lock',
    path,
  });
}
