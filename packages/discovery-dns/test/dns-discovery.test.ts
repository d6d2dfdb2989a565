import type { NodeInfo } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { byAddress, bySrv, type Scene, scene, srv } from './scripted.ts';

const hosts = (nodes: readonly NodeInfo[]): string => nodes.map(({ address }) => address.host).join();

/** All that a watcher is told, as lists of hosts. */
function watched({ discovery }: Scene): { readonly seen: string[]; readonly reading: Promise<void> } {
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const nodes of discovery.watch()) seen.push(hosts(nodes));
  };
  return { seen, reading: read() };
}

async function end({ simulation, discovery }: Scene, reading: Promise<void>): Promise<void> {
  const stoppedMs = simulation.nowMs;
  await discovery.stop();
  await simulation.settle(reading);
  expect(simulation.nowMs).toBe(stoppedMs);
}

describe('discover', () => {
  test('asks for SRV records and finds host and port of each', async () => {
    const { simulation, resolver, discovery } = scene();
    resolver.srvRecords = [srv('carts-1.carts', 8082), srv('carts-0.carts', 8081)];
    expect(await discovery.discover()).toEqual([
      { address: { host: 'carts-0.carts', port: 8081 } },
      { address: { host: 'carts-1.carts', port: 8082 } },
    ]);
    expect(resolver.asked).toEqual(['SRV _actor._tcp.carts']);
    expect(discovery.complete).toBe(false);
    await simulation.advance(60_000);
    expect(resolver.aborted).toBe(0);
  });

  test('asks for both families of addresses, or for the one that it was told', async () => {
    const both = scene(byAddress);
    both.resolver.v4 = [{ address: '10.0.0.1' }];
    both.resolver.v6 = [{ address: 'fd00::1' }];
    expect(hosts(await both.discovery.discover())).toBe('10.0.0.1,fd00::1');
    expect(both.resolver.asked).toEqual(['A carts', 'AAAA carts']);
    const one = scene({ ...byAddress, family: 6 });
    await one.discovery.discover();
    expect(one.resolver.asked).toEqual(['AAAA carts']);
  });

  test('finds nobody behind a name that does not exist, which is no error', async () => {
    expect(await scene(bySrv).discovery.discover()).toEqual([]);
    expect(await scene(byAddress).discovery.discover()).toEqual([]);
  });

  test('is unavailable while no name server answers, and says why', async () => {
    const { resolver, discovery } = scene();
    const cause = new Error('SERVFAIL');
    resolver.srvRecords = cause;
    await expect(discovery.discover()).rejects.toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      retryable: true,
      details: { name: '_actor._tcp.carts' },
      cause,
    });
  });

  test('is unavailable after timeoutMs of silence, and waits no longer', async () => {
    const { simulation, resolver, discovery } = scene({ ...bySrv, timeoutMs: 300 });
    resolver.srvRecords = undefined;
    const outcome = Promise.allSettled([discovery.discover()]);
    await simulation.advance(299);
    expect(resolver.aborted).toBe(0);
    await simulation.advance(1);
    expect(resolver.aborted).toBe(1);
    expect(await outcome).toMatchObject([{ reason: { code: 'ACTOR_DISCOVERY_UNAVAILABLE' } }]);
  });

  test('takes half an answer, of one family, for one and says so; half of nothing it does not', async () => {
    const { simulation, resolver, discovery, warnings } = scene(byAddress);
    resolver.v4 = [{ address: '10.0.0.1' }];
    resolver.v6 = undefined;
    expect(hosts(await simulation.settle(discovery.discover()))).toBe('10.0.0.1');
    expect(warnings).toMatchObject([{ fields: { name: 'carts' } }]);
    resolver.v4 = [];
    resolver.v6 = new Error('SERVFAIL');
    await expect(discovery.discover()).rejects.toMatchObject({ code: 'ACTOR_DISCOVERY_UNAVAILABLE' });
  });

  test('is given up with its signal or with stop, and nobody waits for the answer any more', async () => {
    const { simulation, resolver, discovery } = scene();
    resolver.srvRecords = undefined;
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const outcomes = Promise.allSettled([
      discovery.discover({ signal: controller.signal }),
      discovery.discover(),
      discovery.discover({ signal: new AbortController().signal }),
    ]);
    controller.abort(reason);
    await discovery.stop();
    expect(await simulation.settle(outcomes)).toMatchObject([
      { status: 'rejected', reason },
      { status: 'rejected', reason: { code: 'ACTOR_NODE_STOPPED' } },
      { status: 'rejected', reason: { code: 'ACTOR_NODE_STOPPED' } },
    ]);
    expect(simulation.nowMs).toBe(0);
    expect(resolver.aborted).toBe(3);
    await expect(discovery.discover()).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
    expect(resolver.asked).toHaveLength(3);
  });

  test('tells of records that can be nobody, briefly and once a minute', async () => {
    const { simulation, resolver, discovery, warnings } = scene();
    resolver.srvRecords = Array.from({ length: 20 }, (_, index) => srv(`${'a'.repeat(200)} ${index}`, 1));
    for (let round = 0; round < 5; round += 1) expect(await discovery.discover()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.fields).toMatchObject({
      ignored: 20,
      examples: ['a'.repeat(100), 'a'.repeat(100), 'a'.repeat(100)],
      suppressed: 0,
    });
    await simulation.advance(60_000);
    await discovery.discover();
    expect(warnings[1]?.fields).toMatchObject({ suppressed: 4 });
  });

  test('cuts a list off at recordsMax, and says so', async () => {
    const { resolver, discovery, warnings } = scene({ ...bySrv, recordsMax: 2 });
    resolver.srvRecords = [srv('c', 1), srv('a', 1), srv('b', 1)];
    expect(hosts(await discovery.discover())).toBe('a,b');
    expect(warnings).toMatchObject([{ fields: { cutOff: 1, recordsMax: 2 } }]);
  });
});

