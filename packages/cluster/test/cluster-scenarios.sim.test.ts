// What happens to clusters in production, scenario by scenario, on virtual time.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, ask, protocol, tell } from '@actor/core';
import type { ClusterManager } from '../src/index.ts';
import { World } from './world.ts';

const Counter = protocol('counter', { add: tell<number>(), total: ask<void, number>() });
const counter = actor(Counter, {
  state: () => ({ total: 0 }),
  on: { add: (ctx, amount) => void (ctx.state.total += amount), total: (ctx) => ctx.state.total },
});

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

const sixteen = 'abcdefghijklmnop';
const counterOf = (by: ClusterManager, name: string) => by.ref(Counter, `memory://${name}.test:1/counter`);
const falls = (name: string): string[] => world.story(name).filter((each) => /suspect|dead/.test(each));

describe('starting', () => {
  test('sixteen at once: each sees others when it runs, and reaches whom it sees; all agree, and nobody is suspected', async () => {
    const clusters = [...sixteen].map((name) => world.make(name));
    const results = new Map<string, number>();
    const starting = clusters.map(async (cluster) => {
      cluster.registerActor(counter, { name: 'counter' });
      await cluster.start();
      const others = cluster.members().filter((member) => member.nodeId !== cluster.self().nodeId);
      expect(others.length).toBeGreaterThan(0);
      for (const { nodeId } of others) {
        const result = counterOf(cluster, nodeId).tell.add(1);
        results.set(result, (results.get(result) ?? 0) + 1);
      }
    });
    await world.simulation.settle(Promise.all(starting));
    expect([...results.keys()]).toEqual(['accepted']);
    await world.agree(sixteen, 5_000);
    await world.simulation.advance(5_000);
    for (const name of sixteen) expect(falls(name)).toEqual([]);
    for (const name of sixteen) {
      const ups = world.story(name).filter((each) => each.startsWith('up '));
      expect(new Set(ups).size).toBe(ups.length);
    }
  });

  test('a node that joins fifteen reaches all of them as soon as it runs', async () => {
    await world.of(sixteen.slice(0, 15));
    const p = world.make('p');
    // In the very turn in which it runs.
    const telling = p.start().then(() => {
      const others = p.members().filter((member) => member.nodeId !== 'p');
      return others.map(({ nodeId }) => counterOf(p, nodeId).tell.add(1));
    });
    expect(await world.simulation.settle(telling)).toEqual(Array.from({ length: 15 }, () => 'accepted'));
  });

  test('all seeds down: every node runs alone, and they are one cluster when the seeds are up', async () => {
    for (const name of 'def') await world.start(name);
    expect([...'def'].map((name) => world.view(name))).toEqual(['d', 'e', 'f']);
    await world.simulation.advance(60_000);
    for (const name of 'abc') await world.start(name);
    await world.agree('abcdef', 10_000);
  });

  test('a slow joiner, a second away from everybody, gets in and stays, and nobody flaps', async () => {
    await world.of('ab');
    world.network.setDelay({ delayMinMs: 900, delayMeanMs: 200 }, { to: 'c' });
    world.network.setDelay({ delayMinMs: 900, delayMeanMs: 200 }, { from: 'c' });
    await world.start('c');
    await world.agree('abc', 60_000);
    await world.simulation.advance(60_000);
    for (const name of 'abc') expect(falls(name).filter((each) => each.startsWith('dead'))).toEqual([]);
    expect(world.view('a')).toBe('abc');
  });
});

