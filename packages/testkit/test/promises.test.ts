// Each check on a history that keeps its promise, and on ones that break it: a check that can't fail is none.
import { describe, expect, test } from 'vitest';
import {
  checkAccounted,
  checkAtMostOnce,
  checkCounters,
  checkDeathWatch,
  checkHeals,
  checkHistory,
  checkOrder,
  checkSettles,
  checkSuspicion,
  type Fault,
  type Observation,
  type Recorded,
  type Violation,
} from '../src/index.ts';

/** One observation per millisecond. */
const history = (...observations: readonly Observation[]): readonly Recorded[] =>
  observations.map((observation, atMs) => ({ ...observation, atMs }));
const texts = (violations: readonly Violation[]): string[] => violations.map(({ text }) => text);

const process = 'a#1';
const by = 'b#1/worker@1';
const sent = (id: number, what: 'tell' | 'ask' | 'stream' = 'tell'): Observation => ({
  ...{ kind: 'sent', id, what, process },
  ...{ sender: 'a#1/client', receiver: 'b/worker' },
});
const received = (id: number, life = by): Observation => ({
  ...{ kind: 'received', id, process: 'b#1' },
  by: life,
});
const processed = (id: number): Observation => ({ kind: 'processed', id });
const letter = (id: number, isUnknown: boolean): Observation => ({
  ...{ kind: 'dead-letter', id, process, isUnknown },
  reason: isUnknown ? 'link-lost' : 'no-route',
});
const asked = (id: number, deadlineMs = 100, isSure = false): Observation => ({
  ...{ kind: 'asked', id, process, deadlineMs, isSure },
});
const opened = (id: number, to: number): Observation => ({ kind: 'opened', id, process, to });
const item = (id: number, value: number): Observation => ({ kind: 'item', id, value });
const settled = (id: number, rest: Partial<Extract<Observation, { kind: 'settled' }>> = {}): Observation => ({
  ...{ kind: 'settled', id, how: 'value', clockMs: 50, heldMs: 0 },
  ...rest,
});
const crashed = (which: string): Observation => ({ kind: 'process-crashed', process: which });

describe('G1 order', () => {
  test('is kept when messages arrive as they were sent, with gaps, from several senders', () => {
    const other: Observation = {
      ...{ kind: 'sent', id: 9, what: 'tell', process },
      ...{ sender: 'a#1/other', receiver: 'b/worker' },
    };
    expect(
      checkOrder(history(sent(1), sent(2), other, sent(3), received(1), received(3), received(9))),
    ).toEqual([]);
  });

  test('is broken when one overtakes another', () => {
    const violations = checkOrder(history(sent(1), sent(2), received(2), received(1)));
    expect(violations).toMatchObject([{ promise: 'G1' }]);
    expect(texts(violations)).toEqual([
      'a#1/client → b#1/worker@1: message 1 arrived at 3 ms, after one that was sent later.',
    ]);
  });

  test('is kept by a stream that counts, also by one that breaks off', () => {
    const counts = [opened(1, 2), item(1, 1), item(1, 2), settled(1)];
    const breaks = [opened(2, 5), item(2, 1), settled(2, { how: 'error' })];
    expect(checkOrder(history(...counts, ...breaks))).toEqual([]);
  });

  test.each([
    ['leaves a value out', [item(1, 1), item(1, 3)]],
    ['repeats one', [item(1, 1), item(1, 1)]],
    ['ends in order before its last', [item(1, 1), settled(1)]],
  ])('is broken by a stream that %s', (_, rest) => {
    expect(checkOrder(history(opened(1, 4), ...rest))).toMatchObject([{ promise: 'G1' }]);
  });
});

describe('G2 at most once', () => {
  test('is kept when each message runs once or never', () => {
    expect(checkAtMostOnce(history(sent(1), sent(2), received(1)))).toEqual([]);
  });

  test.each(['b#1/worker@1', 'b#2/worker@1', 'c#1/worker@1'])(
    'is broken when it runs again, by %s',
    (life) => {
      const violations = checkAtMostOnce(history(sent(1), received(1), received(1, life)));
      expect(texts(violations)).toEqual([
        `Message 1 ran twice: by b#1/worker@1 at 1 ms, and by ${life} at 2 ms.`,
      ]);
    },
  );
});

