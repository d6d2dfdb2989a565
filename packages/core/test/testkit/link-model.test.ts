import { describe, expect, test } from 'vitest';

import { type Fate, type LinkConditions, LinkModel, RandomStream } from '../../src/testkit/index.ts';

const model = (conditions: Partial<LinkConditions> = {}): LinkModel =>
  new LinkModel(new RandomStream(1), conditions);
const fates = (of: LinkModel, count: number, nowMs = 0): Fate[] =>
  Array.from({ length: count }, () => of.fate({ from: 'a', to: 'b', bytes: 10, nowMs }));

describe('a link model', () => {
  test('brings each packet once and at once when nothing is set', () => {
    expect(fates(model(), 3)).toEqual(
      Array.from({ length: 3 }, () => ({
        arrivals: [{ delayMs: 0, isOrdered: true, corruptAt: undefined }],
        isReset: false,
      })),
    );
  });

  test('draws delays from a minimum and an exponential rest', () => {
    const delays = fates(model({ delayMinMs: 5, delayMeanMs: 20 }), 5_000).map(
      ({ arrivals }) => arrivals[0]?.delayMs ?? 0,
    );
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(mean).toBeGreaterThan(23);
    expect(mean).toBeLessThan(27);
  });

  test.each([
    { lossRate: 1 },
    { duplicationRate: 1 },
    { reorderRate: 1 },
    { corruptionRate: 1 },
    { resetRate: 1 },
  ])('leaves the luck of later packets alone when %o comes and goes', (condition) => {
    const [undisturbed, disturbed] = [model({ delayMeanMs: 10 }), model({ delayMeanMs: 10 })];
    fates(undisturbed, 10);
    disturbed.set(condition);
    fates(disturbed, 10);
    const [name = ''] = Object.keys(condition);
    disturbed.set({ [name]: 0 });
    expect(fates(disturbed, 10)).toEqual(fates(undisturbed, 10));
  });

  test('leaves the luck of later packets alone when a partition comes and goes', () => {
    const [undisturbed, disturbed] = [
      model({ delayMeanMs: 10, lossRate: 0.5 }),
      model({ delayMeanMs: 10, lossRate: 0.5 }),
    ];
    fates(undisturbed, 10);
    const mend = disturbed.cut(() => true);
    expect(fates(disturbed, 10).flatMap(({ arrivals }) => arrivals)).toEqual([]);
    mend();
    expect(fates(disturbed, 10)).toEqual(fates(undisturbed, 10));
  });

  test('gives each direction a luck of its own', () => {
    const links = model({ delayMeanMs: 10 });
    const there = links.fate({ from: 'a', to: 'b', bytes: 1, nowMs: 0 });
    expect(links.fate({ from: 'b', to: 'a', bytes: 1, nowMs: 0 })).not.toEqual(there);
  });

  test('lets what was set later win, and keeps what it does not name', () => {
    const links = model({ delayMinMs: 1, lossRate: 0.1 });
    links.set({ delayMinMs: 2 }, { to: 'b' });
    links.set({ delayMinMs: 3 }, { from: 'a' });
    expect(links.conditions('a', 'b')).toMatchObject({ delayMinMs: 3, lossRate: 0.1 });
    expect(links.conditions('c', 'b').delayMinMs).toBe(2);
    expect(links.conditions('c', 'd').delayMinMs).toBe(1);
    links.set({ lossRate: 0.5 }, { to: 'b' });
    expect(links.conditions('a', 'b')).toMatchObject({ delayMinMs: 2, lossRate: 0.5 });
  });

  test('holds packets back while their link is clogged, and behind each other at a low bandwidth', () => {
    const links = model({ bandwidthBytesPerMs: 2 });
    const delays = fates(links, 3).map(({ arrivals }) => arrivals[0]?.delayMs);
    expect(delays).toEqual([5, 10, 15]);
    links.clog({ to: 'b' }, 100);
    links.clog({ to: 'z' }, 500);
    expect(fates(links, 1, 40)[0]?.arrivals[0]?.delayMs).toBe(60);
    expect(fates(links, 1, 200)[0]?.arrivals[0]?.delayMs).toBe(5);
  });

  test('cuts no node off from itself, and heals as a whole', () => {
    const links = model();
    links.cut((from) => from === 'a');
    expect([links.isCut('a', 'b'), links.isCut('b', 'a'), links.isCut('a', 'a')]).toEqual([
      true,
      false,
      false,
    ]);
    links.heal();
    expect(links.isCut('a', 'b')).toBe(false);
  });
});
