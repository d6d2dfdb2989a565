// Two lives of a node must never have one incarnation: their sessions would be taken for one another.
import { actor, ask, protocol } from '@actor/core';
import { expect, test } from 'vitest';
import { World } from './world.ts';

const Echo = protocol('echo', { same: ask<number, number>() });
const echo = actor(Echo, { on: { same: (_ctx, number) => number } });

test('two lives of a node whose clock went back are told apart, also by nodes that each have met one of them', async () => {
  const world = new World();
  const [a] = await world.of('abc');
  const first = world.seat('b').cluster.self().incarnation;
  world.crash('b');
  await world.sees('a', 'dead b');
  await world.sees('c', 'dead b');

  const without = world.network.partition(['a', 'b'], ['c']);
  const second = await world.start('b', { runtime: world.simulation.runtime('b', { offsetMs: -3_600_000 }) });
  second.registerActor(echo, { name: 'echo' });
  await world.agree('ab');
  const ref = a?.ref(Echo, 'memory://b.test:1/echo');
  for (let number = 0; number < 10; number += 1) {
    expect(await world.simulation.settle(ref?.ask.same(number) ?? Promise.reject())).toBe(number);
  }
  const secondly = second.self().incarnation;
  world.crash('b');
  world.network.partition(['b', 'c'], ['a']);
  without();

  const third = await world.start('b', { runtime: world.simulation.runtime('b', { offsetMs: -3_600_000 }) });
  third.registerActor(echo, { name: 'echo' });
  await world.agree('bc');
  expect(secondly).toBeGreaterThan(first);
  expect(third.self().incarnation).toBeGreaterThan(first);
  expect(third.self().incarnation).not.toBe(secondly);
  world.network.heal();
  await world.agree('abc');
  expect(await world.simulation.settle(ref?.ask.same(7) ?? Promise.reject())).toBe(7);
});
