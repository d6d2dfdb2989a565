import { describe, expect, test } from 'vitest';

import { RandomStream } from '../../src/testkit/index.ts';

describe('a random stream', () => {
  test('repeats itself for one seed and differs for the next', () => {
    const draw = (seed: number): number[] =>
      Array.from(
        { length: 20 },
        (
          (s) => () =>
            s.bits()
        )(new RandomStream(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('gives a fork that does not depend on what was drawn before', () => {
    const parent = new RandomStream(1);
    const before = parent.fork('x').next();
    parent.next();
    expect(parent.fork('x').next()).toBe(before);
    expect(parent.fork('y').next()).not.toBe(before);
  });

  test('fills its ranges evenly', () => {
    const stream = new RandomStream(5);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i += 1) {
      const drawn = stream.below(10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(1_800);
    let sum = 0;
    for (let i = 0; i < 20_000; i += 1) sum += stream.exponential(8);
    expect(sum / 20_000).toBeGreaterThan(7.5);
    expect(sum / 20_000).toBeLessThan(8.5);
    const between = stream.between(3, 4);
    expect(between >= 3 && between < 4).toBe(true);
  });

  test('draws for a certain outcome too, so that switching a fault off does not reshuffle the rest', () => {
    const never = new RandomStream(1);
    const always = new RandomStream(1);
    expect(never.chance(0)).toBe(false);
    expect(always.chance(1)).toBe(true);
    expect(never.next()).toBe(always.next());
  });

  test('shuffles to a permutation and leaves the original alone', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new RandomStream(2).shuffle(values);
    expect(values).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(shuffled).not.toEqual(values);
    expect([...shuffled].toSorted((a, b) => a - b)).toEqual(values);
    expect(values).toContain(new RandomStream(2).pick(values));
    expect(new RandomStream(2).bytes(5)).toHaveLength(5);
  });
});
