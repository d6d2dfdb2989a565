// What every log storage must do, as data. What a crash leaves is tried where the fixture can crash one.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import type { LogEntry, LogState, LogStorage } from '../plugin/log-storage.ts';
import { type Case, type Passage, rejection } from './case.ts';
import { casesOf, type Claim } from './claim.ts';

/** What a log storage can do beyond keeping a log for as long as it lives. */
export interface LogStorageFeatures {
  /** What was appended is there in the next life. */
  readonly durable: boolean;
  /** The fixture can make its process or its machine stop at once. */
  readonly crashes: boolean;
  /** The fixture can make the next sync fail. */
  readonly failures: boolean;
}

export interface LogStorageFixture extends Passage {
  /** A storage on the fixture's medium, not started; each is another life of the same store. */
  make(): LogStorage;
  /** With `crashes`: the process dies at once; when power is lost too, so is, of what was not synced, any part. */
  crash?(options: { readonly losesPower: boolean }): void;
  /** With `failures`: the next sync fails, and what it was for is lost. */
  failSync?(): void;
  /** Frees what the fixture holds, after all its storages have been stopped. */
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = ({ data }: { readonly data: Uint8Array }): string => new TextDecoder().decode(data);
const entry = (index: number, term: number, text = `${index}/${term}`): LogEntry => ({
  ...{ index, term, kind: index % 3, data: bytes(text) },
});
/** Entries of one term from the first index to the last. */
const entries = (from: number, to: number, term: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term));
const fresh: LogState = {
  hardState: { term: 0, vote: '', commit: 0 },
  snapshot: undefined,
  base: { index: 0, term: 0 },
  last: { index: 0, term: 0 },
};

class Bench {
  readonly fixture: LogStorageFixture;
  readonly #made: LogStorage[] = [];

  constructor(fixture: LogStorageFixture) {
    this.fixture = fixture;
  }

  make(): LogStorage {
    const storage = this.fixture.make();
    this.#made.push(storage);
    return storage;
  }

  async start(): Promise<LogStorage> {
    const storage = this.make();
    await this.settle(storage.start());
    return storage;
  }

  /** The next life, after an orderly end of this one. */
  async reopen(storage: LogStorage): Promise<LogStorage> {
    await this.settle(storage.stop());
    return this.start();
  }

  /** The next life, after a sudden end of this one. */
  async crash(losesPower: boolean): Promise<LogStorage> {
    this.fixture.crash?.({ losesPower });
    // Those that were killed can't be stopped.
    this.#made.length = 0;
    return this.start();
  }

  settle<T>(promise: PromiseLike<T>): Promise<T> {
    return this.fixture.settle(promise);
  }

  async read(
    storage: LogStorage,
    group: number,
    from: number,
    to: number,
    maxBytes = 1e9,
  ): Promise<string[]> {
    const read = await this.settle(storage.read(group, from, to, maxBytes));
    assert.deepEqual(
      read.map(({ index }) => index),
      read.map((_, i) => from + i),
    );
    return read.map(textOf);
  }

  async refuses(promise: Promise<unknown>, code: 'ACTOR_ASSERTION' | 'ACTOR_STORAGE_IO'): Promise<void> {
    const error = await this.settle(rejection(promise, 'the call'));
    assert.ok(isActorError(error, code), String(error));
  }

