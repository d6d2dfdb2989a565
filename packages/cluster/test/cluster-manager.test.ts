import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeAddress, TransportFactory } from '@actor/core';
import type { ClusterConfig } from '../src/index.ts';
import { World } from './world.ts';

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

describe('starting', () => {
  test('three nodes that know each other become one cluster', async () => {
    await world.of('abc');
    const a = world.node('a');
    expect(a.members().map((member) => member.nodeId)).toEqual(['a', 'b', 'c']);
    expect(world.story('a').slice(0, 1)).toEqual(['joining']);
    expect(world.story('a')).toContain('running');
    expect(a.address).toBe('memory://a.test:1');
    expect(a.self()).toMatchObject({ nodeId: 'a', address: { host: 'a.test', port: 1 }, status: 'alive' });
  });

  test('a node whose seeds are all unreachable runs alone, and joins them when they are there', async () => {
    await world.start('c');
    expect(world.view('c')).toBe('c');
    expect(world.simulation.nowMs).toBeLessThan(2_000);
    await world.simulation.advance(30_000);
    await world.start('a', { joinAddresses: [] });
    await world.agree('ac', 10_000);
  });

  test('a port that is taken is an error, and the node has failed', async () => {
    await world.start('a');
    const second = world.make('b', { host: 'a.test' });
    const start = second.start();
    const startMs = world.simulation.nowMs;
    await expect(world.simulation.settle(start)).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
    expect(world.simulation.nowMs - startMs).toBeLessThan(50);
    expect(second.status()).toBe('failed');
    expect(second.health()).toMatchObject({ live: false, ready: false });
    expect(world.story('b')).toEqual(['failed']);
    await expect(second.start()).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
  });

  test('seeds of another cluster refuse the node, and it says so', async () => {
    await world.start('a');
    const stranger = world.make('b', { clusterName: 'other' });
    await expect(world.simulation.settle(stranger.start())).rejects.toMatchObject({
      code: 'ACTOR_PROTOCOL_MISMATCH',
    });
    expect(stranger.status()).toBe('failed');
    expect(world.view('a')).toBe('a');
  });

  test('starting twice is starting once', async () => {
    const cluster = world.make('a');
    expect(cluster.start()).toBe(cluster.start());
    await world.simulation.settle(cluster.start());
    expect(world.story('a')).toEqual(['joining', 'running']);
  });

  test('the wall clock gives the incarnation, and a clock that went back is corrected by the others', async () => {
    await world.of('ab');
    const first = world.seat('b').cluster.self().incarnation;
    expect(first).toBeGreaterThanOrEqual(1_700_000_000_000);
    world.crash('b');
    const runtime = world.simulation.runtime('b', { offsetMs: -3_600_000 });
    const again = await world.start('b', { runtime });
    await world.agree('ab');
    expect(again.self().incarnation).toBeGreaterThan(first);
    expect(again.self().incarnation).toBeLessThan(first + 100_000);
  });
});

test('a node whose clock went back, and whose earlier life still holds its links, gets in when those are gone', async () => {
  await world.of('ab');
  const before = world.node('b').self().incarnation;
  // The machine is gone, and nobody's connection noticed.
  world.simulation.kill('b');
  await world.sees('a', 'dead b');
  const runtime = world.simulation.runtime('b', { offsetMs: -3_600_000 });
  const again = await world.start('b', { runtime, host: 'c.test' });
  expect(world.view('b')).toBe('b');
  world.fabric.crash({ host: 'b.test', port: 1 });
  await world.agree('ab', 30_000);
  expect(again.self().incarnation).toBeGreaterThan(before);
});

