import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, ask, protocol, tell, type DiscoveryFactory, type Logger, type Metrics } from '@actor/core';
import { staticDiscovery } from '@actor/discovery-static';
import { memory, memoryFabric } from '@actor/transport-memory';
import { ClusterManager, defaultConfig, defaultRemotingLimits, type Reconfiguration } from '../src/index.ts';
import { LogBook, Registry, World } from './world.ts';

const transport = memory({ fabric: memoryFabric() });
const Sloth = protocol('sloth', { wait: ask<void, void>() });
const Faulty = protocol('faulty', { fail: tell<void>() });
const faulty = actor(Faulty, {
  on: {
    fail: () => {
      throw new Error('not today');
    },
  },
});
const sloth = actor(Sloth, { on: { wait: () => new Promise<void>(() => {}) } });

test('defaultConfig says what an option is when it is left out, for either preset', () => {
  expect(defaultConfig()).toMatchObject({
    host: '127.0.0.1',
    port: 0,
    discoveryIntervalMs: 5_000,
    heartbeatIntervalMs: 500,
    suspectTimeoutMs: 1_500,
    stallTimeoutMs: 5_000,
    maxRetries: 10,
    retryDelayMs: 200,
    askTimeoutMs: 5_000,
    remoting: defaultRemotingLimits,
  });
  expect(defaultConfig('fast')).toMatchObject({ heartbeatIntervalMs: 100, suspectTimeoutMs: 1_000 });
});

test('defaultConfig refuses a preset that there is not', () => {
  expect(() => defaultConfig('slow' as 'fast')).toThrow(
    expect.objectContaining({
      code: 'ACTOR_CONFIG_INVALID',
      details: { faults: [{ path: 'preset', message: "must be 'default' or 'fast', not \"slow\"" }] },
    }),
  );
});

test('the default logger is pino’s, and the default runtime the system’s', async () => {
  const cluster = new ClusterManager({ clusterName: 'c', nodeName: 'n', transport });
  expect(cluster.system.name).toBe('n');
  await cluster.stop();
});

