// The order of a node's life from outside: what is called twice, too early, too late or at the same time.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, protocol, tell } from '@actor/core';
import type { ClusterEvent } from '../src/index.ts';
import { World } from './world.ts';

const Idle = protocol('idle', { poke: tell<void>() });
const idle = actor(Idle, { on: { poke: () => {} } });
const gone = { code: 'ACTOR_NODE_STOPPED', outcome: 'none' };

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

describe('a node that has stopped', () => {
  test('does not start again, join or spawn, and says so', async () => {
    const a = await world.start('a');
    await world.simulation.settle(a.stop());
    await expect(a.start()).rejects.toMatchObject(gone);
    await expect(a.join(['b.test:1'])).rejects.toMatchObject(gone);
    expect(() => a.registerActor(idle, { name: 'idle' })).toThrow(expect.objectContaining(gone));
    expect(a.members()).toEqual([]);
    expect(a.inspect()).toMatchObject({ status: 'stopped', address: undefined });
    await world.simulation.settle(a.leave());
    await world.simulation.settle(a.stop());
    expect(a.status()).toBe('stopped');
  });

  test('leaves its address to another node of the same name', async () => {
    const a = await world.start('a');
    await world.simulation.settle(a.stop());
    const again = await world.start('a');
    expect(again.status()).toBe('running');
  });
});

describe('a node that leaves', () => {
  test('leaves once, however often it is told', async () => {
    const [, b] = await world.of('ab');
    if (b === undefined) throw new Error('no node');
    expect(b.leave()).toBe(b.leave());
    await world.simulation.settle(b.leave());
    await world.simulation.settle(b.leave({ deadlineMs: 0 }));
    expect(world.story('a').filter((each) => each === 'left b')).toHaveLength(1);
    expect(world.story('b').filter((each) => each === 'leaving')).toHaveLength(1);
    await expect(b.start()).rejects.toMatchObject(gone);
  });

  test('and is stopped meanwhile does both, once', async () => {
    const [, b] = await world.of('ab');
    if (b === undefined) throw new Error('no node');
    const left = b.leave();
    await world.simulation.settle(Promise.all([left, b.stop()]));
    expect(b.status()).toBe('stopped');
    expect(world.story('a').filter((each) => each.endsWith('b'))).toEqual(['up b', 'left b']);
  });

  test('during its start gives the start up', async () => {
    const a = world.make('a');
    const start = a.start();
    await world.simulation.advance(100);
    const leave = a.leave();
    await expect(world.simulation.settle(start)).rejects.toMatchObject(gone);
    await world.simulation.settle(leave);
    expect(a.members()).toEqual([]);
    await world.simulation.settle(a.stop());
    expect(a.status()).toBe('stopped');
  });

  test('before its start never starts', async () => {
    const a = world.make('a');
    await world.simulation.settle(a.leave());
    await expect(a.start()).rejects.toMatchObject(gone);
    await world.simulation.settle(a.stop());
    expect(a.status()).toBe('stopped');
  });
});

test('a node that could not start is stopped all the same, also by going out of scope', async () => {
  await world.start('a');
  const taken = world.make('b', { host: 'a.test' });
  const scope = async (): Promise<void> => {
    await using cluster = taken;
    await cluster.start();
  };
  await expect(world.simulation.settle(scope())).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
  expect(taken.status()).toBe('stopped');
  expect(world.node('a').status()).toBe('running');
});

test('a feed of events ends by its signal, and the others go on', async () => {
  const a = await world.start('a', { joinAddresses: [] });
  const controller = new AbortController();
  const seen: ClusterEvent[] = [];
  const watching = (async () => {
    for await (const event of a.events({ signal: controller.signal })) seen.push(event);
  })();
  controller.abort();
  await world.simulation.settle(watching);
  await world.start('b', { joinAddresses: ['a.test:1'] });
  await world.agree('ab');
  expect(seen).toEqual([]);
  expect(world.story('a')).toContain('up b');
  // One that was over before it began.
  const late = a.events({ signal: controller.signal });
  expect(await world.simulation.settle(late.next())).toMatchObject({ done: true });
});

test('wall clocks that jump, to either side, cost nobody a life', async () => {
  const clusters = await world.of('abc');
  const before = clusters.map((cluster) => cluster.self().incarnation);
  world.seat('a').runtime.jump(86_400_000);
  world.seat('b').runtime.jump(-86_400_000);
  await world.simulation.advance(60_000);
  expect(clusters.map((cluster) => cluster.self().incarnation)).toEqual(before);
  for (const name of 'abc') {
    expect(world.view(name)).toBe('abc');
    expect(world.story(name).filter((each) => /suspect|dead/.test(each))).toEqual([]);
  }
});
