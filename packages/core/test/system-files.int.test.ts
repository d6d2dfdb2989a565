import { mkdtemp, rm } from 'node:fs/promises';
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
});