describe('joining by hand', () => {
  test('is the same as by discovery', async () => {
    await world.start('a', { joinAddresses: [] });
    const b = await world.start('b', { joinAddresses: [] });
    expect(world.view('b')).toBe('b');
    await world.simulation.settle(b.join(['memory://a.test:1']));
    await world.agree('ab');
  });

  test('is an error when nobody is there, and before the start', async () => {
    const a = world.make('a', { joinAddresses: [] });
    await expect(a.join(['b.test:1'])).rejects.toMatchObject({ code: 'ACTOR_NODE_NOT_STARTED' });
    await world.simulation.settle(a.start());
    await expect(world.simulation.settle(a.join(['b.test:1']))).rejects.toMatchObject({
      code: 'ACTOR_NO_ROUTE',
      details: { addresses: ['b.test:1'] },
    });
    await expect(a.join(['nowhere'])).rejects.toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    expect(a.status()).toBe('running');
  });

  test('refuses addresses that are none, all at once, and a list that is none', async () => {
    const a = await world.start('a', { joinAddresses: [] });
    await expect(a.join(['nowhere', 'b.test:1', 'c.test:0'])).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      details: { faults: [{ path: 'addresses[0]' }, { path: 'addresses[2]' }] },
    });
    await expect(a.join('b.test:1' as unknown as string[])).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      details: { faults: [{ path: 'addresses', message: 'must be a list, not "b.test:1"' }] },
    });
    await expect(a.join([])).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
    await expect(a.join(['a.test:1'])).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  });

  test('is given up with its signal', async () => {
    const a = await world.start('a', { joinAddresses: [] });
    const controller = new AbortController();
    const join = a.join(['b.test:1'], { signal: controller.signal });
    controller.abort('enough');
    await expect(world.simulation.settle(join)).rejects.toBe('enough');
  });
});

describe('ending', () => {
  test('a node that leaves is seen to leave, and its actors go on until it stops', async () => {
    await world.of('ab');
    const a = world.node('a');
    const b = world.node('b');
    await world.simulation.settle(b.leave());
    expect(world.story('a').at(-1)).toBe('left b');
    expect(b.status()).toBe('leaving');
    expect(b.members()).toEqual([]);
    await expect(b.join(['a.test:1'])).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
    await world.simulation.settle(b.stop());
    expect(world.story('b').slice(-2)).toEqual(['leaving', 'stopped']);
    await world.simulation.advance(30_000);
    expect(world.story('a')).not.toContain('dead b');
    expect(a.members()).toHaveLength(1);
  });

  test('who left is not looked for any more', async () => {
    const a = await world.start('a', { joinAddresses: [] });
    const b = await world.start('b', { joinAddresses: ['a.test:1'] });
    await world.agree('ab');
    await world.simulation.settle(b.stop());
    // Another node at the address, which nobody has asked to join.
    await world.start('c', { host: 'b.test', joinAddresses: [] });
    await world.simulation.advance(60_000);
    expect(a.members()).toHaveLength(1);
  });

  test('stop leaves first, and may be called twice', async () => {
    await world.of('ab');
    const b = world.node('b');
    expect(b.stop()).toBe(b.stop());
    await world.simulation.settle(b.stop());
    expect(b.status()).toBe('stopped');
    expect(world.story('a').at(-1)).toBe('left b');
    expect(() => b.self()).toThrow(expect.objectContaining({ code: 'ACTOR_NODE_STOPPED' }));
  });

  test('stop during start gives the start up', async () => {
    const cluster = world.make('a');
    const start = cluster.start();
    await world.simulation.advance(100);
    expect(cluster.status()).toBe('joining');
    const stop = cluster.stop();
    await expect(world.simulation.settle(start)).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
    await world.simulation.settle(stop);
    expect(cluster.status()).toBe('stopped');
    // The address is free again.
    await world.start('a');
  });

  test('stop before start is the end of it', async () => {
    const cluster = world.make('a');
    await world.simulation.settle(cluster[Symbol.asyncDispose]());
    expect(cluster.status()).toBe('stopped');
    await expect(cluster.start()).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });

  test('stop ends by its deadline though nobody answers', async () => {
    await world.of('ab');
    const b = world.node('b');
    world.crash('a');
    const startMs = world.simulation.nowMs;
    await world.simulation.settle(b.stop({ deadlineMs: 2_000 }));
    expect(world.simulation.nowMs - startMs).toBeLessThanOrEqual(2_100);
  });

  test('a deadline that is none is refused, and nothing ends by it', async () => {
    const a = await world.start('a');
    for (const deadlineMs of [Number.NaN, -1, Infinity]) {
      await expect(a.stop({ deadlineMs })).rejects.toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
      await expect(a.leave({ deadlineMs })).rejects.toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    }
    expect(a.status()).toBe('running');
    await world.simulation.settle(a.stop({ deadlineMs: 0 }));
    expect(a.status()).toBe('stopped');
  });

  test('stop ends the event feeds', async () => {
    const a = await world.start('a');
    const feed = a.events();
    await world.simulation.settle(a.stop());
    const kinds: string[] = [];
    for await (const event of feed) kinds.push(event.kind === 'status-changed' ? event.status : event.kind);
    expect(kinds).toEqual(['leaving', 'stopped']);
  });
});

