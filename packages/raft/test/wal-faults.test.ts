// R24 and R25: what goes wrong with a disk, and what the log makes of it.
import { isActorError, type LogEntry, type LogStorage } from '@actor/core';
import { describe, expect, test } from 'vitest';

import { fileStorage } from '../src/index.ts';
import { dir, Machine } from './machine.ts';

const entry = (index: number, size = 20): LogEntry => {
  const data = new Uint8Array(size).map((_, at) => index * 7 + at * 13 + 1);
  return { index, term: 1, kind: 1, data };
};
const code = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isActorError(error) ? error.code : String(error);
  }
};

/** A log with this many entries, each in a batch of its own, whose process has ended in order. */
async function written(machine: Machine, entries: number, size?: number): Promise<void> {
  const log = await machine.open();
  for (let index = 1; index <= entries; index += 1) {
    await machine.settle(log.append([{ group: 1, entries: [entry(index, size)] }]));
  }
  await machine.settle(log.stop());
}

async function content(machine: Machine, path: string): Promise<Buffer> {
  const file = await machine.settle(machine.tool.open(path, 'read'));
  const bytes = Buffer.alloc(await machine.settle(file.size()));
  await machine.settle(file.read(bytes, 0));
  return bytes;
}

async function only(machine: Machine): Promise<string> {
  const [path, ...others] = await machine.segments();
  expect(others).toEqual([]);
  return path ?? '';
}

const endOfData = (bytes: Buffer): number => bytes.findLastIndex((byte) => byte !== 0) + 1;

async function refusesAppends(machine: Machine, log: LogStorage): Promise<void> {
  const next = log.state(1).last.index + 1;
  const append = log.append([{ group: 1, entries: [entry(next)] }]);
  expect(await machine.settle(code(append))).toBe('ACTOR_STORAGE_CORRUPT');
}

describe('a damaged log', () => {
  test('reports the index and term of an entry whose data has changed, and keeps the others', async () => {
    const machine = new Machine();
    await written(machine, 5);
    const path = await only(machine);
    const at = (await content(machine, path)).indexOf(Buffer.from(entry(3).data));
    machine.disk.faults.rot(path, at);
    const log = await machine.open();
    expect(log.damage()).toEqual([{ group: 1, index: 3, term: 1, why: expect.any(String) }]);
    const read = (from: number, to: number) => machine.settle(code(log.read(1, from, to, 1_000)));
    expect([await read(1, 2), await read(3, 3), await read(4, 5)]).toEqual([
      ...['none', 'ACTOR_STORAGE_CORRUPT', 'none'],
    ]);
    await refusesAppends(machine, log);
  });

  test('is left as it is, byte by byte', async () => {
    const machine = new Machine();
    await written(machine, 5);
    const path = await only(machine);
    machine.disk.faults.rot(path, 600);
    const before = await content(machine, path);
    const log = await machine.open();
    expect(log.damage()).not.toEqual([]);
    await machine.settle(log.stop());
    expect(await content(machine, path)).toEqual(before);
  });

  test('is noticed when an entry changes while the log is open', async () => {
    const machine = new Machine();
    const log = await machine.open();
    await machine.settle(log.append([{ group: 1, entries: [entry(1), entry(2)] }]));
    const path = await only(machine);
    machine.disk.faults.rot(path, (await content(machine, path)).indexOf(Buffer.from(entry(2).data)));
    expect(await machine.settle(code(log.read(1, 1, 2, 1_000)))).toBe('ACTOR_STORAGE_CORRUPT');
    expect(log.damage()).toEqual([{ group: 1, index: 2, term: 1, why: expect.any(String) }]);
    await refusesAppends(machine, log);
  });

  test.each([
    ['a file that ends early', (m: Machine, path: string) => m.disk.faults.cut(path, 700)],
    [
      'a file that ends early where nothing is',
      (m: Machine, path: string) => m.disk.faults.cut(path, 16_000),
    ],
    ['a file that ends within its header', (m: Machine, path: string) => m.disk.faults.cut(path, 100)],
    ['an empty file', (m: Machine, path: string) => m.disk.faults.cut(path, 0)],
    ['a lost file', (m: Machine, path: string) => m.disk.faults.lose(path)],
    ['a lost identity', (m: Machine) => m.disk.faults.lose(`${dir}/identity`)],
  ])('is told from %s', async (_what, damage) => {
    const machine = new Machine();
    await written(machine, 5);
    damage(machine, await only(machine));
    const log = machine.make();
    const start = await machine.settle(code(log.start()));
    if (start === 'none') {
      expect(log.damage()).not.toEqual([]);
      await refusesAppends(machine, log);
    } else {
      expect(start).toBe('ACTOR_STORAGE_CORRUPT');
    }
  });

  test('is told from any one lost file of many', async () => {
    const count = await filesOf(new Machine());
    expect(count).toBeGreaterThan(3);
    for (let lost = 0; lost < count; lost += 1) {
      const machine = new Machine();
      await filesOf(machine);
      machine.disk.faults.lose((await machine.segments())[lost] ?? '');
      const log = await machine.open();
      expect(log.damage(), `file ${lost}`).not.toEqual([]);
      await refusesAppends(machine, log);
    }
  });

  test('is told from a write that went elsewhere', async () => {
    for (const to of [512, 800, 2_048, 9_000]) {
      const machine = new Machine();
      const log = await machine.open();
      for (let index = 1; index <= 5; index += 1)
        await machine.settle(log.append([{ group: 1, entries: [entry(index)] }]));
      machine.disk.faults.misdirect(await only(machine), to);
      await machine.settle(log.append([{ group: 1, entries: [entry(6)] }]));
      machine.losePower();
      const next = await machine.open();
      expect(next.damage(), `to ${to}`).not.toEqual([]);
    }
  });
});

