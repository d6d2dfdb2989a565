// As cluster.sim.test.ts, with clusters of two to seven nodes. A file of its own, so that another worker runs it.
import { describe, expect, test } from 'vitest';
import { simulate } from '../src/index.ts';
import { seeds } from './seeds.ts';

describe('clusters of any size keep G1, G2, G5, G6, G7 and G8', () => {
  test.each(seeds({ first: 101, fixed: 20, fresh: 5 }))('with seed %i', { timeout: 60_000 }, async (seed) => {
    const nodes = 2 + (seed % 6);
    const replayCommand = `pnpm sim cluster --seeds 1 --first-seed ${seed} --nodes ${nodes}`;
    const { stats } = await simulate({ seed, nodes, replayCommand });
    expect(stats.virtualMs).toBeGreaterThanOrEqual(30_000);
  });
});