  async close(): Promise<void> {
    for (const storage of this.#made) await this.settle(storage.stop({ deadlineMs: 1_000 }));
    await this.fixture.close();
  }
}

/** Three groups with something in every part of their state. */
async function fill(bench: Bench, storage: LogStorage): Promise<void> {
  const hardState = { term: 3, vote: 'node-ü', commit: 9 };
  await bench.settle(storage.append([{ group: 7, entries: entries(1, 10, 1) }]));
  await bench.settle(
    storage.append([
      { group: 7, truncateAfter: 8, entries: entries(9, 12, 3), hardState },
      { group: 0, hardState: { term: 1, vote: '', commit: 0 } },
      {
        group: 2 ** 32 - 1,
        snapshot: { index: 100, term: 2, data: bytes('mark') },
        resetTo: { index: 100, term: 2 },
      },
    ]),
  );
  await bench.settle(storage.append([{ group: 7, dropThrough: { index: 5, term: 1 } }]));
}

async function checkFilled(bench: Bench, storage: LogStorage): Promise<void> {
  assert.deepEqual(storage.damage(), []);
  assert.deepEqual(storage.groups(), [0, 7, 2 ** 32 - 1]);
  assert.deepEqual(storage.state(7), {
    hardState: { term: 3, vote: 'node-ü', commit: 9 },
    snapshot: undefined,
    base: { index: 5, term: 1 },
    last: { index: 12, term: 3 },
  });
  const others = ['6/1', '7/1', '8/1', '9/3', '10/3', '11/3', '12/3'];
  assert.deepEqual(await bench.read(storage, 7, 6, 12), others);
  assert.deepEqual(
    [4, 5, 6, 9, 12, 13].map((index) => storage.term(7, index)),
    [undefined, 1, 1, 3, 3, undefined],
  );
  assert.deepEqual(storage.state(0), { ...fresh, hardState: { term: 1, vote: '', commit: 0 } });
  const mark = storage.state(2 ** 32 - 1);
  assert.equal(mark.snapshot === undefined ? undefined : textOf(mark.snapshot), 'mark');
  assert.deepEqual([mark.base, mark.last], Array(2).fill({ index: 100, term: 2 }));
}

const claims: readonly Claim<Bench, keyof LogStorageFeatures>[] = [
  {
    name: 'a store that is new has no groups, and zeros for each',
    run: async (bench) => {
      const storage = await bench.start();
      assert.deepEqual(storage.groups(), []);
      assert.deepEqual(storage.damage(), []);
      assert.deepEqual(storage.state(1), fresh);
      assert.equal(storage.term(1, 0), 0);
      assert.equal(storage.term(1, 1), undefined);
    },
  },
  {
    name: 'what was appended to each of many groups is read back',
    run: async (bench) => {
      const storage = await bench.start();
      await fill(bench, storage);
      await checkFilled(bench, storage);
    },
  },
  {
    name: 'entries keep their kind, and data of any length and content',
    run: async (bench) => {
      const storage = await bench.start();
      const sizes = [0, 1, 7, 8, 9, 511, 512, 513, 2_000];
      const written = sizes.flatMap((size, i) => [
        { index: 2 * i + 1, term: 1, kind: 255, data: new Uint8Array(size) },
        { index: 2 * i + 2, term: 1, kind: 0, data: new Uint8Array(size).map((_, at) => at * 31 + i) },
      ]);
      for (const one of written) await bench.settle(storage.append([{ group: 1, entries: [one] }]));
      const read = await bench.settle(storage.read(1, 1, written.length, 1e9));
      assert.deepEqual(
        read.map((one) => ({ ...one, data: [...one.data] })),
        written.map((one) => ({ ...one, data: [...one.data] })),
      );
    },
  },
  {
    name: 'a read gives at least one entry, and then as many as fit',
    run: async (bench) => {
      const storage = await bench.start();
      const tens = Array.from({ length: 5 }, (_, i) => entry(i + 1, 1, '0123456789'));
      await bench.settle(storage.append([{ group: 1, entries: tens }]));
      for (const [maxBytes, count] of [
        [0, 1],
        [19, 1],
        [20, 2],
        [49, 4],
        [50, 5],
      ] as const)
        assert.equal((await bench.read(storage, 1, 1, 5, maxBytes)).length, count, `${maxBytes} bytes`);
      assert.equal((await bench.read(storage, 1, 2, 3)).length, 2);
    },
  },
  {
    name: 'a read outside of the log is refused',
    run: async (bench) => {
      const storage = await bench.start();
      await bench.settle(storage.append([{ group: 1, entries: entries(1, 4, 1) }]));
      await bench.settle(storage.append([{ group: 1, dropThrough: { index: 2, term: 1 } }]));
      for (const [from, to] of [
        [0, 3],
        [2, 3],
        [3, 5],
        [4, 3],
      ] as const)
        await bench.refuses(storage.read(1, from, to, 100), 'ACTOR_ASSERTION');
      await bench.refuses(storage.read(2, 1, 1, 100), 'ACTOR_ASSERTION');
    },
  },
  {
    name: 'a write that does not fit is refused, and with it all others of its append',
    run: async (bench) => {
      const storage = await bench.start();
      await bench.settle(storage.append([{ group: 1, entries: entries(1, 4, 1) }]));
      const good = { group: 2, entries: entries(1, 1, 1) };
      for (const bad of [
        { group: 1, entries: entries(6, 6, 1) },
        { group: 1, entries: entries(4, 4, 1) },
        { group: 1, truncateAfter: 5 },
        { group: 1, truncateAfter: -1 },
        { group: 1, dropThrough: { index: 5, term: 1 } },
        { group: 2 ** 32, entries: entries(1, 1, 1) },
        { group: 1, entries: [{ ...entry(5, 1), kind: 256 }] },
        { group: 1, hardState: { term: -1, vote: '', commit: 0 } },
      ])
        await bench.refuses(storage.append([good, bad]), 'ACTOR_ASSERTION');
      assert.deepEqual(storage.groups(), [1]);
      await bench.settle(storage.append([{ group: 1, entries: entries(5, 5, 1) }]));
      assert.deepEqual(storage.state(1).last, { index: 5, term: 1 });
    },
  },
  {
    name: 'appends that do not wait for each other build on each other, and become durable in order',
    run: async (bench) => {
      const storage = await bench.start();
      const done: number[] = [];
      const appends = Array.from({ length: 20 }, (_, i) =>
        storage
          .append([{ group: i % 2, entries: [entry(Math.floor(i / 2) + 1, 1)] }])
          .then(() => done.push(i)),
      );
      await bench.settle(Promise.all(appends));
      assert.deepEqual(
        done,
        appends.map((_, i) => i),
      );
      assert.deepEqual([storage.state(0).last.index, storage.state(1).last.index], [10, 10]);
    },
  },
  {
    name: 'the data of an append may be used again at once',
    run: async (bench) => {
      const storage = await bench.start();
      const data = bytes('before');
      const append = storage.append([{ group: 1, entries: [{ index: 1, term: 1, kind: 0, data }] }]);
      data.fill(0);
      await bench.settle(append);
      assert.deepEqual(await bench.read(storage, 1, 1, 1), ['before']);
    },
  },
  {
    name: 'a snapshot of another member empties the log, which goes on after it',
    run: async (bench) => {
      const storage = await bench.start();
      await bench.settle(storage.append([{ group: 1, entries: entries(1, 5, 1) }]));
      const snapshot = { index: 50, term: 4, data: bytes('s') };
      await bench.settle(
        storage.append([
          { group: 1, snapshot, resetTo: { index: 50, term: 4 }, entries: entries(51, 52, 4) },
        ]),
      );
      assert.deepEqual(storage.state(1).base, { index: 50, term: 4 });
      assert.deepEqual(storage.state(1).last, { index: 52, term: 4 });
      assert.deepEqual(await bench.read(storage, 1, 51, 52), ['51/4', '52/4']);
    },
  },
  {
    name: 'it is refused before start, and after stop, which may come twice',
    run: async (bench) => {
      const storage = bench.make();
      const early = await bench.settle(rejection(storage.append([]), 'an append before start'));
      assert.ok(isActorError(early, 'ACTOR_NODE_NOT_STARTED'), String(early));
      await bench.settle(storage.start());
      const append = storage.append([{ group: 1, entries: entries(1, 1, 1) }]);
      await bench.settle(Promise.all([storage.stop(), storage.stop()]));
      await bench.settle(append);
      for (const call of [() => storage.append([]), () => storage.read(1, 1, 1, 1), () => storage.start()]) {
        const late = await bench.settle(rejection(call(), 'a call after stop'));
        assert.ok(isActorError(late, 'ACTOR_NODE_STOPPED'), String(late));
      }
    },
  },
  {
    name: "a start with an aborted signal rejects with the signal's reason",
    run: async (bench) => {
      const reason = new RangeError('not now');
      const start = bench.make().start({ signal: AbortSignal.abort(reason) });
      assert.equal(await bench.settle(rejection(start, 'the start')), reason);
    },
  },
  {
    name: 'the next life finds everything, and goes on with it',
    requires: 'durable',
    run: async (bench) => {
      const first = await bench.start();
      assert.equal(first.durable, true);
      await fill(bench, first);
      const second = await bench.reopen(first);
      await checkFilled(bench, second);
      await bench.settle(second.append([{ group: 7, entries: entries(13, 13, 3) }]));
      const third = await bench.reopen(second);
      assert.deepEqual(await bench.read(third, 7, 12, 13), ['12/3', '13/3']);
    },
  },
  {
    name: 'two lives at once are refused, and the second may start once the first has ended',
    requires: 'durable',
    run: async (bench) => {
      const first = await bench.start();
      const second = bench.make();
      const error = await bench.settle(rejection(second.start(), 'the second start'));
      assert.ok(isActorError(error, 'ACTOR_STORAGE_LOCKED'), String(error));
      await bench.settle(first.append([{ group: 1, entries: entries(1, 1, 1) }]));
      await bench.settle(first.stop());
      await bench.settle(second.start());
      assert.deepEqual(await bench.read(second, 1, 1, 1), ['1/1']);
    },
  },
  {
    name: 'a log far larger than what it still needs stays whole through many lives',
    requires: 'durable',
    run: async (bench) => {
      let storage = await bench.start();
      const idle = { group: 2, entries: entries(1, 3, 1), hardState: { term: 1, vote: 'v', commit: 1 } };
      await bench.settle(storage.append([{ ...idle }]));
      for (let at = 0; at < 2_000; at += 10) {
        const more = Array.from({ length: 10 }, (_, i) => entry(at + i + 1, 1, 'x'.repeat(200)));
        await bench.settle(storage.append([{ group: 1, entries: more }]));
        if (at >= 100)
          await bench.settle(storage.append([{ group: 1, dropThrough: { index: at - 50, term: 1 } }]));
        if (at % 500 === 490) storage = await bench.reopen(storage);
      }
      assert.deepEqual(storage.damage(), []);
      assert.deepEqual(storage.state(1).last, { index: 2_000, term: 1 });
      assert.equal((await bench.read(storage, 1, 1_941, 2_000)).length, 60);
      assert.deepEqual(await bench.read(storage, 2, 1, 3), ['1/1', '2/1', '3/1']);
      assert.deepEqual(storage.state(2).hardState, idle.hardState);
    },
  },
  ...[false, true].map((losesPower): Claim<Bench, keyof LogStorageFeatures> => ({
    name: `what was acknowledged outlives ${losesPower ? 'a loss of power' : 'the death of its process'}`,
    requires: 'crashes',
    run: async (bench) => {
      const first = await bench.start();
      await fill(bench, first);
      // Under way, so it may be there or not, but as a whole.
      const lost = first.append([{ group: 7, entries: entries(13, 40, 4), hardState: fresh.hardState }]);
      lost.catch(() => {});
      await bench.fixture.pass(0.1);
      const second = await bench.crash(losesPower);
      assert.deepEqual(second.damage(), []);
      if (second.state(7).last.index === 12) await checkFilled(bench, second);
      else assert.deepEqual(second.state(7).hardState, fresh.hardState);
      await bench.settle(second.append([{ group: 7, truncateAfter: 12, entries: entries(13, 13, 5) }]));
      const third = await bench.crash(losesPower);
      assert.deepEqual(await bench.read(third, 7, 12, 13), ['12/3', '13/5']);
    },
  })),
  {
    name: 'after a sync that failed nothing is taken any more, and the next life has what was acknowledged',
    requires: 'failures',
    run: async (bench) => {
      const first = await bench.start();
      await fill(bench, first);
      bench.fixture.failSync?.();
      await bench.refuses(first.append([{ group: 7, entries: entries(13, 13, 3) }]), 'ACTOR_STORAGE_IO');
      await bench.refuses(first.append([{ group: 7, entries: entries(13, 13, 3) }]), 'ACTOR_STORAGE_IO');
      await checkFilled(bench, first);
      const second = await bench.reopen(first);
      const { index } = second.state(7).last;
      assert.ok(index === 12 || index === 13, `the log ends at ${index}`);
      // What this life found, it answers for: the pages of the failed sync may have been read from memory alone.
      const third = await bench.crash(true);
      assert.equal(third.state(7).last.index, index);
      assert.deepEqual(third.damage(), []);
    },
  },
];

/**
 * The conformance suite for `LogStorage`. `make` gives a fixture with an empty medium of its own. An append of the suite
 * has 3,000 bytes at most, all groups together 200 kB: with files of 16 to 64 KiB it goes through many.
 *
 * @example
 * const suite = logStorageSuite(fixture).filter(({ requires }) => requires === undefined);
 * describe('log storage conformance', () => { for (const c of suite) test(c.name, () => c.run()); });
 */
export function logStorageSuite(
  make: () => Promise<LogStorageFixture>,
): readonly Case<keyof LogStorageFeatures>[] {
  return casesOf(claims, async () => new Bench(await make()));
}
