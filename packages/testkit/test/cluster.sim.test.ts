// Five nodes that tell, ask, stream to and watch each other for thirty virtual seconds while everything goes wrong.
import { describe, expect, test } from 'vitest';
import { simulate } from '../src/index.ts';
import { seeds } from './seeds.ts';

describe('five nodes keep G1, G2, G5, G6, G7 and G8', () => {
  test.each(seeds({ first: 1, fixed: 20, fresh: 5 }))('with seed %i', { timeout: 60_000 }, async (seed) => {
    const replayCommand = `pnpm sim cluster --seeds 1 --first-seed ${seed} --nodes 5`;
    const { stats } = await simulate({ seed, nodes: 5, replayCommand });
    expect(stats.virtualMs).toBeGreaterThanOrEqual(30_000);
  });
});
