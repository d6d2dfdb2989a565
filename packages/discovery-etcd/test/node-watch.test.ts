import { describe, expect, test } from 'vitest';
import { encodeNode } from '../src/node-value.ts';
import { hosts, nodeOf, World } from './world.ts';

const prefix = '/actor/shop/nodes/';
const calls = (world: World, name: string): number =>
  world.etcd.calls.filter((call) => call.endsWith(` ${name}`)).length;

function put(world: World, nodeId: string, port = 1): void {
  world.etcd.write(prefix + nodeId, encodeNode(nodeOf(nodeId, port)));
}

async function watching(world: World) {
  put(world, 'a');
  const discovery = world.make('watcher');
  const watcher = world.watch(discovery);
  await world.simulation.advance(100);
  expect(watcher.seen).toEqual(['a:1']);
  return { discovery, watcher };
}

describe('a watch', () => {
  test('tells of a node that comes, changes and goes', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    put(world, 'b');
    await world.simulation.advance(10);
    put(world, 'b', 2);
    await world.simulation.advance(10);
    world.etcd.delete(`${prefix}a`);
    await world.simulation.advance(10);
    expect(watcher.seen).toEqual(['a:1', 'a:1,b:1', 'a:1,b:2', 'b:2']);
  });

  test('that breaks goes on from the revision that it knows, and lists nothing anew', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    world.etcd.breakWatches();
    put(world, 'b');
    await world.simulation.advance(1_000);
    expect(watcher.seen).toEqual(['a:1', 'a:1,b:1']);
    expect(calls(world, 'list')).toBe(1);
  });

  test('whose revision was compacted while it was broken lists everything anew', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    world.etcd.breakWatches();
    put(world, 'b');
    world.etcd.delete(`${prefix}a`);
    put(world, 'c');
    world.etcd.compact();
    await world.simulation.advance(1_000);
    expect(watcher.seen).toEqual(['a:1', 'b:1,c:1']);
    expect(calls(world, 'list')).toBe(2);
  });

  test('of an etcd that lost its data lists everything anew, also when its revision has come as far again', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    world.etcd.loseData();
    for (let writes = 0; writes < 10; writes += 1) world.etcd.write('/something/else', String(writes));
    put(world, 'b');
    await world.simulation.advance(1_000);
    expect(watcher.seen).toEqual(['a:1', 'b:1']);
  });

  test('of an etcd that lost its data and is behind does not wait for it to catch up', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    put(world, 'b');
    await world.simulation.advance(10);
    world.etcd.loseData();
    await world.simulation.advance(1_000);
    expect(watcher.seen.at(-1)).toBe('');
    put(world, 'c');
    await world.simulation.advance(10);
    expect(watcher.seen.at(-1)).toBe('c:1');
  });

  test('moves to another host when its own falls silent and something else notices', async () => {
    const world = new World();
    const { discovery, watcher } = await watching(world);
    const [, current = ''] = /^(\S+) watch$/.exec(world.etcd.calls.at(-1) ?? '') ?? [];
    world.etcd.behave('silent', current);
    await world.simulation.settle(discovery.discover());
    put(world, 'b');
    await world.simulation.advance(1_000);
    expect(watcher.seen.at(-1)).toBe('a:1,b:1');
  });

  test('waits an outage out, is warned of once, and has the latest state after it', async () => {
    const world = new World();
    const { watcher } = await watching(world);
    world.etcd.behave('away', ...hosts);
    await world.simulation.advance(60_000);
    put(world, 'b');
    world.etcd.behave('well', ...hosts);
    await world.simulation.advance(10_000);
    expect(watcher.seen).toEqual(['a:1', 'a:1,b:1']);
    expect(world.messages()).toEqual(['etcd can not be watched; trying again', 'etcd is watched again']);
  });

  test('that its reader leaves is cancelled in etcd', async () => {
    const world = new World();
    put(world, 'a');
    const discovery = world.make('watcher');
    const reading = (async () => {
      for await (const _ of discovery.watch()) break;
    })();
    await world.simulation.settle(reading);
    expect(world.etcd.watchers).toBe(0);
  });
});

describe('a question', () => {
  test('goes to the next host when one is away, and stays there', async () => {
    const world = new World();
    const discovery = world.make('a');
    await world.simulation.settle(discovery.discover());
    const [first = ''] = (world.etcd.calls.at(-1) ?? '').split(' ');
    world.etcd.behave('away', first);
    expect(await world.simulation.settle(discovery.discover())).toEqual([]);
    const before = world.etcd.calls.length;
    await world.simulation.settle(discovery.discover());
    expect(world.etcd.calls.slice(before)).toEqual([`${hosts.find((host) => host !== first)} list`]);
  });

  test('that no host answers in time is an error with all that was tried', async () => {
    const world = new World();
    const discovery = world.make('a', { requestTimeoutMs: 1_000, retriesMax: 1 });
    world.etcd.behave('silent', ...hosts);
    const startMs = world.simulation.nowMs;
    const error = await world.simulation.settle(discovery.discover().catch((each: unknown) => each));
    expect(error).toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      details: { operation: 'list', hosts, rounds: 2 },
      cause: { message: 'etcd gave no answer within 1000 ms.' },
    });
    const tookMs = world.simulation.nowMs - startMs;
    expect(tookMs).toBeGreaterThan(4_000);
    expect(tookMs).toBeLessThan(4_200);
  });

  test('of a client that etcd refuses is ACTOR_UNAUTHENTICATED at once, and so is the start', async () => {
    const world = new World();
    world.etcd.behave('unwilling', ...hosts);
    const discovery = world.make('a');
    for (const asked of [discovery.start(), discovery.discover()]) {
      const error = await world.simulation.settle(asked.catch((each: unknown) => each));
      expect(error).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED', retryable: false });
    }
    expect(world.etcd.calls).toHaveLength(2);
  });

  test('finds a start that did without etcd ready for it', async () => {
    const world = new World();
    world.etcd.behave('away', ...hosts);
    const discovery = world.make('a');
    await world.simulation.settle(discovery.start());
    expect(world.messages()).toEqual(['etcd is away; starting without it and going on trying']);
    world.etcd.behave('well', ...hosts);
    expect(await world.simulation.settle(discovery.discover())).toEqual([]);
  });
});

test('foreign entries are passed over, with one warning a minute that counts the others', async () => {
  const world = new World();
  put(world, 'a');
  world.etcd.write(`${prefix}evil`, '{"version":1,"nodeId":"a","address":"6.6.6.6:1"}');
  world.etcd.write(`${prefix}note`, 'do not delete');
  const discovery = world.make('b');
  const ask = () => world.simulation.settle(discovery.discover());
  expect(await ask()).toEqual([nodeOf('a')]);
  await ask();
  expect(world.log).toEqual([
    {
      message: 'an entry in etcd is not a node and is passed over',
      fields: { key: `${prefix}evil`, why: 'its key does not name its nodeId', suppressed: 0 },
    },
  ]);
  await world.simulation.advance(60_000);
  await ask();
  expect(world.log[1]?.fields).toMatchObject({ suppressed: 3 });
  expect(world.log).toHaveLength(2);
});

test('clusters of different names, and namespaces, do not see each other', async () => {
  const world = new World();
  await world.registered('a', { namespace: '/elsewhere' });
  await world.registered('b');
  const found = await world.simulation.settle(world.make('c').discover());
  expect(found.map(({ nodeId }) => nodeId)).toEqual(['b']);
  expect(world.etcd.keys).toEqual(['/actor/shop/nodes/b', '/elsewhere/shop/nodes/a']);
});