describe('an option does what it says:', () => {
  let world: World;
  beforeEach(() => (world = new World()));
  afterEach(() => world.stop());

  const alone = { joinAddresses: [] };
  /** How long it takes until `a` tells of `b`, which crashes now. */
  async function untilSeen(what: string): Promise<number> {
    const startMs = world.simulation.nowMs;
    await world.sees('a', what);
    return world.simulation.nowMs - startMs;
  }

  test('nodeName and nodeId', async () => {
    const a = await world.start('a', { ...alone, nodeId: 'place-7' });
    expect(a.self().nodeId).toBe('place-7');
    expect(a.system.name).toBe('a');
    const b = await world.start('b', alone);
    expect(b.self().nodeId).toBe('b');
  });

  test('host and port, 0 for any that is free', async () => {
    const a = await world.start('a', { ...alone, host: 'somewhere', port: 0 });
    expect(a.address).toMatch(/^memory:\/\/somewhere:[1-9]\d*$/);
  });

  test('metadata, as they were when the node was made', async () => {
    const metadata = { zone: 'z' };
    const a = world.make('a', { ...alone, metadata });
    metadata.zone = 'changed later';
    await world.simulation.settle(a.start());
    expect(a.self().metadata).toEqual({ zone: 'z' });
  });

  test('metadata, which the others see', async () => {
    await world.of('ab', { metadata: { zone: 'z', spot: true } });
    const seen = world
      .seat('b')
      .cluster.members()
      .find((member) => member.nodeId === 'a');
    expect(seen?.metadata).toEqual({ zone: 'z', spot: true });
  });

  test('discovery and joinAddresses, one beside the other', async () => {
    await world.start('a', alone);
    await world.start('b', alone);
    await world.start('c', { joinAddresses: ['a.test:1'], discovery: staticDiscovery(['b.test:1']) });
    await world.agree('abc');
  });

  test('discovery that can’t be asked or told is asked again, and does not keep the node from running', async () => {
    let isOut = true;
    const registered: unknown[] = [];
    const outage = () => Promise.reject(new Error('no registry'));
    const discovery: DiscoveryFactory = (context) => ({
      ...base(context),
      discover: () => (isOut ? outage() : Promise.resolve([{ address: { host: 'b.test', port: 1 } }])),
      register: (node) => (isOut ? outage() : Promise.resolve(void registered.push(node))),
    });
    const base = (context: Parameters<DiscoveryFactory>[0]) => {
      const list = staticDiscovery([])(context);
      return {
        complete: false,
        start: () => list.start(),
        stop: () => list.stop(),
        watch: () => list.watch(),
        deregister: (nodeId: string) => Promise.resolve(void registered.push(nodeId)),
        [Symbol.asyncDispose]: () => list.stop(),
      };
    };
    const a = await world.start('a', { ...alone, discovery });
    await world.start('b', alone);
    expect(world.view('a')).toBe('a');
    isOut = false;
    await world.agree('ab', 10_000);
    const { nodeId, address, incarnation, metadata } = a.self();
    expect(registered).toEqual([{ nodeId, address, incarnation, metadata }]);
    await world.simulation.settle(a.leave());
    expect(registered.at(-1)).toBe('a');
  });

  test('discoveryIntervalMs, between two looks for nodes that are not members', async () => {
    await world.start('b', { discoveryIntervalMs: 50_000 });
    await world.start('a', alone);
    await world.simulation.advance(30_000);
    expect(world.view('a')).toBe('a');
    await world.agree('ab', 35_000);
  });

  test('discoveryIntervalMs, which is also as long as a discovery may take to answer', async () => {
    const registry = new Registry();
    registry.trouble = { discover: 'hangs' };
    await world.start('a', { ...alone, discovery: registry.factory, discoveryIntervalMs: 700 });
    expect(world.simulation.nowMs).toBeGreaterThanOrEqual(700);
    expect(world.simulation.nowMs).toBeLessThan(1_000);
  });

  test('maxRetries and retryDelayMs, of a dial: so long a node waits for its seeds', async () => {
    await world.start('a', { maxRetries: 0 });
    expect(world.simulation.nowMs).toBeLessThan(50);
    await world.start('b', { joinAddresses: ['c.test:1'], maxRetries: 10, retryDelayMs: 1_000 });
    // Ten pauses of half a second to one and a half.
    expect(world.simulation.nowMs).toBeGreaterThan(5_000);
    expect(world.simulation.nowMs).toBeLessThan(15_200);
  });

  test('heartbeatIntervalMs, and with it how soon a loss is noticed', async () => {
    await world.of('ab', { heartbeatIntervalMs: 2_000 });
    await world.simulation.advance(20_000);
    world.crash('b');
    const suspectMs = await untilSeen('suspect b');
    expect(suspectMs).toBeGreaterThan(2_500);
    expect(suspectMs).toBeLessThan(7_000);
  });

  test('preset fast', async () => {
    await world.of('ab', { preset: 'fast' });
    await world.simulation.advance(5_000);
    world.crash('b');
    expect(await untilSeen('suspect b')).toBeLessThan(500);
    expect(await untilSeen('dead b')).toBeLessThan(1_500);
  });

  test('suspectTimeoutMs, from suspicion to death', async () => {
    await world.of('ab', { suspectTimeoutMs: 20_000 });
    world.crash('b');
    await untilSeen('suspect b');
    const deadMs = await untilSeen('dead b');
    expect(deadMs).toBeGreaterThan(19_900);
    expect(deadMs).toBeLessThan(21_000);
  });

  test('stallTimeoutMs, of a suspect whose connections stand; never less than suspectTimeoutMs', async () => {
    await world.of('ab', { stallTimeoutMs: 12_000 });
    world.simulation.pause('b', 60_000);
    await untilSeen('suspect b');
    const deadMs = await untilSeen('dead b');
    expect(deadMs).toBeGreaterThan(11_900);
    expect(deadMs).toBeLessThan(13_000);
    await world.of('cd', { joinAddresses: ['c.test:1'], suspectTimeoutMs: 9_000 });
    world.simulation.pause('d', 8_000);
    await world.simulation.advance(20_000);
    expect(world.story('c')).not.toContain('dead d');
  });

  test('phiThreshold, below which a silence is not suspicious', async () => {
    await world.of('ab', { phiThreshold: 200 });
    await world.simulation.advance(5_000);
    world.crash('b');
    expect(await untilSeen('suspect b')).toBeGreaterThan(2_500);
  });

  test('askTimeoutMs, of an ask that does not say itself', async () => {
    const a = await world.start('a', { ...alone, askTimeoutMs: 700 });
    const startMs = world.simulation.nowMs;
    const answer = a.registerActor(sloth, { name: 'sloth' }).ask.wait();
    await expect(world.simulation.settle(answer)).rejects.toMatchObject({ code: 'ACTOR_ASK_TIMEOUT' });
    expect(world.simulation.nowMs - startMs).toBeGreaterThanOrEqual(700);
    expect(world.simulation.nowMs - startMs).toBeLessThan(1_000);
  });

  test('remoting, the bounds of messages between nodes', async () => {
    await world.of('ab', { remoting: { windowMaxFrames: 2 } });
    const a = world.node('a');
    world.network.isolate('b');
    const results: unknown[] = [];
    for (let round = 0; round < 5; round += 1) {
      results.push(a.system.send('memory://b.test:1/nobody', { name: 'x', payload: round }));
      await world.simulation.advance(5);
    }
    expect(results.slice(0, 2)).toEqual(['accepted', 'accepted']);
    expect(results.at(-1)).toBe('rejected');
  });

  test('remoting, of which a bound that is undefined keeps its default', async () => {
    const remoting: object = { depthMax: undefined };
    const [a, b] = await world.of('ab', { remoting });
    b?.registerActor(sloth, { name: 'sloth' });
    let payload: unknown = 'deep';
    for (let depth = 0; depth < defaultRemotingLimits.depthMax; depth += 1) payload = [payload];
    expect(a?.system.send('memory://b.test:1/sloth', { name: 'wait', payload })).toBe('accepted');
    expect(a?.system.send('memory://b.test:1/sloth', { name: 'wait', payload: [payload] })).toBe('dropped');
    await world.simulation.advance(100);
    expect(b?.system.stats()).toMatchObject({ deadLettered: 0 });
  });

  test('logger, which hears of members and of the node’s status', async () => {
    const book = new LogBook();
    await world.of('ab', { logger: book.logger });
    world.crash('b');
    await world.sees('a', 'dead b');
    expect(book.at('info')).toEqual(expect.arrayContaining(['the node is running', 'member-up']));
    expect(book.at('warn')).toEqual(expect.arrayContaining(['member-suspect', 'member-dead']));
  });

  test('logger, which hears of failing actors too, and is told the node and its life', async () => {
    const book = new LogBook();
    const bindings: Record<string, unknown>[] = [];
    const logger: Logger = {
      ...book.logger,
      child: (more) => {
        bindings.push(more);
        return logger;
      },
    };
    const a = await world.start('a', { ...alone, logger });
    a.registerActor(faulty, { name: 'faulty' }).tell.fail();
    await world.simulation.advance(100);
    expect(book.lines.filter(({ fields }) => JSON.stringify(fields).includes('faulty'))).not.toEqual([]);
    expect(bindings).toContainEqual({ node: 'a' });
    expect(bindings).toContainEqual({ incarnation: a.self().incarnation });
  });

  test('metrics, of members and of messages', async () => {
    const values = new Map<string, number>();
    const metrics: Metrics = {
      counter: (name) => {
        const add = (amount = 1): void => void values.set(name, (values.get(name) ?? 0) + amount);
        add(0);
        return { add };
      },
      gauge: (name) => ({ set: (value) => void values.set(name, value) }),
      histogram: () => ({ record: () => {} }),
    };
    await world.of('ab', { metrics });
    expect(values.get('actor_members_count')).toBe(2);
    expect(values.get('actor_membership_events_total')).toBeGreaterThanOrEqual(2);
    expect(values.has('actor_remoting_frames_refused_total')).toBe(true);
  });
});