describe('watch', () => {
  test('tells when the set has changed, not when its order or a priority has', async () => {
    const stage = scene({ ...bySrv, intervalMs: 100 });
    const { simulation, resolver } = stage;
    resolver.srvRecords = [srv('a', 1), srv('b', 1)];
    const { seen, reading } = watched(stage);
    await simulation.advance(300);
    resolver.srvRecords = [srv('b', 1), srv('a', 1, { priority: 5 })];
    await simulation.advance(300);
    expect(seen).toEqual(['a,b']);
    resolver.srvRecords = [srv('b', 1), srv('c', 1)];
    await simulation.advance(300);
    resolver.srvRecords = [];
    await simulation.advance(300);
    expect(seen).toEqual(['a,b', 'b,c', '']);
    await end(stage, reading);
  });

  test('asks every discoveryIntervalMs where the options say nothing, and up to a quarter later', async () => {
    const stage = scene();
    const { reading } = watched(stage);
    await stage.simulation.advance(4_999);
    expect(stage.resolver.asked).toHaveLength(1);
    await stage.simulation.advance(1_252);
    expect(stage.resolver.asked).toHaveLength(2);
    await end(stage, reading);
  });

  test('does not ask before the time to live has passed, as far as that is believed', async () => {
    const stage = scene({ ...byAddress, family: 4, intervalMs: 1_000, ttlMaxMs: 20_000 });
    const { simulation, resolver } = stage;
    resolver.v4 = [{ address: '10.0.0.1', ttlMs: 10_000 }];
    const { reading } = watched(stage);
    await simulation.advance(9_999);
    expect(resolver.asked).toHaveLength(1);
    resolver.v4 = [{ address: '10.0.0.1', ttlMs: 86_400_000 }];
    await simulation.advance(2_502);
    expect(resolver.asked).toHaveLength(2);
    await simulation.advance(17_000);
    expect(resolver.asked).toHaveLength(2);
    await simulation.advance(8_001);
    expect(resolver.asked).toHaveLength(3);
    await end(stage, reading);
  });

  test('says nothing during an outage, asks ever more rarely, and warns once a minute', async () => {
    const stage = scene({ ...bySrv, intervalMs: 1_000, backoffMaxMs: 8_000 });
    const { simulation, resolver, warnings } = stage;
    resolver.srvRecords = [srv('a', 1)];
    const { seen, reading } = watched(stage);
    await simulation.advance(10);
    resolver.srvRecords = new Error('SERVFAIL');
    const times: number[] = [];
    for (let known = 1; simulation.nowMs < 90_000;) {
      await simulation.advance(10);
      if (resolver.asked.length > known) times.push(simulation.nowMs);
      known = resolver.asked.length;
    }
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, pauseMs] of pauses.entries()) {
      const leastMs = [1_000, 2_000, 4_000][index] ?? 8_000;
      expect(pauseMs).toBeGreaterThanOrEqual(leastMs - 10);
      expect(pauseMs).toBeLessThanOrEqual(leastMs * 1.25 + 10);
    }
    expect(warnings).toHaveLength(2);

    resolver.srvRecords = [srv('a', 1)];
    await simulation.advance(10_000);
    resolver.srvRecords = [srv('a', 1), srv('b', 1)];
    await simulation.advance(1_260);
    expect(seen).toEqual(['a', 'a,b']);
    await end(stage, reading);
  });

  test('ends at once when its signal aborts while the reader is busy with what it was told', async () => {
    const { simulation, resolver, discovery } = scene();
    resolver.srvRecords = [srv('a', 1)];
    const controller = new AbortController();
    for await (const nodes of discovery.watch({ signal: controller.signal })) {
      expect(hosts(nodes)).toBe('a');
      controller.abort();
    }
    expect(simulation.nowMs).toBe(0);
  });

  test('never asks more often than intervalMs, whatever backoffMaxMs says', async () => {
    const stage = scene({ ...bySrv, intervalMs: 1_000, backoffMaxMs: 10 });
    stage.resolver.srvRecords = new Error('SERVFAIL');
    const { reading } = watched(stage);
    await stage.simulation.advance(10_000);
    expect(stage.resolver.asked.length).toBeLessThanOrEqual(10);
    expect(stage.resolver.asked.length).toBeGreaterThanOrEqual(8);
    await end(stage, reading);
  });
});

test('registering and deregistering change nothing: somebody else writes the records', async () => {
  const { resolver, discovery } = scene();
  await discovery.register();
  await discovery.deregister();
  expect(resolver.asked).toEqual([]);
  expect(await discovery.discover()).toEqual([]);
});
