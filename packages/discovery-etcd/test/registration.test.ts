import { describe, expect, test } from 'vitest';
import { hosts, nodeOf, World } from './world.ts';

const key = '/actor/shop/nodes/a';

test('a registration is kept up by a renewal every third of its lease', async () => {
  const world = new World();
  await world.registered('a', { leaseTtlMs: 9_000 });
  await world.simulation.advance(30_500);
  expect(world.etcd.keys).toEqual([key]);
  expect(world.etcd.calls.filter((call) => call.endsWith(' keepAlive'))).toHaveLength(10);
  expect(world.etcd.calls.filter((call) => call.endsWith(' put'))).toHaveLength(1);
});

describe('a registration outlives', () => {
  test('the loss of its lease', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.expireAll();
    expect(world.etcd.keys).toEqual([]);
    await world.simulation.advance(4_000);
    expect(world.etcd.keys).toEqual([key]);
    expect(world.messages()).toContain('the lease of the registration is lost; registering anew');
    await world.simulation.settle(a.stop());
  });

  test('an outage longer than its lease, and is back soon after it', async () => {
    const world = new World();
    await world.registered('a');
    world.etcd.behave('away', ...hosts);
    await world.simulation.advance(120_000);
    expect(world.etcd.keys).toEqual([]);
    world.etcd.behave('well', ...hosts);
    await world.simulation.advance(6_000);
    expect(world.etcd.keys).toEqual([key]);
  });

  test('hosts that never answer', async () => {
    const world = new World();
    await world.registered('a');
    world.etcd.behave('silent', ...hosts);
    await world.simulation.advance(60_000);
    world.etcd.behave('well', ...hosts);
    await world.simulation.advance(10_000);
    expect(world.etcd.keys).toEqual([key]);
  });

  test('a pause of its own process that is longer than the lease', async () => {
    const world = new World();
    await world.registered('a');
    world.simulation.pause('a', 30_000);
    await world.simulation.advance(29_000);
    expect(world.etcd.keys).toEqual([]);
    await world.simulation.advance(2_000);
    expect(world.etcd.keys).toEqual([key]);
  });

  test("the loss of all of etcd's data", async () => {
    const world = new World();
    await world.registered('a');
    world.etcd.loseData();
    await world.simulation.advance(4_000);
    expect(world.etcd.keys).toEqual([key]);
  });

  test('somebody who deletes its key, as soon as that is seen', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.delete(key);
    expect(await world.simulation.settle(a.discover())).toEqual([]);
    await world.simulation.advance(10);
    expect(world.etcd.keys).toEqual([key]);
  });

  test('and is warned of once per outage, not once per try', async () => {
    const world = new World();
    await world.registered('a');
    world.etcd.behave('away', ...hosts);
    await world.simulation.advance(120_000);
    const warned = world.messages().filter((message) => message.includes('can not be kept up'));
    expect(warned).toHaveLength(1);
    world.etcd.behave('well', ...hosts);
    await world.simulation.advance(6_000);
    expect(world.messages().at(-1)).toBe('etcd answers again');
  });
});