describe('reconfigure', () => {
  let world: World;
  beforeEach(() => (world = new World()));
  afterEach(() => world.stop());

  test('changes how often it is looked for nodes, from now on', async () => {
    const b = await world.start('b', { discoveryIntervalMs: 500_000 });
    await world.start('a', { joinAddresses: [] });
    b.reconfigure({ discoveryIntervalMs: 1_000 });
    await world.agree('ab', 2_000);
  });

  test('changes how long it is dialled', async () => {
    const a = await world.start('a', { joinAddresses: [] });
    a.reconfigure({ maxRetries: 5, retryDelayMs: 2_000 });
    const startMs = world.simulation.nowMs;
    await expect(world.simulation.settle(a.join(['b.test:1']))).rejects.toMatchObject({
      code: 'ACTOR_NO_ROUTE',
    });
    expect(world.simulation.nowMs - startMs).toBeGreaterThan(5_000);
  });

  test('changes the metadata that the others see, also in a later life', async () => {
    await world.of('ab');
    const a = world.node('a');
    const b = world.node('b');
    a.reconfigure({ metadata: { zone: 'new' } });
    await world.sees('b', 'updated a');
    const seen = () => b.members().find((member) => member.nodeId === 'a')?.metadata;
    expect(seen()).toEqual({ zone: 'new' });
    world.simulation.pause('a', 30_000);
    await world.sees('b', 'dead a');
    await world.agree('ab', 60_000);
    expect(seen()).toEqual({ zone: 'new' });
  });

  test('keeps the metadata as they are when it is called', async () => {
    await world.of('ab');
    const metadata = { zone: 'new' };
    world.node('a').reconfigure({ metadata });
    metadata.zone = 'changed later';
    world.simulation.pause('a', 30_000);
    await world.sees('b', 'dead a');
    await world.agree('ab', 60_000);
    const seen = world
      .node('b')
      .members()
      .find((member) => member.nodeId === 'a');
    expect(seen?.metadata).toEqual({ zone: 'new' });
  });

  test('with nothing changes nothing, and with no object is refused', async () => {
    const a = await world.start('a', { joinAddresses: [], metadata: { zone: 'z' } });
    const reconfigure = (changes: unknown): void => a.reconfigure(changes as Reconfiguration);
    reconfigure({});
    reconfigure({ metadata: undefined });
    expect(a.self().metadata).toEqual({ zone: 'z' });
    for (const nothing of [undefined, null, []]) {
      expect(() => reconfigure(nothing)).toThrow(expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }));
    }
  });

  test('refuses what others rely on, and what is wrong, all at once', async () => {
    const a = await world.start('a', { joinAddresses: [] });
    const changes = { heartbeatIntervalMs: 100, maxRetries: -1, nonsense: 1 } as Reconfiguration;
    expect(() => a.reconfigure(changes)).toThrow(
      expect.objectContaining({
        code: 'ACTOR_CONFIG_INVALID',
        details: {
          faults: [
            { path: 'heartbeatIntervalMs', message: 'can’t change while the node runs' },
            { path: 'maxRetries', message: 'must be a whole number from 0 to 1000000, not -1' },
            { path: 'nonsense', message: 'is no option' },
          ],
        },
      }),
    );
  });
});