describe('G5 settles', () => {
  test('is kept by an answer, an error in time, and a caller that is gone', () => {
    expect(
      checkSettles(
        history(
          ...[sent(1, 'ask'), asked(1), received(1), settled(1)],
          ...[asked(2), settled(2, { how: 'error', clockMs: 104 })],
          ...[asked(3), crashed(process)],
        ),
      ),
    ).toEqual([]);
  });

  test('allows for the time in which the process could do nothing', () => {
    expect(checkSettles(history(asked(1), settled(1, { how: 'error', clockMs: 400, heldMs: 300 })))).toEqual(
      [],
    );
  });

  test.each([
    ['never', [asked(1)], /never settled/],
    ['late', [asked(1), settled(1, { how: 'error', clockMs: 110 })], /10\.0 ms after its deadline/],
    ['twice', [asked(1), received(1), settled(1), settled(1)], /twice/],
    ['with an answer to what nobody received', [asked(1), settled(1)], /nobody has received/],
  ])('is broken by an ask that settles %s', (_, seen, text) => {
    expect(checkSettles(history(...seen))).toEqual([{ promise: 'G5', text: expect.stringMatching(text) }]);
  });

  test('is broken by a stream that hangs', () => {
    expect(texts(checkSettles(history(opened(1, 3), item(1, 1))))).toEqual([
      'Stream 1 of a#1 has never settled.',
    ]);
  });
});

describe('G6 death watch', () => {
  const watcher = 'a#1/watcher@1';
  const watched = (watch = 1, isMember = true): Observation => ({
    ...{ kind: 'watched', watch, watcher, isMember },
    target: by,
  });
  const told = (watch = 1): Observation => ({ kind: 'terminated', watch, watcher, address: 'b/worker' });
  const ended: Observation = { kind: 'ended', life: by };
  const unwatched: Observation = { kind: 'unwatched', watch: 1 };
  const lost: Observation = { kind: 'node-lost', process, nodeId: 'b', why: 'unreachable' };
  const rest: Observation[] = [{ kind: 'calm' }, { kind: 'at-rest' }];

  test.each([
    ['the end of an actor', [watched(), ended, told(), ...rest]],
    ['the crash of its process', [watched(), crashed('b#1'), told(), ...rest]],
    ['the loss of its node', [watched(), lost, told(), ...rest]],
    ['one that was gone already', [ended, watched(), told(), ...rest]],
    ['a node that is no member', [watched(1, false), told(), ...rest]],
    ['one that lives', [watched(), ...rest]],
    ['one that ended after unwatch', [watched(), unwatched, ended, ...rest]],
    ['a watcher that is gone itself', [watched(), crashed(process), ended, ...rest]],
    ['one that ends when the whole cluster stops', [watched(), ...rest, ended]],
  ])('is kept for %s', (_, seen) => {
    expect(checkDeathWatch(history(...seen))).toEqual([]);
  });

  test.each([
    ['never, on stop', [watched(), ended, ...rest], /never told/],
    ['never, on a crash', [watched(), crashed('b#1'), ...rest], /never told/],
    ['twice', [watched(), ended, told(), told(), ...rest], /told twice/],
    ['after unwatch', [watched(), unwatched, ended, told(), ...rest], /after unwatch/],
    ['without a watch', [ended, told(0), ...rest], /no watch open/],
    ['without a cause', [watched(), told(), ...rest], /nothing had happened/],
  ])('is broken when a watcher is told %s', (_, seen, text) => {
    expect(checkDeathWatch(history(...seen))).toEqual([{ promise: 'G6', text: expect.stringMatching(text) }]);
  });

  test('is broken when a watcher is not told what its node has long known, before it gives up', () => {
    const seen = history(watched(), lost, unwatched, ...rest);
    const late = seen.map((one) => (one.kind === 'unwatched' ? { ...one, atMs: 5_000 } : one));
    expect(checkDeathWatch(seen)).toEqual([]);
    expect(texts(checkDeathWatch(late))).toEqual([expect.stringMatching(/not told in time/)]);
  });
});

describe('G7 heals', () => {
  const metadata = { zone: 'x' };
  const member = (nodeId: string, incarnation: number, status: 'alive' | 'suspect' = 'alive') => ({
    ...{ nodeId, incarnation, status, metadata: {} },
  });
  const view = (nodeId: string, members = [member('a', 1), member('b', 2)]) => ({
    ...{ nodeId, status: 'running' as const, incarnation: nodeId === 'a' ? 1 : 2, metadata: {}, members },
  });

  test('is kept when all who run see each other', () => {
    expect(checkHeals([view('a'), view('b')], [])).toEqual([]);
  });

  test.each([
    ['somebody is missing', [view('a'), view('b', [member('b', 2)])]],
    ['somebody is suspect', [view('a'), view('b', [member('a', 1, 'suspect'), member('b', 2)])]],
    ['an old life is seen', [view('a'), view('b', [member('a', 0), member('b', 2)])]],
    ['the dead are seen', [view('a'), view('b', [member('a', 1), member('b', 2), member('c', 3)])]],
    [
      'old metadata is seen',
      [{ ...view('a', [{ ...member('a', 1), metadata }, member('b', 2)]), metadata }, view('b')],
    ],
    ['somebody does not run', [view('a'), { ...view('b'), status: 'joining' as const }]],
  ])('is broken when %s', (_, views) => {
    expect(checkHeals(views, [])).toEqual([{ promise: 'G7', text: expect.stringMatching(/^b is /) }]);
  });

  test('is broken when the healed cluster does not answer', () => {
    const seen = history(asked(1, 100, true), settled(1, { how: 'error', code: 'ACTOR_NO_ROUTE' }));
    expect(texts(checkHeals([], seen))).toEqual([
      'Ask 1 of a#1 failed with ACTOR_NO_ROUTE in a cluster that is whole.',
    ]);
  });
});

