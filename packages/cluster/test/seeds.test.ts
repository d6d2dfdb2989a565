import { describe, expect, test } from 'vitest';
import { formatAddress, silentLogger, type Discovery, type NodeAddress } from '@actor/core';
import { Seeds, type FindOptions } from '../src/seeds.ts';
import { LogBook } from './world.ts';

const at = (host: string): NodeAddress => ({ host, port: 1 });
const { signal } = new AbortController();
const found = async (seeds: Seeds, options: Partial<FindOptions> = {}, discovery?: Discovery) =>
  (await seeds.find(discovery, { except: [], signal, ...options })).map(formatAddress);
const discovering = (answer: () => Promise<readonly NodeAddress[]>): Discovery => ({
  complete: true,
  discover: async () => (await answer()).map((address) => ({ address })),
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('unused')) }) }),
  register: () => Promise.resolve(),
  deregister: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

describe('seeds', () => {
  test('are those of discovery, of the config and those remembered, each once, but for the excepted', async () => {
    const seeds = new Seeds([at('a'), at('b')], silentLogger);
    seeds.remember([at('b'), at('c')]);
    const discovery = discovering(() => Promise.resolve([at('d'), at('a')]));
    expect(await found(seeds, { except: [at('c')] }, discovery)).toEqual(['d:1', 'a:1', 'b:1']);
  });

  test('that left are forgotten, those of the config never', async () => {
    const seeds = new Seeds([at('a')], silentLogger);
    seeds.remember([at('b')]);
    seeds.forget(at('a'));
    seeds.forget(at('b'));
    expect(await found(seeds)).toEqual(['a:1']);
  });

  test('that are remembered are bounded, and in a small round they take turns', async () => {
    const seeds = new Seeds([], silentLogger);
    seeds.remember(Array.from({ length: 70 }, (_, index) => at(`n${index}`)));
    expect(await found(seeds)).toHaveLength(64);
    const rounds = [];
    for (let round = 0; round < 32; round += 1) rounds.push(...(await found(seeds, { rememberedMax: 2 })));
    expect(new Set(rounds).size).toBe(64);
  });

  test('are what is known when discovery can’t be asked, and that is said', async () => {
    const book = new LogBook();
    const seeds = new Seeds([at('a')], book.logger);
    const discovery = discovering(() => Promise.reject(new Error('no registry')));
    expect(await found(seeds, {}, discovery)).toEqual(['a:1']);
    expect(book.at('warn')).toHaveLength(1);
    const aborted = found(seeds, { signal: AbortSignal.abort('enough') }, discovery);
    await expect(aborted).rejects.toBe('enough');
  });
});