describe('register', () => {
  test('is an error while etcd is away, and goes on being tried', async () => {
    const world = new World();
    world.etcd.behave('away', ...hosts);
    const a = world.make('a');
    const outcome = a.register(nodeOf('a')).catch((error: unknown) => error);
    expect(await world.simulation.settle(outcome)).toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      retryable: true,
      details: { operation: 'grant', hosts, rounds: 3 },
    });
    world.etcd.behave('well', ...hosts);
    await world.simulation.advance(6_000);
    expect(world.etcd.keys).toEqual([key]);
  });

  test('of a node that does not fit its entry is refused', async () => {
    const world = new World();
    const node = { ...nodeOf('a'), metadata: { text: 'x'.repeat(20_000) } };
    await expect(world.make('a').register(node)).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      details: { path: 'metadata' },
    });
  });

  test('a second time replaces the value under the same lease', async () => {
    const world = new World();
    const a = await world.registered('a');
    await world.simulation.settle(a.register(nodeOf('a', 2)));
    const [found] = await world.simulation.settle(a.discover());
    expect(found?.address.port).toBe(2);
    expect(world.etcd.calls.filter((call) => call.endsWith(' grant'))).toHaveLength(1);
  });

  test('under a lease that is gone takes a new one', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.expireAll();
    await world.simulation.settle(a.register(nodeOf('a', 2)));
    expect(world.etcd.calls.filter((call) => call.endsWith(' put'))).toHaveLength(3);
    const [found] = await world.simulation.settle(a.discover());
    expect(found?.address.port).toBe(2);
  });

  test('while an earlier value is being written ends with the later one', async () => {
    const world = new World();
    const a = await world.registered('a');
    const writes = [a.register(nodeOf('a', 2))];
    await world.simulation.advance(0.5);
    writes.push(a.register(nodeOf('a', 3)));
    await world.simulation.settle(Promise.all(writes));
    const [found] = await world.simulation.settle(a.discover());
    expect(found?.address.port).toBe(3);
  });

  test('does not wait for the pause after a failure to end', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.behave('away', ...hosts);
    await world.simulation.advance(60_000);
    world.etcd.behave('well', ...hosts);
    const startMs = world.simulation.nowMs;
    await world.simulation.settle(a.register(nodeOf('a', 2)));
    expect(world.simulation.nowMs - startMs).toBeLessThan(1_000);
  });

  test('after deregister begins anew', async () => {
    const world = new World();
    const a = await world.registered('a');
    await world.simulation.settle(a.deregister('a'));
    expect(world.etcd.keys).toEqual([]);
    await world.simulation.settle(a.register(nodeOf('a')));
    expect(world.etcd.keys).toEqual([key]);
  });

  test('of a node without name is that of the node itself', async () => {
    const world = new World();
    const a = world.make('a');
    await world.simulation.settle(a.register({ address: { host: 'h', port: 1 } }));
    expect(world.etcd.keys).toEqual([key]);
  });

  test('after stop is refused', async () => {
    const world = new World();
    const a = world.make('a');
    await world.simulation.settle(a.stop());
    await expect(a.register(nodeOf('a'))).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });
});

describe('the end of a registration', () => {
  test('leaves alone what a newer life of the node has registered since', async () => {
    const world = new World();
    const old = await world.registered('a');
    world.etcd.write(key, 'of the newer life', '');
    await world.simulation.settle(old.deregister('a'));
    expect(world.etcd.keys).toEqual([key]);
  });

  test('is an error while etcd is away, and then comes with its lease', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.behave('away', ...hosts);
    const outcome = a.deregister('a').catch((error: unknown) => error);
    expect(await world.simulation.settle(outcome)).toMatchObject({ code: 'ACTOR_DISCOVERY_UNAVAILABLE' });
    await world.simulation.advance(10_000);
    expect(world.etcd.keys).toEqual([]);
  });

  test('by a stop takes no longer than its deadline, whatever etcd does', async () => {
    const world = new World();
    const a = await world.registered('a');
    world.etcd.behave('silent', ...hosts);
    const startMs = world.simulation.nowMs;
    await world.simulation.settle(a.stop({ deadlineMs: 700 }));
    expect(world.simulation.nowMs - startMs).toBeLessThan(710);
    expect(world.messages()).toContain('a registration was left to end with its lease');
  });

  test('ends the renewals: nothing is asked of etcd after stop', async () => {
    const world = new World();
    const a = await world.registered('a');
    const watcher = world.watch(a);
    await world.simulation.advance(1_000);
    await world.simulation.settle(a.stop());
    const { length } = world.etcd.calls;
    await world.simulation.advance(60_000);
    expect(world.etcd.calls).toHaveLength(length);
    expect(watcher.isOver).toBe(true);
    expect(world.etcd.watchers).toBe(0);
  });
});
