import { describe, expect, test } from 'vitest';
import { silentLogger, type NodeInfo } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { staticDiscovery, type StaticAddress, type StaticOptions } from '../src/index.ts';

const timing = { heartbeatIntervalMs: 500, discoveryIntervalMs: 5_000, maxRetries: 10, retryDelayMs: 200 };

function make(addresses: readonly StaticAddress[], options?: StaticOptions) {
  const simulation = new Simulation();
  const runtime = simulation.runtime('a');
  const discovery = staticDiscovery(addresses, options)({ runtime, logger: silentLogger, timing });
  return { simulation, discovery };
}

describe('the list', () => {
  test('names, IPv4, IPv6 and a scheme are all read', async () => {
    const { discovery } = make(['seed.internal:1', '10.0.0.1:2', '[fd00::1]:3', 'tcp://10.0.0.2:4']);
    expect((await discovery.discover()).map((node) => node.address)).toEqual([
      { host: 'seed.internal', port: 1 },
      { host: '10.0.0.1', port: 2 },
      { host: 'fd00::1', port: 3 },
      { host: '10.0.0.2', port: 4 },
    ]);
  });

  test('an address and a node keep what is known of them', async () => {
    const node: NodeInfo = { nodeId: 'n2', address: { host: '::1', port: 2 }, metadata: { zone: 'a' } };
    const { discovery } = make([{ host: '10.0.0.1', port: 1 }, node]);
    expect(await discovery.discover()).toEqual([{ address: { host: '10.0.0.1', port: 1 } }, node]);
  });

  test('an empty list is an answer, and complete', async () => {
    const { discovery } = make([]);
    expect(await discovery.discover()).toEqual([]);
    expect(discovery.complete).toBe(true);
  });

  test.each([
    ['an entry that is no address', ['10.0.0.1:1', 'nowhere'], {}, 'addresses[1]'],
    ['a port that nobody can dial', ['10.0.0.1:0'], {}, 'addresses[0]'],
    ['a node whose port is too large', [{ host: 'a', port: 70_000 }], {}, 'addresses[0]'],
    ['an interval of nothing', [], { resolveIntervalMs: 0 }, 'resolveIntervalMs'],
  ])('%s is refused where it is written', (_, addresses, options, path) => {
    expect(() => staticDiscovery(addresses, options)).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', details: expect.objectContaining({ path }) }),
    );
  });

  test('registering and deregistering change nothing', async () => {
    const { discovery } = make(['10.0.0.1:1']);
    await discovery.register();
    expect(await discovery.discover()).toHaveLength(1);
    await discovery.deregister();
    expect(await discovery.discover()).toHaveLength(1);
  });

  test('an aborted question rejects with the reason of the signal', async () => {
    const { discovery } = make(['10.0.0.1:1']);
    await expect(discovery.discover({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    await expect(discovery.start({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });
});

describe('a name that stands for several nodes', () => {
  test('gives a node for each of its addresses, once, and IP addresses are left alone', async () => {
    const asked: string[] = [];
    const { discovery } = make(['seeds:1', '10.0.0.1:1', '[::1]:1'], {
      resolve: (host) => {
        asked.push(host);
        return Promise.resolve(['10.0.0.1', '10.0.0.2']);
      },
    });
    const hosts = (await discovery.discover()).map((node) => node.address.host);
    expect(hosts).toEqual(['10.0.0.1', '10.0.0.2', '::1']);
    expect(asked).toEqual(['seeds']);
    expect(discovery.complete).toBe(false);
  });

  test('keeps its last addresses while the resolver fails', async () => {
    let fails = false;
    const { discovery } = make(['seeds:1'], {
      resolve: () => (fails ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve(['10.0.0.1'])),
    });
    await discovery.discover();
    fails = true;
    expect((await discovery.discover()).map((node) => node.address.host)).toEqual(['10.0.0.1']);
  });

  test('is an error when it was never resolved and nothing else is known', async () => {
    const { discovery } = make(['seeds:1'], { resolve: () => Promise.reject(new Error('SERVFAIL')) });
    await expect(discovery.discover()).rejects.toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      retryable: true,
      details: { hosts: ['seeds'] },
    });
  });

  test('is watched: resolved again every resolveIntervalMs, reported when it changed', async () => {
    let answer: string[] | undefined = ['10.0.0.1'];
    const resolve = () => (answer ? Promise.resolve(answer) : Promise.reject(new Error('SERVFAIL')));
    const { simulation, discovery } = make(['seeds:1'], { resolve, resolveIntervalMs: 100 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const nodes of discovery.watch()) seen.push(nodes.map((node) => node.address.host).join());
    })();
    await simulation.advance(250);
    expect(seen).toEqual(['10.0.0.1']);
    answer = undefined;
    await simulation.advance(200);
    answer = ['10.0.0.1', '10.0.0.9'];
    await simulation.advance(100);
    expect(seen).toEqual(['10.0.0.1', '10.0.0.1,10.0.0.9']);
    await discovery.stop();
    await simulation.settle(reading);
  });

  test('whose addresses come in another order has not changed', async () => {
    const hosts = ['10.0.0.1', '10.0.0.2'];
    const resolve = () => Promise.resolve([...hosts.reverse()]);
    const { simulation, discovery } = make(['seeds:1'], { resolve, resolveIntervalMs: 100 });
    let reports = 0;
    const reading = (async () => {
      for await (const _ of discovery.watch()) reports += 1;
    })();
    await simulation.advance(1_000);
    expect(reports).toBe(1);
    await discovery.stop();
    await simulation.settle(reading);
  });

  test('whose resolver never answers holds up neither an abort nor a stop', async () => {
    const { simulation, discovery } = make(['seeds:1'], { resolve: () => new Promise(() => {}) });
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const [aborted, stopped] = [discovery.discover({ signal: controller.signal }), discovery.discover()];
    const outcomes = Promise.allSettled([aborted, stopped]);
    const reading = (async () => {
      for await (const _ of discovery.watch());
    })();
    await simulation.advance(10);
    controller.abort(reason);
    await discovery.stop();
    await simulation.settle(reading);
    expect(await simulation.settle(outcomes)).toMatchObject([
      { status: 'rejected', reason },
      { status: 'rejected', reason: { code: 'ACTOR_NODE_STOPPED' } },
    ]);
  });

  test('is asked about every discoveryIntervalMs where the options say nothing', async () => {
    let asked = 0;
    const { simulation, discovery } = make(['seeds:1'], {
      resolve: () => {
        asked += 1;
        return Promise.resolve(['10.0.0.1']);
      },
    });
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of discovery.watch({ signal: controller.signal }));
    })();
    await simulation.advance(10_500);
    expect(asked).toBe(3);
    controller.abort();
    await simulation.settle(reading);
  });
});

test('a fixed list is reported once, and the watch ends with its signal or with stop', async () => {
  const { simulation, discovery } = make(['10.0.0.1:1']);
  const controller = new AbortController();
  let reports = 0;
  const read = async (signal?: AbortSignal) => {
    for await (const _ of discovery.watch(signal ? { signal } : {})) reports += 1;
  };
  const aborted = read(controller.signal);
  const stopped = read();
  await simulation.advance(60_000);
  expect(reports).toBe(2);
  controller.abort();
  await simulation.settle(aborted);
  await discovery[Symbol.asyncDispose]();
  await simulation.settle(stopped);
});
