// Random appends with crashes and failures at any moment, against a model: what was acknowledged is there afterwards, in
// order and as a whole, and nothing that was never appended.
import type { LogEntry, LogWrite } from '@actor/core';
import { RandomStream } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';

import type { WriteAheadLog } from '../src/index.ts';
import { Machine } from './machine.ts';
import { applied, type Content, contentOf, fingerprint, randomWrite } from './model.ts';

const firstSeed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 20);
const livesPerRun = 12;

/** What may be found at the start of a life: what it held before, and after each append of that life. */
interface History {
  readonly contents: Content[];
  acknowledged: number;
}

/** Appends for a while, some without waiting, until the life ends by something. */
async function live(
  machine: Machine,
  log: WriteAheadLog,
  random: RandomStream,
  history: History,
): Promise<void> {
  const fault = random.pick(['none', 'none', 'sync', 'full', 'stall'] as const);
  const faultAt = random.below(40);
  const pending: Promise<void>[] = [];
  const life = { isRefused: false };
  for (let step = 0; step < 40; step += 1) {
    if (step === faultAt && fault === 'sync') machine.disk.faults.failSyncs();
    if (step === faultAt && fault === 'full') machine.disk.faults.setFull(true);
    if (step === faultAt && fault === 'stall') machine.disk.faults.stall(50);
    let content = history.contents.at(-1) ?? new Map();
    const writes: LogWrite[] = [];
    for (let i = 0; i <= random.below(2); i += 1) {
      const write = randomWrite(content, random, history.contents.length);
      writes.push(write);
      content = applied(content, [write]);
    }
    const position = history.contents.push(content) - 1;
    const append = log.append(writes).then(
      () => {
        history.acknowledged = Math.max(history.acknowledged, position);
      },
      () => {
        life.isRefused = true;
      },
    );
    pending.push(append);
    if (random.chance(0.4)) await machine.settle(append);
    else if (random.chance(0.2)) await machine.simulation.advance(random.next());
    // What follows a refusal would not fit.
    if (life.isRefused) break;
  }
  if (random.chance(0.5)) await machine.settle(Promise.all(pending));
}

async function run(seed: number): Promise<number> {
  const machine = new Machine(seed, { segmentBytes: 20_480 });
  const random = new RandomStream(`crashes/${seed}`);
  let history: History = { contents: [new Map()], acknowledged: 0 };
  let lost = 0;
  for (let life = 0; life < livesPerRun; life += 1) {
    const log = machine.make();
    const start = log.start();
    if (random.chance(0.15)) {
      // It may end while it is being opened.
      start.catch(() => {});
      await machine.simulation.advance(random.next() * 8);
    } else {
      await machine.settle(start);
      expect(log.damage(), `damage in life ${life}`).toEqual([]);
      const found = fingerprint(await machine.settle(contentOf(log)));
      const survivors = history.contents.slice(history.acknowledged);
      const at = survivors.findIndex((content) => fingerprint(content) === found);
      expect(
        at,
        `life ${life} finds what some append since the last acknowledged one left`,
      ).toBeGreaterThanOrEqual(0);
      lost += survivors.length - 1 - at;
      history = { contents: [survivors[at] ?? new Map()], acknowledged: 0 };
      await live(machine, log, random, history);
    }
    machine.disk.faults.setFull(false);
    machine.disk.faults.failSyncs(0);
    if (random.chance(0.2)) await machine.settle(log.stop());
    if (random.chance(0.7)) machine.losePower(random.pick([0, 0.2, 0.5, 0.9, 1]));
    else machine.kill();
  }
  return lost;
}

describe('a log that crashes at any moment', () => {
  test(
    'has what was acknowledged, and nothing that was never appended, for any seed',
    { timeout: 600_000 },
    async () => {
      let lost = 0;
      for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
        lost += await run(seed).catch((error: unknown) => {
          throw new Error(`seed ${seed}`, { cause: error });
        });
      }
      // Else the crashes came when nothing was under way.
      expect(lost).toBeGreaterThan(0);
    },
  );
});

/** Every entry that can be read is one that was written. Returns how many of the log can not be read. */
async function unreadable(
  machine: Machine,
  log: WriteAheadLog,
  written: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  for (const group of log.groups()) {
    const { base, last } = log.state(group);
    for (let index = base.index + 1; index <= last.index; index += 1) {
      const read = await machine.settle(log.read(group, index, index, 1).catch(() => undefined));
      if (read === undefined) count += 1;
      else expect(written).toContain(textOf(group, read[0]));
    }
  }
  return count;
}

const textOf = (group: number, entry: LogEntry | undefined): string =>
  JSON.stringify([group, entry?.index, entry?.term, entry?.kind, [...(entry?.data ?? [])]]);

describe('a log of which any byte has changed', () => {
  test(
    'reports damage, and never gives out what was not written, for any seed',
    { timeout: 600_000 },
    async () => {
      let lost = 0;
      for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
        const machine = new Machine(seed, { segmentBytes: 20_480 });
        const random = new RandomStream(`rot/${seed}`);
        const log = await machine.open();
        const written = new Set<string>();
        let content: Content = new Map();
        for (let step = 0; step < 60; step += 1) {
          const write = randomWrite(content, random, step + 1);
          content = applied(content, [write]);
          for (const entry of write.entries ?? []) written.add(textOf(write.group, entry));
          await machine.settle(log.append([write]));
        }
        await machine.settle(log.stop());
        const path = random.pick(await machine.segments());
        const file = await machine.settle(machine.tool.open(path, 'read'));
        const bytes = Buffer.alloc(20_480);
        await machine.settle(file.read(bytes, 0));
        machine.disk.faults.rot(
          path,
          random.below(bytes.findLastIndex((byte) => byte !== 0) + 1),
          1 + random.below(255),
        );
        const next = await machine.open();
        expect(next.damage(), `seed ${seed}`).not.toEqual([]);
        lost += await unreadable(machine, next, written);
      }
      expect(lost).toBeGreaterThan(0);
    },
  );
});
