import { describe, expect, test } from 'vitest';
import { formatAddress, type NodeAddress } from '@actor/core';
import { Seeds, type ListOptions } from '../src/seeds.ts';

const at = (host: string): NodeAddress => ({ host, port: 1 });
const listed = (seeds: Seeds, options: Partial<ListOptions> = {}): string[] =>
  seeds.list({ discovered: [], except: [], ...options }).map(formatAddress);

describe('seeds', () => {
  test('are those of discovery, of the config and those remembered, each once, but for the excepted', () => {
    const seeds = new Seeds([at('a'), at('b')]);
    seeds.remember([at('b'), at('c')]);
    expect(listed(seeds, { discovered: [at('d'), at('a')], except: [at('c')] })).toEqual([
      'd:1',
      'a:1',
      'b:1',
    ]);
  });

  test('that left are forgotten, those of the config never', () => {
    const seeds = new Seeds([at('a')]);
    seeds.remember([at('b')]);
    seeds.forget(at('a'));
    seeds.forget(at('b'));
    expect(listed(seeds)).toEqual(['a:1']);
  });

  test('that are remembered are bounded, and in a small round they take turns', () => {
    const seeds = new Seeds([]);
    seeds.remember(Array.from({ length: 70 }, (_, index) => at(`n${index}`)));
    expect(listed(seeds)).toHaveLength(64);
    const rounds = Array.from({ length: 32 }, () => listed(seeds, { rememberedMax: 2 })).flat();
    expect(new Set(rounds).size).toBe(64);
  });
});