describe('G8 accounted', () => {
  test.each([
    ['is processed', [received(1), processed(1)]],
    ['is a dead letter', [letter(1, false)]],
    ['is reported as unknown', [letter(1, true)]],
    ['ran, and is reported as unknown', [received(1), processed(1), letter(1, true)]],
    ['is settled with an error', [asked(1), settled(1, { how: 'error', outcome: 'unknown' })]],
    ['died with its receiver', [received(1), crashed('b#1')]],
    ['died with its sender', [crashed('a#1')]],
  ])('is kept by a message that %s', (_, seen) => {
    expect(checkAccounted(history(sent(1), ...seen))).toEqual([]);
  });

  test.each([
    ['vanishes', [], /vanished without a word/],
    ['vanishes although somebody else died', [crashed('c#1')], /vanished/],
    ['begins and does not end', [received(1)], /did not end/],
    [
      'ran, and is a dead letter',
      [received(1), processed(1), letter(1, false)],
      /reported as lost: no-route/,
    ],
    [
      'ran, and its sender was told that it did not',
      [received(1), processed(1), settled(1, { how: 'error', code: 'ACTOR_TERMINATED', outcome: 'none' })],
      /ACTOR_TERMINATED to its sender/,
    ],
    ['is a dead letter twice', [letter(1, false), letter(1, false)], /more than once/],
  ])('is broken by a message that %s', (_, seen, text) => {
    expect(checkAccounted(history(sent(1), ...seen))).toEqual([
      { promise: 'G8', text: expect.stringMatching(text) },
    ]);
  });

  const stats = (sum: readonly [number, number, number, number]) => {
    const [all, done, deadLettered, reportedUnknown] = sum;
    return new Map([['a#1', { sent: all, processed: done, deadLettered, reportedUnknown }]]);
  };

  test('holds the counters to it', () => {
    expect(checkCounters(stats([6, 3, 2, 1]), false)).toEqual([]);
    expect(checkCounters(stats([6, 4, 2, 3]), false)).toEqual([]);
    expect(checkCounters(stats([6, 3, 2, 0]), true)).toEqual([]);
    expect(texts(checkCounters(stats([6, 3, 2, 0]), false))).toEqual([
      expect.stringMatching(/1 have vanished/),
    ]);
    expect(texts(checkCounters(stats([6, 4, 3, 0]), true))).toEqual([expect.stringMatching(/counted twice/)]);
  });
});

describe('a busy node is not a dead node', () => {
  const pause = (node: string, forMs: number): Fault => ({
    ...{ kind: 'pause', atMs: 0, forMs, node, suspended: false },
  });
  const lost = history({ kind: 'node-lost', process, nodeId: 'b', why: 'unreachable' });

  test('is kept by the loss of one that was cut off, killed or asleep for long', () => {
    const partition: Fault = { kind: 'partition', atMs: 0, forMs: 1, groups: [['a'], ['b']] };
    expect(checkSuspicion(lost, { faults: [partition] })).toEqual([]);
    expect(checkSuspicion(lost, { faults: [{ kind: 'crash', atMs: 0, forMs: 1, node: 'b' }] })).toEqual([]);
    expect(checkSuspicion(lost, { faults: [pause('b', 3_000)] })).toEqual([]);
  });

  test('is broken by the loss of one that was not, also when the other side has slept', () => {
    const [missing, sleeper] = [{ faults: [] }, { faults: [pause('a', 3_000), pause('b', 300)] }];
    for (const schedule of [missing, sleeper]) {
      expect(texts(checkSuspicion(lost, schedule))).toEqual([
        'a#1 lost b at 0 ms (unreachable), and nothing had cut it off.',
      ]);
    }
  });
});

test('a whole history is held to all promises at once', () => {
  const seen = history(sent(1), sent(2), received(2), received(1), received(1), asked(3));
  expect(new Set(checkHistory(seen).map(({ promise }) => promise))).toEqual(
    new Set(['G1', 'G2', 'G5', 'G8']),
  );
});
