import { describe, expect, test } from 'vitest';

import { SimulatedFiles, Simulation } from '../../src/testkit/index.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function machine() {
  const simulation = new Simulation();
  const disk = new SimulatedFiles({ simulation, node: 'a' });
  const files = disk.of(simulation.runtime('a'));
  const settle = <T>(promise: Promise<T>): Promise<T> => simulation.settle(promise);
  const content = async (path: string): Promise<string> => {
    const file = await settle(files.open(path, 'read'));
    const into = new Uint8Array(await settle(file.size()));
    await settle(file.read(into, 0));
    return new TextDecoder().decode(into);
  };
  const save = async (path: string, value: string): Promise<void> => {
    const file = await settle(files.open(path, 'write'));
    await settle(file.write(text(value), 0));
    await settle(file.datasync());
    await settle(files.syncDirectory(''));
  };
  return { simulation, disk, files, settle, content, save };
}

describe("a simulated disk's faults", () => {
  test('a sync that fails drops its pages, which are still read, and a second sync succeeds for nothing', async () => {
    const { disk, files, settle, content, save } = machine();
    await save('f', 'old');
    const file = await settle(files.open('f', 'write'));
    await settle(file.write(text('new'), 0));
    disk.faults.failSyncs();
    await expect(settle(file.datasync())).rejects.toMatchObject({ code: 'EIO' });
    await settle(file.datasync());
    expect(await content('f')).toBe('new');
    disk.losePower({ survivalRate: 1 });
    expect(await content('f')).toBe('old');
  });

  test('a full disk refuses what grows a file, and nothing else', async () => {
    const { disk, files, settle, content, save } = machine();
    await save('f', 'four');
    disk.faults.setFull(true);
    const file = await settle(files.open('f', 'write'));
    await settle(file.write(text('F'), 0));
    await expect(settle(file.write(text('12345'), 0))).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.faults.setFull(false);
    await settle(file.write(text('12345'), 0));
    expect(await content('f')).toBe('12345');
  });

  test('a read-only disk can be read, and no more', async () => {
    const { disk, files, settle, content, save } = machine();
    await save('f', 'kept');
    disk.faults.setReadOnly(true);
    const attempts = [
      files.open('f', 'write'),
      files.open('g', 'create'),
      files.makeDirectory('d'),
      files.unlink('f'),
      files.rename('f', 'g'),
      files.lock(''),
    ];
    for (const attempt of attempts)
      await expect(settle<unknown>(attempt)).rejects.toMatchObject({ code: 'EROFS' });
    expect(await content('f')).toBe('kept');
  });

  test('rot, a cut and a loss stay through a loss of power', async () => {
    const { disk, files, settle, content, save } = machine();
    await save('f', 'aaaa');
    await save('g', 'gone');
    disk.faults.rot('f', 1, 0b11);
    disk.faults.cut('f', 3);
    disk.faults.lose('g');
    disk.losePower({ survivalRate: 0 });
    expect(await content('f')).toBe('aba');
    expect(await settle(files.list(''))).toEqual(['f']);
    expect(() => disk.faults.rot('g', 0)).toThrow('ENOENT');
  });

  test('a misdirected write lands elsewhere in the file, once', async () => {
    const { disk, files, settle, content, save } = machine();
    await save('f', '........');
    const file = await settle(files.open('f', 'write'));
    disk.faults.misdirect('f', 5);
    await settle(file.write(text('xx'), 0));
    await settle(file.write(text('y'), 0));
    expect(await content('f')).toBe('y....xx.');
  });

  test('a stall makes one sync take longer', async () => {
    const { simulation, disk, save } = machine();
    disk.faults.stall(5_000);
    await save('f', 'x');
    expect(simulation.nowMs).toBeGreaterThan(5_000);
    const before = simulation.nowMs;
    await save('f', 'x');
    expect(simulation.nowMs - before).toBeLessThan(1_000);
  });

  test('a lock ends with its process', async () => {
    const { simulation, disk, files, settle } = machine();
    await settle(files.lock(''));
    const other = disk.of(simulation.runtime('b'));
    await expect(settle(other.lock(''))).rejects.toMatchObject({ code: 'EBUSY' });
    simulation.kill('a');
    await settle(other.lock(''));
  });
});
