// Whole clusters under everything that a network and machines do to them, a seed each. `SEED=7 RUNS=1` replays one.

import { expect, test } from 'vitest';
import { World } from './world.ts';

const names = 'abcde';
const pauseMaxMs = 20_000;
const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['RUNS'] ?? 6) }, (_, index) => first + index);

/** Does something bad to the world; what it returns undoes it. */
function strike(world: World, random: { next(): number }): () => void {
  const pick = (): string => names.charAt(Math.floor(random.next() * names.length));
  const victim = pick();
  const others = [...names].filter((name) => name !== victim);
  const noMend = (): void => {};
  switch (Math.floor(random.next() * 8)) {
    case 0:
      return world.network.halves([...names]).mend;
    case 1:
      return world.network.bridge([...names]).mend;
    case 2:
      return world.network.oneWay([victim], others);
    case 3:
      return world.network.oneWay(others, [victim]);
    case 4:
      world.network.setLoss(0.3);
      return () => world.network.setLoss(0);
    case 5:
      world.simulation.pause(victim, random.next() * pauseMaxMs, { suspended: random.next() < 0.5 });
      return noMend;
    case 6:
      world.seat(victim).runtime.jump((random.next() - 0.5) * 7_200_000);
      return noMend;
    default: {
      world.crash(victim);
      const restarted = world.make(victim).start();
      // Should it fail, the cluster is not whole in the end, and that is what is looked at.
      restarted.catch(() => {});
      return noMend;
    }
  }
}

test.each(seeds)('G7 heals: after a storm the cluster is whole and quiet, seed %i', async (seed) => {
  const world = new World(seed);
  const random = world.simulation.random('storm');
  await world.of(names);
  const mends: (() => void)[] = [];
  for (let round = 0; round < 8; round += 1) {
    mends.push(strike(world, random));
    await world.simulation.advance(random.next() * 20_000);
    // Some faults overlap.
    if (random.next() < 0.5) for (const mend of mends.splice(0)) mend();
  }
  for (const mend of mends) mend();
  // The longest pause ends by itself.
  await world.simulation.advance(pauseMaxMs);
  await world.agree(names, 120_000);
  const stories = [...names].map((name) => world.story(name));
  await world.simulation.advance(30_000);
  expect([...names].map((name) => world.story(name))).toEqual(stories);
  await world.stop();
});
