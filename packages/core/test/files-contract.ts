// What both versions of the file seam must do, so that a plugin tested on the simulated one works on the real one.
import { expect } from 'vitest';

import type { FileSystem } from '../src/index.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const claims: Readonly<Record<string, (files: FileSystem, root: string) => Promise<void>>> = {
  'reads back what was written, at any position': async (files, root) => {
    const file = await files.open(`${root}/log`, 'write');
    await file.write(text('hello world'), 0);
    await file.write(text('W'), 6);
    await file.write(text('!'), 13);
    const into = new Uint8Array(20);
    expect(await file.read(into, 0)).toBe(14);
    expect(new TextDecoder().decode(into.subarray(0, 14))).toBe('hello World\0\0!');
    expect(await file.read(into, 12)).toBe(2);
    expect(await file.read(into, 14)).toBe(0);
    expect(await file.read(into, 100)).toBe(0);
    expect(await file.size()).toBe(14);
    await file.datasync();
    await file.close();
  },
  'shrinks and grows a file by truncate, with zeros': async (files, root) => {
    const file = await files.open(`${root}/f`, 'write');
    await file.write(text('abcdef'), 0);
    await file.truncate(2);
    await file.truncate(4);
    const into = new Uint8Array(10);
    expect(await file.read(into, 0)).toBe(4);
    expect([...into.subarray(0, 4)]).toEqual([97, 98, 0, 0]);
    await file.close();
  },
  'keeps the content of a file that is opened again for writing': async (files, root) => {
    const first = await files.open(`${root}/f`, 'create');
    await first.write(text('kept'), 0);
    await first.close();
    const again = await files.open(`${root}/f`, 'write');
    expect(await again.size()).toBe(4);
    await again.close();
  },
  'refuses to create what exists and to read what does not': async (files, root) => {
    await (await files.open(`${root}/f`, 'create')).close();
    await expect(files.open(`${root}/f`, 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(files.open(`${root}/g`, 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.open(`${root}/no/such/g`, 'write')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.rename(`${root}/g`, `${root}/h`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.unlink(`${root}/g`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.list(`${root}/g`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.list(`${root}/f`)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(files.syncDirectory(`${root}/g`)).rejects.toMatchObject({ code: 'ENOENT' });
  },
  'makes directories with their parents, and lists names sorted': async (files, root) => {
    await files.makeDirectory(`${root}/a/b/c`);
    await files.makeDirectory(`${root}/a/b`);
    for (const name of ['z', 'B', 'a']) await (await files.open(`${root}/a/b/${name}`, 'write')).close();
    expect(await files.list(`${root}/a/b`)).toEqual(['B', 'a', 'c', 'z']);
    await files.syncDirectory(`${root}/a/b`);
  },
  'replaces a file by rename, and removes it by unlink, while a handle goes on': async (files, root) => {
    const old = await files.open(`${root}/old`, 'write');
    await old.write(text('old'), 0);
    const fresh = await files.open(`${root}/fresh`, 'write');
    await fresh.write(text('fresh'), 0);
    await fresh.close();
    await files.rename(`${root}/fresh`, `${root}/old`);
    expect(await files.list(root)).toEqual(['old']);
    const found = await files.open(`${root}/old`, 'read');
    expect(await found.size()).toBe(5);
    expect(await old.size()).toBe(3);
    await files.unlink(`${root}/old`);
    expect(await files.list(root)).toEqual([]);
    expect(await found.size()).toBe(5);
    await found.close();
    await old.close();
  },
  'locks a directory for one, and for the next once it is released': async (files, root) => {
    const lock = await files.lock(root === '' ? '.' : root);
    await expect(files.lock(root)).rejects.toMatchObject({ code: 'EBUSY' });
    await lock.release();
    await (await files.lock(root)).release();
    expect(await files.list(root)).toEqual([]);
    await expect(files.lock(`${root}/no/such`)).rejects.toMatchObject({ code: 'ENOENT' });
  },
  'refuses a handle that was closed': async (files, root) => {
    const file = await files.open(`${root}/f`, 'write');
    await file.close();
    await expect(file.write(text('x'), 0)).rejects.toMatchObject({ code: 'EBADF' });
  },
};

export const filesContract: readonly {
  readonly name: string;
  readonly run: (files: FileSystem, root: string) => Promise<void>;
}[] = Object.entries(claims).map(([name, run]) => ({ name, run }));