describe('trouble', () => {
  /** Two nodes that tell each other something every few milliseconds. */
  function busy(from: string, to: string): () => void {
    const { cluster, runtime } = world.seat(from);
    const ref = counterOf(cluster, to);
    let isOver = false;
    const go = (): void => {
      if (isOver) return;
      for (let count = 0; count < 20; count += 1) ref.tell.add(1);
      runtime.after(20, go);
    };
    go();
    return () => (isOver = true);
  }

  test('a node that is blocked for ten seconds under load makes no other flap, and is back with its actors', async () => {
    for (const cluster of await world.of('abc')) cluster.registerActor(counter, { name: 'counter' });
    const ends = [busy('b', 'c'), busy('c', 'b'), busy('b', 'a'), busy('a', 'c')];
    await world.simulation.advance(3_000);
    world.simulation.pause('a', 10_000);
    await world.simulation.advance(15_000);
    await world.agree('abc', 30_000);
    for (const end of ends) end();
    for (const name of 'bc') {
      expect(falls(name).filter((each) => !each.endsWith(' a'))).toEqual([]);
    }
    // It excuses the silence of its own sleep.
    expect(falls('a').filter((each) => each !== 'declared-dead')).toEqual([]);
    await world.simulation.advance(10_000);
    expect(await world.simulation.settle(counterOf(world.node('b'), 'a').ask.total())).toBeGreaterThan(0);
  });

  test('two alone, one of them blocked for five seconds: a suspicion, and no death', async () => {
    await world.of('ab');
    await world.simulation.advance(5_000);
    world.simulation.pause('b', 5_000);
    await world.simulation.advance(30_000);
    expect(falls('a')).toEqual(['suspect b']);
    expect(world.story('a').at(-1)).toBe('reachable b');
    expect(falls('b')).toEqual([]);
  });

  test('an event loop that is blocked for a second every other is no reason for a suspicion of death', async () => {
    await world.of('abc');
    for (let round = 0; round < 30; round += 1) {
      world.simulation.pause('b', 1_000);
      await world.simulation.advance(2_000);
    }
    for (const name of 'abc') expect(falls(name).filter((each) => /dead/.test(each))).toEqual([]);
  });

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('a link that works one way only, from %s, between two alone heals with the link', async (from, to) => {
    await world.of('ab');
    await world.simulation.advance(5_000);
    const mend = world.network.oneWay([to], [from]);
    await world.sees(from, `dead ${to}`);
    await world.simulation.advance(20_000);
    mend();
    await world.agree('ab', 30_000);
  });

  test('a link that carries one way only, among three, harms nobody', async () => {
    await world.of('abc');
    await world.simulation.advance(5_000);
    const mend = world.network.oneWay(['a'], ['b']);
    await world.simulation.advance(60_000);
    for (const name of 'abc') expect(falls(name)).toEqual([]);
    mend();
    await world.agree('abc', 10_000);
  });

  test('an outage of two seconds between all is over when the network is back', async () => {
    await world.of('abcd');
    await world.simulation.advance(5_000);
    const mend = world.network.partition(['a'], ['b'], ['c'], ['d']);
    await world.simulation.advance(2_000);
    mend();
    await world.agree('abcd', 2_000);
    const stories = [...'abcd'].map((name) => world.story(name));
    await world.simulation.advance(30_000);
    expect([...'abcd'].map((name) => world.story(name))).toEqual(stories);
    expect(stories.flat()).not.toContain('declared-dead');
  });

  test('wall clocks that jump by hours, of all nodes, both ways, are noticed by nobody', async () => {
    await world.of('abc');
    for (const [name, hours] of [
      ['a', 5],
      ['b', -7],
      ['c', 26],
      ['a', -11],
    ] as const) {
      world.seat(name).runtime.jump(hours * 3_600_000);
      await world.simulation.advance(5_000);
    }
    for (const name of 'abc') expect(falls(name)).toEqual([]);
  });
});

describe('places', () => {
  test('two nodes that swap their addresses are both found at their new ones', async () => {
    await world.of('abc');
    for (const name of 'ab') world.crash(name);
    await world.start('a', { host: 'b.test' });
    await world.start('b', { host: 'a.test' });
    await world.agree('abc', 5_000);
    const places = world
      .node('c')
      .members()
      .map((member) => `${member.nodeId} ${member.address.host}`);
    expect(places).toEqual(['a b.test', 'b a.test', 'c c.test']);
    for (const name of 'ab') world.node(name).registerActor(counter, { name: 'counter' });
    counterOf(world.node('c'), 'b').tell.add(5);
    await world.simulation.advance(100);
    expect(await world.simulation.settle(counterOf(world.node('a'), 'b').ask.total())).toBe(5);
  });

  test('a node at the address of one that is gone gets in, though its clock is an hour behind', async () => {
    await world.of('abc');
    world.crash('c');
    const runtime = world.simulation.runtime('d', { offsetMs: -3_600_000 });
    await world.start('d', { host: 'c.test', runtime });
    await world.agree('abd', 20_000);
  });
});

describe('what a program sees', () => {
  test('members() holds the node itself from joining on, and nobody outside a life', async () => {
    const a = world.make('a');
    expect(a.members()).toEqual([]);
    const seen: number[] = [];
    void (async () => {
      for await (const event of a.events()) {
        if (event.kind === 'status-changed') seen.push(a.members().length);
      }
    })();
    await world.simulation.settle(a.start());
    expect(a.members().map((member) => member.nodeId)).toEqual(['a']);
    await world.simulation.settle(a.stop());
    expect(a.members()).toEqual([]);
    expect(seen).toEqual([1, 1, 0, 0]);
  });

  test('metadata may change many times in a row; the others end with the last', async () => {
    await world.of('abc');
    const a = world.node('a');
    for (let load = 1; load <= 50; load += 1) {
      a.reconfigure({ metadata: { load } });
      await world.simulation.advance(7);
    }
    await world.simulation.advance(1_000);
    for (const name of 'bc') {
      const seen = world
        .node(name)
        .members()
        .find((member) => member.nodeId === 'a');
      expect(seen?.metadata).toEqual({ load: 50 });
    }
  });

  test('per life of a member the events are in order: up, suspect and reachable in turn, one end', async () => {
    await world.of('abc');
    for (let round = 0; round < 4; round += 1) {
      world.simulation.pause('c', round % 2 === 0 ? 3_000 : 20_000);
      await world.simulation.advance(40_000);
      if (round === 2) {
        world.crash('c');
        await world.start('c');
      }
    }
    const lives = new Map<number, string[]>();
    for (const event of world.seat('a').events) {
      if (!('member' in event) || event.member.nodeId !== 'c') continue;
      const { incarnation } = event.member;
      lives.set(incarnation, [...(lives.get(incarnation) ?? []), event.kind.slice(7)]);
    }
    const incarnations = [...lives.keys()];
    expect(incarnations).toEqual(incarnations.toSorted((x, y) => x - y));
    expect(incarnations.length).toBeGreaterThanOrEqual(3);
    for (const life of lives.values()) {
      expect(life.join(' ')).toMatch(/^up( suspect reachable)*( suspect)?( dead| left)?$/);
    }
  });
});
