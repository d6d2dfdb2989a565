import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemFiles } from '../src/index.ts';
import { filesContract } from './files-contract.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'actor-files-'));
});
afterEach(() => rm(root, { recursive: true }));

describe("Node's files", () => {
  test.each(filesContract)('$name', ({ run }) => run(systemFiles(), root));

  test('write and read back more than one system call takes at once', async () => {
    const file = await systemFiles().open(`${root}/large`, 'write');
    const bytes = new Uint8Array(8 * 1_048_576).map((_, i) => i * 7);
    await file.write(bytes, 3);
    await file.datasync();
    const into = new Uint8Array(bytes.length);
    expect(await file.read(into, 3)).toBe(bytes.length);
    expect(Buffer.compare(into, bytes)).toBe(0);
    await file.close();
  });

  test('give a lock whose process is gone to the next, and not while it lives', async () => {
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(holder, 'spawn');
    // As another process would have claimed it, but for the time of its start, which only Linux tells.
    const stat = await systemFiles()
      .open(`/proc/${holder.pid}/stat`, 'read')
      .catch(() => undefined);
    const into = new Uint8Array(4_096);
    const fields =
      stat === undefined ? '' : Buffer.from(into.subarray(0, await stat.read(into, 0))).toString();
    const born = fields.slice(fields.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
    await stat?.close();
    await writeFile(`${root}/lock-${holder.pid}-${born}-other`, '');
    await expect(systemFiles().lock(root)).rejects.toMatchObject({ code: 'EBUSY' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await systemFiles().lock(root);
    expect(await readdir(root)).toHaveLength(1);
    await lock.release();
  });
});