async function filesOf(machine: Machine): Promise<number> {
  await written(machine, 60, 1_000);
  return (await machine.segments()).length;
}

describe('a batch that was cut off by a crash', () => {
  test('is dropped and leaves nothing behind', async () => {
    let dropped = 0;
    for (let seed = 1; seed <= 40; seed += 1) {
      const machine = new Machine(seed);
      await written(machine, 1);
      const path = await only(machine);
      const before = await content(machine, path);
      const log = await machine.open();
      const lost = [2, 3, 4].map((index) => entry(index, 900));
      log.append([{ group: 1, entries: lost }]).catch(() => {});
      await machine.simulation.advance(0.1);
      machine.losePower(0.7);
      const next = await machine.open();
      expect(next.damage()).toEqual([]);
      await machine.settle(next.stop());
      if (next.state(1).last.index === 4) continue;
      expect(next.state(1).last.index).toBe(1);
      expect((await content(machine, path)).equals(before)).toBe(true);
      dropped += 1;
    }
    expect(dropped).toBeGreaterThan(20);
  });
});

describe('each byte of a small log, flipped,', () => {
  const flips = [0x01, 0x80, 0xff];

  test('is damage that is reported, or changes nothing', async () => {
    const machine = new Machine();
    const log = await machine.open();
    const data = new Uint8Array(1_200);
    // The last batch holds sectors of zeros, which must not pass for sectors that were never written.
    const zeros = { ...entry(3), data };
    await machine.settle(log.append([{ group: 1, entries: [entry(1), { ...entry(2), data }] }]));
    await machine.settle(log.append([{ group: 1, hardState: { term: 2, vote: 'me', commit: 2 } }]));
    await machine.settle(log.append([{ group: 1, truncateAfter: 1, entries: [entry(2), zeros] }]));
    await machine.settle(log.stop());
    const state = log.state(1);
    const path = await only(machine);
    const end = endOfData(await content(machine, path));
    for (let at = 0; at < end + 64; at += 1) {
      machine.disk.faults.rot(path, at, flips[at % flips.length]);
      const next = await machine.open();
      if (next.damage().length === 0) {
        expect(next.state(1), `byte ${at}`).toEqual(state);
        const entries = await machine.settle(next.read(1, 1, 3, 10_000));
        expect(entries, `byte ${at}`).toEqual([entry(1), entry(2), zeros]);
        expect(at, 'only what was never written is mended').toBeGreaterThanOrEqual(end);
        await machine.settle(next.stop());
        continue;
      }
      await refusesAppends(machine, next);
      await machine.settle(next.stop());
      // Back to what it was: a damaged log was not touched.
      machine.disk.faults.rot(path, at, flips[at % flips.length]);
    }
  });

  test('in the identity is refused', async () => {
    const machine = new Machine();
    await written(machine, 1);
    for (let at = 0; at < 512; at += 1) {
      machine.disk.faults.rot(`${dir}/identity`, at);
      const start = await machine.settle(code(machine.make().start()));
      expect(['ACTOR_STORAGE_CORRUPT', 'ACTOR_STORAGE_FOREIGN'], `byte ${at}`).toContain(start);
      machine.disk.faults.rot(`${dir}/identity`, at);
    }
  });
});

