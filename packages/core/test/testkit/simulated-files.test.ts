import { describe, expect, test } from 'vitest';

import type { FileSystem } from '../../src/index.ts';
import { SimulatedFiles, Simulation, type SimulatedRuntime } from '../../src/testkit/index.ts';
import { filesContract } from '../files-contract.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Machine {
  readonly simulation: Simulation;
  readonly disk: SimulatedFiles;
  readonly runtime: SimulatedRuntime;
  readonly files: FileSystem;
}
function machine(seed = 1): Machine {
  const simulation = new Simulation({ seed });
  const disk = new SimulatedFiles({ simulation, node: 'a' });
  const runtime = simulation.runtime('a');
  return { simulation, disk, runtime, files: disk.of(runtime) };
}
async function content(files: FileSystem, path: string): Promise<string> {
  const file = await files.open(path, 'read');
  const into = new Uint8Array(await file.size());
  await file.read(into, 0);
  return new TextDecoder().decode(into);
}
async function write(files: FileSystem, path: string, value: string, sync: boolean): Promise<void> {
  const file = await files.open(path, 'write');
  await file.write(text(value), 0);
  if (sync) await file.datasync();
  await file.close();
}

describe('simulated files', () => {
  test.each(filesContract)('$name', async ({ run }) => {
    const { simulation, files } = machine();
    await simulation.settle(run(files, ''));
  });

  test('take virtual time, and a sync takes longer than a write', async () => {
    const { simulation, files } = machine();
    const file = await simulation.settle(files.open('f', 'write'));
    const start = simulation.nowMs;
    await simulation.settle(file.write(text('x'), 0));
    const written = simulation.nowMs - start;
    await simulation.settle(file.datasync());
    expect(written).toBeGreaterThan(0);
    expect(simulation.nowMs - start - written).toBeGreaterThan(written);
  });

  test('never answer a process that was killed', async () => {
    const { simulation, files, runtime } = machine();
    let answered = false;
    files.open('f', 'write').then(
      () => (answered = true),
      () => (answered = true),
    );
    runtime.kill();
    await simulation.advance(1_000);
    expect(answered).toBe(false);
  });

  test('refuse a directory where a file belongs, and the other way round', async () => {
    const { simulation, files } = machine();
    await simulation.settle(files.makeDirectory('d'));
    await simulation.settle(write(files, 'f', 'x', false));
    const attempts: readonly (readonly [Promise<unknown>, string])[] = [
      [files.open('d', 'read'), 'EISDIR'],
      [files.open('', 'read'), 'EISDIR'],
      [files.unlink('d'), 'EISDIR'],
      [files.makeDirectory('f'), 'EEXIST'],
      [files.open('f/g', 'write'), 'ENOTDIR'],
    ];
    for (const [attempt, code] of attempts) {
      await expect(simulation.settle(attempt)).rejects.toMatchObject({ code });
    }
  });

  test('keep the page cache when only the process is killed', async () => {
    const { simulation, disk, files, runtime } = machine();
    await simulation.settle(write(files, 'f', 'not synced', false));
    runtime.kill();
    const next = disk.of(simulation.runtime('a'));
    expect(await simulation.settle(content(next, 'f'))).toBe('not synced');
  });

  test('lose with the power what was not synced: data, new names and renames', async () => {
    const { simulation, disk, files } = machine();
    const setUp = async (): Promise<void> => {
      await write(files, 'synced', 'before', true);
      await write(files, 'replaced', 'old', true);
      await files.syncDirectory('');
      await write(files, 'new', 'its data is synced, its name is not', true);
      await write(files, 'other', 'new', true);
      await files.rename('other', 'replaced');
      await write(files, 'synced', 'after!', false);
    };
    await simulation.settle(setUp());
    disk.losePower({ survivalRate: 0 });
    expect(await simulation.settle(files.list(''))).toEqual(['replaced', 'synced']);
    expect(await simulation.settle(content(files, 'replaced'))).toBe('old');
    expect(await simulation.settle(content(files, 'synced'))).toBe('before');
  });

  test('keep through a loss of power what was synced, names included', async () => {
    const { simulation, disk, files } = machine();
    const setUp = async (): Promise<void> => {
      await files.makeDirectory('d/e');
      for (const directory of ['', 'd']) await files.syncDirectory(directory);
      await write(files, 'd/e/f.tmp', 'kept', true);
      await files.rename('d/e/f.tmp', 'd/e/f');
      await files.syncDirectory('d/e');
    };
    await simulation.settle(setUp());
    disk.losePower({ survivalRate: 0 });
    expect(await simulation.settle(content(files, 'd/e/f'))).toBe('kept');
    expect(await simulation.settle(files.list('d/e'))).toEqual(['f']);
  });

  test('may keep any sectors of a write that was not synced, as the seed says', async () => {
    const survivors = async (seed: number): Promise<string> => {
      const { simulation, disk, files } = machine(seed);
      const setUp = async (): Promise<void> => {
        const file = await files.open('f', 'write');
        await file.write(new Uint8Array(8 * 512), 0);
        await file.datasync();
        await files.syncDirectory('');
        await file.write(new Uint8Array(8 * 512).fill(1), 0);
      };
      await simulation.settle(setUp());
      disk.losePower();
      const data = await simulation.settle(content(files, 'f'));
      const sectors = Array.from({ length: 8 }, (_, i) => data.slice(i * 512, (i + 1) * 512));
      for (const sector of sectors) expect(new Set(sector).size).toBe(1);
      return sectors.map((sector) => (sector.startsWith('\0') ? '0' : '1')).join('');
    };
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) seen.add(await survivors(seed));
    expect(seen.size).toBeGreaterThan(10);
    expect(await survivors(1)).toBe(await survivors(1));
  });
});