describe('G7 heals', () => {
  test('a partition in halves becomes one cluster again, the same actors in it', async () => {
    const clusters = await world.of('abcde');
    const mend = world.network.partition(['a', 'b'], ['c', 'd', 'e']);
    await world.simulation.runUntil(() => world.view('a') === 'ab' && world.view('c') === 'cde');
    await world.simulation.advance(60_000);
    const before = clusters.map((cluster) => cluster.self().incarnation);
    mend();
    await world.agree('abcde', 30_000);
    const after = clusters.map((cluster) => cluster.self().incarnation);
    expect(after.slice(2)).toEqual(before.slice(2));
    expect(after[0]).toBeGreaterThan(before[0] ?? 0);
    expect(world.story('a')).toContain('declared-dead');
    expect(world.story('a').slice(-1)).not.toEqual(['failed']);
  });

  test('a node that was stopped and goes on is back with a new incarnation, at its old address', async () => {
    await world.of('abc');
    const a = world.node('a');
    const c = world.node('c');
    const before = c.self().incarnation ?? 0;
    world.simulation.pause('c', 30_000);
    await world.sees('a', 'dead c');
    await world.agree('abc', 60_000);
    expect(c.self().incarnation).toBeGreaterThan(before);
    expect(c.address).toBe('memory://c.test:1');
    expect(world.story('c').filter((each) => each === 'joining' || each === 'running')).toEqual([
      'joining',
      'running',
      'joining',
      'running',
    ]);
    expect(a.members().find((member) => member.nodeId === 'c')?.incarnation).toBe(c.self().incarnation);
  });

  test('a machine that slept is back too', async () => {
    await world.of('abc');
    world.simulation.pause('c', 600_000, { suspended: true });
    await world.sees('a', 'dead c');
    await world.simulation.advance(600_000);
    await world.agree('abc', 30_000);
  });

  test('a node without configured seeds finds its way back by the members it knew', async () => {
    await world.of('ab');
    const c = await world.start('c', { joinAddresses: ['a.test:1'] });
    await world.agree('abc');
    world.crash('a');
    await world.sees('c', 'dead a');
    const mend = world.network.isolate('c');
    await world.sees('b', 'dead c');
    await world.simulation.advance(20_000);
    mend();
    await world.agree('bc', 60_000);
    expect(c.status()).toBe('running');
  });
});

describe('a next life', () => {
  /** Where each life of `c` was told to listen; the others dial `outside.test:7`, which is mapped to wherever that is. */
  async function listens(changes: Partial<ClusterConfig>): Promise<readonly NodeAddress[]> {
    const places: NodeAddress[] = [];
    const outside = { host: 'outside.test', port: 7 };
    const { transport } = world.config('c');
    let bound = outside;
    const mapped: TransportFactory = (context) => {
      const inner = transport(context);
      const send = inner.send.bind(inner);
      inner.send = (to, ...rest) => send(to.host === outside.host ? bound : to, ...rest);
      return inner;
    };
    const behind: TransportFactory = (context) => {
      const inner = transport(context);
      const start = inner.start.bind(inner);
      const address = inner.address.bind(inner);
      places.push(context.listen);
      inner.start = async (options) => {
        await start(options);
        bound = address();
      };
      inner.address = () => outside;
      return inner;
    };
    await world.of('ab', { transport: mapped });
    await world.start('c', { ...changes, transport: behind });
    await world.agree('abc');
    world.simulation.pause('c', 30_000);
    await world.sees('a', 'dead c');
    await world.agree('abc', 60_000);
    return places;
  }

  test('listens where the last one did, not where that was dialled', async () => {
    const place = { host: 'c.test', port: 1 };
    expect(await listens({})).toEqual([place, place]);
  });

  test('on any port keeps it, or takes another when it is gone', async () => {
    await world.start('z', { host: 'c.test', port: 7, joinAddresses: [] });
    // Here the port that the others dial is one that can't be bound.
    const places = await listens({ port: 0, maxRetries: 1 });
    expect(places[0]).toEqual({ host: 'c.test', port: 0 });
    expect(places[1]).toEqual({ host: 'c.test', port: 7 });
    expect(places.at(-1)).toEqual({ host: 'c.test', port: 0 });
  });
});