describe('a disk that fails', () => {
  test('by a sync ends the log, and nobody is told that it was durable', async () => {
    const machine = new Machine();
    const log = await machine.open();
    machine.disk.faults.failSyncs();
    const appends = [1, 2].map((index) => code(log.append([{ group: 1, entries: [entry(index)] }])));
    expect(await machine.settle(Promise.all(appends))).toEqual(['ACTOR_STORAGE_IO', 'ACTOR_STORAGE_IO']);
    expect(log.state(1).last.index).toBe(0);
    const third = log.append([{ group: 1, entries: [entry(1)] }]);
    expect(await machine.settle(code(third))).toBe('ACTOR_STORAGE_IO');
  });

  test('by being full refuses appends before they are written, and takes them once there is space', async () => {
    const machine = new Machine();
    const log = await machine.open();
    machine.disk.faults.setFull(true);
    let index = 0;
    let refusal = 'none';
    while (refusal === 'none') {
      refusal = await machine.settle(code(log.append([{ group: 1, entries: [entry(index + 1, 1_000)] }])));
      if (refusal === 'none') index += 1;
    }
    expect(refusal).toBe('ACTOR_STORAGE_FULL');
    expect(index).toBeGreaterThan(10);
    expect(log.state(1).last.index).toBe(index);
    machine.disk.faults.setFull(false);
    await machine.settle(log.append([{ group: 1, entries: [entry(index + 1, 1_000)] }]));
    machine.losePower();
    const next = await machine.open();
    expect(next.damage()).toEqual([]);
    expect(next.state(1).last.index).toBe(index + 1);
  });

  test('by a stall makes appends wait, and what comes meanwhile goes with one sync', async () => {
    const machine = new Machine();
    const log = await machine.open();
    machine.disk.faults.stall(2_000);
    const start = machine.simulation.nowMs;
    const first = log.append([{ group: 1, entries: [entry(1)] }]);
    await machine.simulation.advance(100);
    const others = Array.from({ length: 50 }, (_, i) => log.append([{ group: 1, entries: [entry(i + 2)] }]));
    await machine.settle(first);
    const waited = machine.simulation.nowMs - start;
    expect(waited).toBeGreaterThan(2_000);
    await machine.settle(Promise.all(others));
    expect(machine.simulation.nowMs - start - waited).toBeLessThan(50);
  });
});

describe('a directory', () => {
  test('that is read-only is refused, with the reason', async () => {
    const machine = new Machine();
    await written(machine, 1);
    machine.disk.faults.setReadOnly(true);
    const start = machine.settle(machine.make().start());
    await expect(start).rejects.toMatchObject({ code: 'ACTOR_STORAGE_IO', cause: { code: 'EROFS' } });
    machine.disk.faults.setReadOnly(false);
    const log = await machine.open();
    expect(log.state(1).last.index).toBe(1);
  });

  test('of another cluster, of a newer version, or with other files is refused and left alone', async () => {
    const machine = new Machine();
    await written(machine, 1);
    expect(await machine.settle(code(machine.make('another').start()))).toBe('ACTOR_STORAGE_FOREIGN');
    const { tool } = machine;
    await machine.settle(tool.unlink(`${dir}/identity`));
    for (const path of await machine.segments()) await machine.settle(tool.unlink(path));
    const file = await machine.settle(tool.open(`${dir}/photos.zip`, 'create'));
    await machine.settle(file.close());
    expect(await machine.settle(code(machine.make().start()))).toBe('ACTOR_STORAGE_FOREIGN');
    expect(await machine.settle(tool.list(dir))).toEqual(['photos.zip']);
  });

  test('in use is refused until its process is gone', async () => {
    const machine = new Machine();
    await machine.open();
    expect(await machine.settle(code(machine.make().start()))).toBe('ACTOR_STORAGE_LOCKED');
    machine.kill();
    expect(await machine.settle(code(machine.make().start()))).toBe('none');
  });
});

describe('a bound', () => {
  test('refuses an append that no batch could take, more groups than there may be, and more waiting than fits', async () => {
    const machine = new Machine(1, { groupsMax: 2, pendingMaxBytes: 3_000 });
    const log = await machine.open();
    const large = log.append([{ group: 1, entries: [entry(1, 5_000)] }]);
    expect(await machine.settle(code(large))).toBe('ACTOR_FRAME_TOO_LARGE');
    const groups = log.append([1, 2, 3].map((group) => ({ group, entries: [entry(1)] })));
    expect(await machine.settle(code(groups))).toBe('ACTOR_STORAGE_FULL');
    const appends = Array.from({ length: 5 }, (_, i) =>
      code(log.append([{ group: 1, entries: [entry(i + 1, 1_000)] }])),
    );
    const codes = await machine.settle(Promise.all(appends));
    expect(codes.slice(0, 2)).toEqual(['none', 'none']);
    expect(codes.slice(2)).not.toContain('none');
    expect(log.state(1).last.index).toBe(2);
  });

  test.each([
    [{ dir: '' }, 'dir'],
    [{ dir: 'd', segmentBytes: 100 }, 'segmentBytes'],
    [{ dir: 'd', pendingMaxBytes: 0 }, 'pendingMaxBytes'],
    [{ dir: 'd', groupsMax: 1.5 }, 'groupsMax'],
  ])('that is wrong, %j, is refused where it is written', (options, path) => {
    expect(() => fileStorage(options)).toThrow(expect.objectContaining({ details: { path } }));
  });
});
