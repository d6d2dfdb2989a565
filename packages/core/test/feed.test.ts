import { describe, expect, test } from 'vitest';

import { FeedSource } from '../src/index.ts';

const end = { value: undefined, done: true };
const item = <T>(value: T) => ({ value, done: false });

describe('a feed', () => {
  test('gives each reader every value from the moment it was opened', async () => {
    const source = new FeedSource<number>();
    source.publish(0);
    const [one, two] = [source.open(), source.open()];
    expect(source.readers).toBe(2);
    source.publish(1);
    source.publish(2);
    expect([await one.next(), await one.next()]).toEqual([item(1), item(2)]);
    expect(await two.next()).toEqual(item(1));
    const waiting = one.next();
    source.publish(3);
    expect(await waiting).toEqual(item(3));
  });

  test('answers waiting readers in the order in which they asked', async () => {
    const source = new FeedSource<number>();
    const reader = source.open();
    const [first, second] = [reader.next(), reader.next()];
    source.publish(1);
    source.publish(2);
    expect([await first, await second]).toEqual([item(1), item(2)]);
  });

  test('drops the oldest for a reader that is behind, and says how many', async () => {
    const source = new FeedSource<number>();
    const [slow, quick] = [source.open({ bufferMax: 3 }), source.open()];
    for (let i = 0; i < 10; i += 1) source.publish(i);
    expect(slow.missed).toBe(7);
    expect(quick.missed).toBe(0);
    expect([await slow.next(), await slow.next(), await slow.next()]).toEqual([item(7), item(8), item(9)]);
    source.publish(10);
    expect(await slow.next()).toEqual(item(10));
    expect(slow.missed).toBe(7);
  });

  test('keeps the order over many values, read in bursts', async () => {
    const source = new FeedSource<number>();
    const reader = source.open({ bufferMax: 500 });
    const got: number[] = [];
    for (let i = 0; i < 5_000; i += 1) {
      source.publish(i);
      if (i % 300 === 299) {
        for (let n = 0; n < 300; n += 1) got.push((await reader.next()).value as number);
      }
    }
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => i));
    expect(got).toHaveLength(4_800);
    expect(reader.missed).toBe(0);
  });

  test('keeps 1,024 values when not told otherwise', () => {
    const source = new FeedSource<number>();
    const reader = source.open();
    for (let i = 0; i < 1_025; i += 1) source.publish(i);
    expect(reader.missed).toBe(1);
  });

  test('ends after what is buffered when its source closes, and so does a later reader at once', async () => {
    const source = new FeedSource<number>();
    const [ahead, behind] = [source.open(), source.open()];
    const waiting = ahead.next();
    source.publish(1);
    expect(await waiting).toEqual(item(1));
    const last = ahead.next();
    source.close();
    source.publish(2);
    expect(await last).toEqual(end);
    expect([await behind.next(), await behind.next()]).toEqual([item(1), end]);
    expect(await source.open().next()).toEqual(end);
    expect(source.readers).toBe(0);
  });

  test('ends by its signal without throwing, and drops what is buffered', async () => {
    const source = new FeedSource<number>();
    const controller = new AbortController();
    const reader = source.open({ signal: controller.signal });
    const other = source.open();
    source.publish(1);
    controller.abort(new RangeError('enough'));
    expect(await reader.next()).toEqual(end);
    expect(source.readers).toBe(1);
    expect(await other.next()).toEqual(item(1));
    expect(await source.open({ signal: controller.signal }).next()).toEqual(end);
  });

  test('lets its reader go when the loop is left, or the reader disposed of', async () => {
    const source = new FeedSource<number>();
    const reader = source.open();
    source.publish(1);
    source.publish(2);
    for await (const value of reader) {
      expect(value).toBe(1);
      break;
    }
    expect(source.readers).toBe(0);
    expect(await reader.next()).toEqual(end);
    const disposed = source.open();
    const waiting = disposed.next();
    await disposed[Symbol.asyncDispose]();
    expect(await waiting).toEqual(end);
    expect(source.readers).toBe(0);
  });

  test('may be closed by a reader while it publishes', async () => {
    const source = new FeedSource<number>();
    const [one, two] = [source.open(), source.open()];
    const left = one.next().then(() => two.return?.());
    source.publish(1);
    await left;
    source.publish(2);
    expect(source.readers).toBe(1);
    expect(await one.next()).toEqual(item(2));
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity])('refuses a bufferMax of %s', (bufferMax) => {
    expect(() => new FeedSource().open({ bufferMax })).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', details: { path: 'bufferMax' } }),
    );
  });
});