test('between two lives a node has no members, keeps its name and place, and a join by hand waits for the next', async () => {
  await world.of('abc');
  const c = world.node('c');
  world.simulation.pause('c', 30_000);
  await world.sees('c', 'declared-dead');
  expect([c.status(), c.members(), c.address]).toEqual(['joining', [], 'memory://c.test:1']);
  const before = c.self().incarnation;
  await world.simulation.settle(c.join(['a.test:1']));
  expect(c.self().incarnation).toBeGreaterThan(before);
  await world.agree('abc');
});

test('a join by hand that is under way when a life ends goes on in the next', async () => {
  await world.of('abc', { maxRetries: 100, retryDelayMs: 1_000 });
  const c = world.node('c');
  const join = c.join(['d.test:1']);
  world.simulation.pause('c', 30_000);
  await world.sees('c', 'declared-dead');
  await world.agree('abc', 30_000);
  await world.start('d', { joinAddresses: [] });
  await world.simulation.settle(join);
  await world.agree('abcd');
});

describe('a next life waits for the port of the last one', () => {
  /** Runs until `c` has ended a life and not yet begun the next, and takes its port meanwhile. */
  async function usurp(changes: Partial<ClusterConfig> = { maxRetries: 5 }) {
    await world.of('abc', changes);
    world.simulation.pause('c', 30_000);
    await world.sees('c', 'declared-dead');
    await world.simulation.runUntil(() => world.fabric.find({ host: 'c.test', port: 1 }) === undefined);
    return world.start('z', { host: 'c.test', joinAddresses: [] });
  }

  test('and has it when it is free again', async () => {
    const usurper = await usurp();
    await world.simulation.advance(500);
    await world.simulation.settle(usurper.stop());
    await world.agree('abc', 30_000);
  });

  test('which it tries again after retryDelayMs, maxRetries times', async () => {
    await usurp({ maxRetries: 3, retryDelayMs: 2_000 });
    const startMs = world.simulation.nowMs;
    await world.sees('c', 'failed', 20_000);
    expect(world.simulation.nowMs - startMs).toBeGreaterThanOrEqual(6_000);
    expect(world.simulation.nowMs - startMs).toBeLessThan(9_000);
  });

  test('and the node fails when it stays taken', async () => {
    await usurp();
    await world.sees('c', 'failed');
    expect(world.node('c').health().reasons[0]).toMatch(/c\.test:1/);
    expect(world.node('c').members()).toEqual([]);
  });
});

describe('restarting', () => {
  test('a node that crashed is replaced at its address at once', async () => {
    await world.of('abc');
    await world.simulation.advance(5_000);
    world.crash('c');
    const startMs = world.simulation.nowMs;
    await world.start('c');
    await world.agree('abc', 1_000);
    expect(world.simulation.nowMs - startMs).toBeLessThan(1_000);
    const last = world.seat('a').events.findLast((event) => event.kind === 'member-dead');
    expect(last).toMatchObject({ reason: 'replaced', member: { nodeId: 'c' } });
    expect(world.story('a')).not.toContain('suspect c');
  });

  test('a node name that is taken elsewhere ends the earlier process, and it says by whom', async () => {
    await world.of('abc');
    const c = world.node('c');
    const runtime = world.simulation.runtime('elsewhere');
    const later = world.make('d', { nodeName: 'c', runtime });
    await world.simulation.settle(later.start());
    await world.simulation.runUntil(() => c.status() === 'failed');
    expect(c.health().reasons[0]).toMatch(/Another process lives as c/);
    expect(later.status()).toBe('running');
    await world.simulation.advance(30_000);
    expect(world.view('a')).toBe('abc');
    expect(later.status()).toBe('running');
  });
});

test('without consensus everybody is a follower and nobody leads', async () => {
  const a = await world.start('a');
  expect([a.role(), a.leader()]).toEqual(['follower', undefined]);
});

test('health and inspection say what is', async () => {
  const cluster = world.make('a');
  expect(cluster.health()).toEqual({ live: true, ready: false, reasons: ['the node has not been started'] });
  expect(cluster.inspect()).toMatchObject({ status: 'initializing', address: undefined, members: [] });
  await world.simulation.settle(cluster.start());
  expect(cluster.health()).toEqual({ live: true, ready: true, reasons: [] });
  expect(cluster.inspect()).toMatchObject({
    status: 'running',
    role: 'follower',
    leader: undefined,
    address: 'memory://a.test:1',
    members: [{ nodeId: 'a' }],
    actors: { sent: 0 },
  });
});
