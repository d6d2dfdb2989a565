import { actor, ask, protocol, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { failureOf, type TestNode, World } from './remoting-world.ts';
import { World as ClusterWorld } from './world.ts';

const Box = protocol('box', { put: tell<unknown>(), echo: ask<unknown, unknown>(), stop: tell<void>() });
const box = actor(Box, {
  on: { put: () => {}, echo: (_ctx, value) => value, stop: (ctx) => ctx.stop() },
});
const Watch = protocol('watch', { on: tell<void>(), off: tell<void>() });

/** An actor of `node` that watches the box at the address, and tells `ended` of its end. */
function watch(node: TestNode, address: string, ended: string[]) {
  const ref = node.system.ref(Box, address);
  const watcher = actor(Watch, {
    on: { on: (ctx) => ctx.watch(ref), off: (ctx) => ctx.unwatch(ref) },
    onTerminated: (_ctx, gone) => void ended.push(gone.address),
  });
  const spawned = node.system.spawn(watcher);
  spawned.tell.on();
  return spawned;
}

describe('an address under which a member was dialled', () => {
  test('leads to that member, for asks and watches alike', async () => {
    const world = new World();
    const a = await world.start('a', 1, undefined, { aliases: { 'other.name:7': 'b' } });
    const b = await world.start('b');
    world.meet(a, b);
    b.system.spawn(box, { name: 'box' });
    const alias = 'memory://other.name:7/box';
    const ref = a.system.ref(Box, alias);
    expect(await world.sim.settle(ref.ask.echo(1))).toBe(1);
    const ended: string[] = [];
    watch(a, alias, ended);
    await world.sim.advance(10);
    ref.tell.stop();
    await world.sim.advance(50);
    expect(ended).toEqual([alias]);
    world.part(a, b);
    expect(ref.tell.put(1)).toBe('no-route');
  });

  test('may be the own one: the message stays here', async () => {
    const world = new World();
    const a = await world.start('a', 1, undefined, { aliases: { 'localhost:1': 'a' } });
    a.system.spawn(box, { name: 'box' });
    const ref = a.system.ref(Box, 'memory://localhost:1/box');
    expect(await world.sim.settle(ref.ask.echo('here'))).toBe('here');
    const ended: string[] = [];
    watch(a, 'memory://localhost:1/box', ended);
    const other = watch(a, 'memory://localhost:1/box', ended);
    await world.sim.advance(1);
    other.tell.off();
    await world.sim.advance(1);
    ref.tell.stop();
    await world.sim.advance(10);
    expect(ended).toEqual(['memory://localhost:1/box']);
    expect(ref.tell.put('nobody')).toBe('no-route');
    await world.sim.advance(1);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['no-such-actor']);
    expect(world.unaccounted()).toBe(0);
  });

  test('is found also by a ref that was in vain before', async () => {
    const world = new World();
    const aliases: Record<string, string> = {};
    const a = await world.start('a', 1, undefined, { aliases });
    a.system.spawn(box, { name: 'box' });
    const ref = a.system.ref(Box, 'memory://localhost:1/box');
    expect(ref.tell.put(1)).toBe('no-route');
    aliases['localhost:1'] = 'a';
    expect(await world.sim.settle(ref.ask.echo(2))).toBe(2);
  });
});

describe('an address of no member', () => {
  test('is an ACTOR_NO_ROUTE that lists where members are', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    for (const address of ['memory://nowhere:1/box', 'udp://b/box', 'memory://::no address/box']) {
      const error = await world.sim.settle(failureOf(a.system.ref(Box, address).ask.echo(1)));
      expect(error).toMatchObject({
        code: 'ACTOR_NO_ROUTE',
        message: `No member of the cluster is at ${address}; members are at ${a.remoting.origin}, ${b.remoting.origin}.`,
        details: { members: [a.remoting.origin, b.remoting.origin] },
      });
    }
  });

  test('names a handful of many', async () => {
    const world = new World();
    const a = await world.start('a');
    for (let i = 0; i < 20; i += 1) {
      a.remoting.peerUp({ nodeId: `n${i}`, incarnation: 1, address: { host: `n${i}`, port: 1 } });
    }
    const error = await world.sim.settle(failureOf(a.system.ref(Box, 'memory://x:1/box').ask.echo(1)));
    expect((error as Error).message).toMatch(/n6:1 and 13 more\.$/);
  });
});

test('whoever is seen among the members can be sent to at once', async () => {
  const world = new ClusterWorld();
  const [a, b] = [world.make('a'), world.make('b')];
  b.registerActor(box, { name: 'box' });
  const looks: string[] = [];
  // A look after each promise that is settled, in every turn: whoever is a member is one from some moment on.
  const look = (): void => {
    if (looks.length > 0) return;
    if (a.members().some((member) => member.nodeId === 'b')) {
      looks.push(a.ref(Box, 'memory://b.test:1/box').tell.put(1));
    }
  };
  const watchful = async (): Promise<void> => {
    for (let i = 0; i < 50; i += 1) {
      look();
      await Promise.resolve();
    }
  };
  const started = Promise.all([a.start(), b.start()]);
  await world.simulation.runUntil(() => (void watchful(), looks.length > 0), { what: 'a sees b' });
  await world.simulation.settle(started);
  expect(looks).toEqual(['accepted']);
  await world.stop();
});
