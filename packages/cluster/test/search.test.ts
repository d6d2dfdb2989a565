// How nodes find each other, over a registry that changes, fails and hangs.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ActorError } from '@actor/core';
import type { ClusterConfig } from '../src/index.ts';
import { LogBook, Registry, World } from './world.ts';

let world: World;
let registry: Registry;
beforeEach(() => {
  world = new World();
  registry = new Registry();
});
afterEach(() => world.stop());

const slow = 3_600_000;
const registered = (changes: Partial<ClusterConfig> = {}): Partial<ClusterConfig> => ({
  joinAddresses: [],
  discovery: registry.factory,
  ...changes,
});

describe('a registry', () => {
  test('leads a new node to the others at once, and the others to one that does not dial them', async () => {
    const discoveryIntervalMs = slow;
    await world.start('a', registered({ discoveryIntervalMs }));
    await world.start('b', registered({ discoveryIntervalMs }));
    await world.agree('ab', 100);
    await world.start('c', { joinAddresses: [], discoveryIntervalMs });
    registry.put('c', { address: { host: 'c.test', port: 1 } });
    await world.agree('abc', 100);
  });

  test('is asked every discoveryIntervalMs whatever its watch tells', async () => {
    await world.start('a', registered());
    await world.start('c', { joinAddresses: [] });
    registry.nodes.set('c', { address: { host: 'c.test', port: 1 } });
    await world.agree('ac', 6_500);
  });

  test('knows a node from its start until it leaves, with its present life and metadata', async () => {
    const a = await world.start('a', registered({ metadata: { zone: 'x' } }));
    const { address, incarnation } = a.self();
    expect(registry.nodes.get('a')).toEqual({ nodeId: 'a', address, incarnation, metadata: { zone: 'x' } });
    a.reconfigure({ metadata: { zone: 'y' } });
    await world.simulation.advance(7_000);
    expect(registry.nodes.get('a')?.metadata).toEqual({ zone: 'y' });
    await world.simulation.settle(a.leave());
    expect(registry.nodes.size).toBe(0);
  });

  test('whose watch ends or throws is watched again, once per discoveryIntervalMs, with one warning', async () => {
    const book = new LogBook();
    registry.trouble = { watch: 'fails' };
    await world.start('a', registered({ logger: book.logger }));
    await world.simulation.advance(60_000);
    const watches = registry.calls.filter((call) => call === 'watch').length;
    expect(watches).toBeGreaterThanOrEqual(9);
    expect(watches).toBeLessThanOrEqual(17);
    expect(book.at('warn').filter((line) => line.startsWith('discovery fails'))).toHaveLength(1);
    registry.trouble = {};
    await world.simulation.advance(7_000);
    const discoveryIntervalMs = slow;
    await world.start('b', registered({ discoveryIntervalMs }));
    await world.agree('ab', 100);
    registry.hangUp();
    await world.simulation.advance(100);
    expect(book.at('warn').filter((line) => line.startsWith('discovery fails'))).toHaveLength(2);
    expect(world.view('a')).toBe('ab');
  });

  test('that tells of an unreachable node again and again has it dialled once at a time', async () => {
    const gone = { host: 'gone.test', port: 1 };
    let sent = 0;
    const { transport } = world.config('a');
    await world.start(
      'a',
      registered({
        transport: (context) => {
          const inner = transport(context);
          const send = inner.send.bind(inner);
          inner.send = (to, frame, lane) => {
            if (to.host === gone.host) sent += 1;
            return send(to, frame, lane);
          };
          return inner;
        },
        maxRetries: 1_000,
        discoveryIntervalMs: slow,
      }),
    );
    for (let round = 0; round < 50; round += 1) {
      registry.put('gone', { address: gone });
      await world.simulation.advance(10);
    }
    expect(sent).toBeGreaterThanOrEqual(1);
    expect(sent).toBeLessThanOrEqual(5);
  });
});

describe('a registry that is out', () => {
  const steps = ['start', 'register', 'discover', 'watch'] as const;

  test.each(steps.flatMap((step) => [[step, 'fails'] as const, [step, 'hangs'] as const]))(
    'and %s of which %s does not keep a node from running and joining by address',
    async (step, trouble) => {
      registry.trouble = { [step]: trouble };
      const book = new LogBook();
      await world.start('b', { joinAddresses: [] });
      const startMs = world.simulation.nowMs;
      const a = await world.start('a', registered({ joinAddresses: ['b.test:1'], logger: book.logger }));
      expect(world.simulation.nowMs - startMs).toBeLessThan(5_200);
      await world.agree('ab', 1_000);
      await world.simulation.advance(60_000);
      expect(world.view('a')).toBe('ab');
      expect(registry.calls.length).toBeLessThan(60);
      if (step !== 'watch' || trouble !== 'hangs') {
        expect(book.at('warn').filter((line) => line.startsWith('discovery fails'))).toHaveLength(1);
      }
      registry.trouble = {};
      if (trouble === 'fails') {
        await world.simulation.advance(14_000);
        expect([...registry.nodes.keys()]).toEqual(['a']);
      }
      const stopMs = world.simulation.nowMs;
      await world.simulation.settle(a.stop());
      expect(world.simulation.nowMs - stopMs).toBeLessThan(5_000);
    },
  );

  test('while a node takes its next life does not end the node', async () => {
    await world.of('ab', registered({ joinAddresses: ['a.test:1', 'b.test:1'] }));
    registry.trouble = { start: 'fails', register: 'fails', discover: 'fails', watch: 'fails' };
    world.simulation.pause('b', 30_000);
    await world.sees('a', 'dead b');
    await world.agree('ab', 60_000);
    expect(world.story('b')).toContain('declared-dead');
  });

  test('for good, by what it says itself, is the end of the start', async () => {
    const refused = new ActorError('ACTOR_CONFIG_INVALID', 'No such user.');
    const factory = registry.factory;
    const a = world.make('a', {
      joinAddresses: [],
      discovery: (context) => ({ ...factory(context), start: () => Promise.reject(refused) }),
    });
    await expect(world.simulation.settle(a.start())).rejects.toBe(refused);
    expect(a.status()).toBe('failed');
  });

  test('and hangs does not hold up a stop during the start', async () => {
    registry.trouble = { start: 'hangs' };
    const a = world.make('a', registered());
    const start = a.start();
    start.catch(() => {});
    await world.simulation.advance(100);
    const stopMs = world.simulation.nowMs;
    await world.simulation.settle(a.stop());
    expect(world.simulation.nowMs - stopMs).toBeLessThan(100);
    await expect(start).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });
});

describe('those that refuse', () => {
  test('do not end a node that was a member before: it goes on looking', async () => {
    await world.of('bc', { joinAddresses: ['x.test:1', 'b.test:1'] });
    await world.start('x', { clusterName: 'other', joinAddresses: [] });
    world.simulation.pause('c', 30_000);
    await world.sees('c', 'declared-dead');
    world.crash('b');
    await world.simulation.advance(20_000);
    expect(world.view('c')).toBe('c');
    await world.start('b', { joinAddresses: [] });
    await world.agree('bc', 30_000);
  });
});
