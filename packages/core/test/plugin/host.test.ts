import { beforeEach, describe, expect, test, vi } from 'vitest';

import {
  ActorError,
  type Logger,
  type Metrics,
  noMetrics,
  pluginHost,
  type PeerIdentity,
  type PluginHost,
  type PluginHostOptions,
  type Runtime,
  silentLogger,
} from '../../src/index.ts';
import { Simulation } from '../../src/testkit/index.ts';
import { Wire, type WireEnd } from './wire.ts';

const portOf = (nodeId: string): number => nodeId.charCodeAt(0);
const addressOf = (nodeId: string) => ({ host: 'wire', port: portOf(nodeId) });
const peer = (nodeId: string, incarnation = 1): PeerIdentity => ({
  nodeId,
  incarnation,
  address: addressOf(nodeId),
});
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

let simulation: Simulation;
let wire: Wire;
let warnings: { readonly text: string | undefined; readonly channel: unknown }[];
let errors: string[];
let counts: Map<string, number>;

beforeEach(() => {
  simulation = new Simulation({ seed: 1 });
  wire = new Wire();
  warnings = [];
  errors = [];
  counts = new Map();
});

const logger = (): Logger => ({
  ...silentLogger,
  warn: (fields: object | string, text?: string) => {
    warnings.push({ text, channel: typeof fields === 'object' && 'channel' in fields && fields.channel });
  },
  error: (_fields: object | string, message?: string) => void errors.push(message ?? ''),
});
const metrics = (): Metrics => ({
  ...noMetrics,
  counter: (name) => ({ add: (amount = 1) => void counts.set(name, (counts.get(name) ?? 0) + amount) }),
});

async function start(nodeId: string, options: Partial<PluginHostOptions> = {}): Promise<PluginHost> {
  const host = pluginHost({
    nodeId,
    clusterName: 'test',
    transport: wire.factory,
    listen: addressOf(nodeId),
    incarnation: 1,
    runtime: simulation.runtime(nodeId),
    logger: logger(),
    metrics: metrics(),
    ...options,
  });
  await host.start();
  return host;
}
const end = (host: PluginHost): WireEnd => host.transport as WireEnd;

describe('a channel', () => {
  test('carries its messages, and only its own, to the same channel of another node', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const heard: string[] = [];
    b.context
      .channel('one', 'user')
      .receive((from, got) => void heard.push(`one ${from.nodeId} ${String(got)}`));
    b.context
      .channel('on', 'user')
      .receive((from, got) => void heard.push(`on ${from.nodeId} ${String(got)}`));
    a.addresses.learn('b', b.address());
    expect(a.context.channel('one', 'user').send('b', bytes(1, 2))).toBe(true);
    expect(a.context.channel('on', 'user').send('b', bytes())).toBe(true);
    await simulation.advance(1);
    expect(heard).toEqual(['one a 1,2', 'on a ']);
  });

  test('takes nothing for a node whose address is unknown or was forgotten', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const channel = a.context.channel('x', 'user');
    expect(channel.send('b', bytes(1))).toBe(false);
    a.addresses.learn('b', b.address());
    expect(channel.send('b', bytes(1))).toBe(true);
    a.addresses.forget('b');
    expect(channel.send('b', bytes(1))).toBe(false);
  });

  test('is the same one for the same name, and has one listener at a time', async () => {
    const a = await start('a');
    const channel = a.context.channel('x', 'user');
    expect(a.context.channel('x', 'user')).toBe(channel);
    const stop = channel.receive(() => {});
    expect(() => channel.receive(() => {})).toThrow(/listener already/);
    stop();
    const stopSecond = channel.receive(() => {});
    stop();
    expect(() => channel.receive(() => {})).toThrow(/listener already/);
    stopSecond();
  });

  test('refuses a name that does not fit its header', async () => {
    const a = await start('a');
    expect(() => a.context.channel('', 'user')).toThrow(/1 to 32 bytes/);
    expect(() => a.context.channel('é'.repeat(17), 'user')).toThrow(/has 34/);
    a.context.channel('é'.repeat(16), 'user');
  });

  test('reports links that are up to a new listener at once, and later changes to all', async () => {
    const a = await start('a');
    const seen: string[] = [];
    const watch = (who: string) => (p: PeerIdentity, up: boolean) =>
      void seen.push(`${who} ${p.nodeId}${p.incarnation} ${up ? 'up' : 'down'}`);
    end(a).link(peer('b', 1), true);
    a.context.channel('x', 'user').onLink(watch('x'));
    const leave = a.context.channel('y', 'user').onLink(watch('y'));
    end(a).link(peer('b', 2), true);
    end(a).link(peer('b', 1), false);
    leave();
    end(a).link(peer('b', 2), false);
    a.context.channel('z', 'user').onLink(watch('z'));
    expect(seen).toEqual(['x b1 up', 'y b1 up', 'x b2 up', 'y b2 up', 'x b1 down', 'y b1 down', 'x b2 down']);
  });

  test('survives a listener that throws, which is logged', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const heard: number[] = [];
    b.context.channel('x', 'user').receive((_from, got) => {
      heard.push(got[0] ?? 0);
      throw new RangeError('a bug');
    });
    a.addresses.learn('b', b.address());
    a.context.channel('x', 'user').send('b', bytes(1));
    a.context.channel('x', 'user').send('b', bytes(2));
    await simulation.advance(1);
    expect(heard).toEqual([1, 2]);
    expect(errors).toHaveLength(2);
  });
});

describe('a frame that no channel takes', () => {
  test('is counted each time, and warned of once per name', async () => {
    const b = await start('b');
    b.context.channel('silent', 'user');
    for (const name of ['gone', 'silent', 'gone', 'silent']) {
      end(b).deliver(peer('a'), bytes(name.length, ...new TextEncoder().encode(name), 1));
    }
    expect(counts.get('actor_frames_unheard_total')).toBe(4);
    expect(warnings.map(({ channel }) => channel)).toEqual(['gone', 'silent']);
    // What a peer chose stays in the fields, where it is escaped.
    expect(warnings[0]?.text).toBe(warnings[1]?.text);
  });

  test('does no harm when its header is broken', async () => {
    const b = await start('b');
    const heard: unknown[] = [];
    b.context.channel('x', 'user').receive((_from, got) => heard.push(got));
    for (const frame of [bytes(), bytes(255, 1), bytes(33, ...new Uint8Array(40)), bytes(2, 120)]) {
      end(b).deliver(peer('a'), frame);
    }
    end(b).deliver(peer('a'), bytes(0));
    end(b).deliver(peer('a'), bytes(0, 9, 0, 0, 0, 1));
    end(b).deliver(peer('a'), bytes(1, 120, 7));
    expect(counts.get('actor_frames_broken_total')).toBe(4);
    expect(warnings).toHaveLength(1);
    expect(heard).toEqual([bytes(7)]);
  });

  test('makes a bounded number of warnings, however many names a peer invents', async () => {
    const b = await start('b', { warningsMax: 3 });
    for (let i = 0; i < 100; i += 1) end(b).deliver(peer('a'), bytes(1, i));
    expect(warnings).toHaveLength(3);
    expect(counts.get('actor_frames_unheard_total')).toBe(100);
  });
});

describe('the address book', () => {
  test('learns from links, and not from the late link of an older life', async () => {
    const [a, c] = [await start('a'), await start('c')];
    const at = (incarnation: number, address: PeerIdentity['address']): PeerIdentity => ({
      nodeId: 'n',
      incarnation,
      address,
    });
    end(a).link(at(5, c.address()), true);
    end(a).link(at(4, addressOf('x')), true);
    const heard: unknown[] = [];
    c.context.channel('x', 'user').receive((_from, got) => heard.push(got));
    a.context.channel('x', 'user').send('n', bytes(1));
    await simulation.advance(1);
    expect(heard).toHaveLength(1);
  });

  test('forgets the node it learnt longest ago when it is full', async () => {
    const a = await start('a', { nodesMax: 2 });
    for (const nodeId of ['x', 'y', 'x', 'z']) a.addresses.learn(nodeId, addressOf(nodeId));
    const channel = a.context.channel('c', 'user');
    expect(['x', 'y', 'z'].map((nodeId) => channel.send(nodeId, bytes()))).toEqual([true, false, true]);
  });

  test('connects to whoever answers at an address', async () => {
    const [a] = [await start('a'), await start('b', { incarnation: 7 })];
    const found = a.addresses.connect(addressOf('b'));
    await expect(simulation.settle(found)).resolves.toEqual(peer('b', 7));
  });

  test('remembers who answered at which address, so many of them', async () => {
    const a = await start('a', { nodesMax: 2 });
    for (const name of ['b', 'c', 'd']) {
      await start(name);
      await simulation.settle(a.addresses.connect(addressOf(name)));
    }
    const answered = ['b', 'c', 'd', 'e'].map((name) => a.addresses.nodeAt(addressOf(name)));
    expect(answered).toEqual([undefined, 'c', 'd', undefined]);
  });

  test('tries again, jittered, until somebody is there', async () => {
    const a = await start('a');
    const found = a.addresses.connect(addressOf('b'));
    await simulation.advance(700);
    await start('b');
    await expect(simulation.settle(found)).resolves.toEqual(peer('b'));
    const tries = end(a).sent.length;
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(9);
  });

  test('gives up after maxRetries retries with retryDelayMs before each, naming the address and keeping the cause', async () => {
    const a = await start('a', { timing: { maxRetries: 3, retryDelayMs: 100 } });
    const failed = a.addresses.connect(addressOf('b')).catch((error: unknown) => error);
    const error = (await simulation.settle(failed)) as ActorError;
    expect(error.code).toBe('ACTOR_NO_ROUTE');
    expect(error.message).toMatch(/wire:98.*4 tries/);
    expect((error.cause as ActorError).message).toBe('nobody there');
    expect(end(a).sent).toHaveLength(4);
    expect(simulation.nowMs).toBeGreaterThan(150);
    expect(simulation.nowMs).toBeLessThan(451);
  });

  test('counts silence as a failed try after answerMs', async () => {
    const a = await start('a', { timing: { maxRetries: 1, retryDelayMs: 100 }, answerMs: 400 });
    wire.silent.add('wire:98');
    const failed = a.addresses.connect(addressOf('b')).catch((error: unknown) => error);
    await expect(simulation.settle(failed)).resolves.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
    expect(end(a).sent).toHaveLength(2);
    expect(simulation.nowMs).toBeGreaterThan(850);
    expect(simulation.nowMs).toBeLessThan(951);
  });

  test.each(['ACTOR_UNAUTHENTICATED', 'ACTOR_PROTOCOL_MISMATCH'] as const)(
    'does not try again after a refusal by %s',
    async (code) => {
      const a = await start('a');
      wire.failures.set('wire:98', new ActorError(code, 'refused'));
      const failed = a.addresses.connect(addressOf('b')).catch((error: unknown) => error);
      await expect(simulation.settle(failed)).resolves.toMatchObject({ code });
      expect(end(a).sent).toHaveLength(1);
    },
  );

  test('refuses to connect to the own address, before the start and after the stop', async () => {
    const early = pluginHost({ nodeId: 'a', clusterName: 'test', transport: wire.factory });
    await expect(early.addresses.connect(addressOf('b'))).rejects.toMatchObject({
      code: 'ACTOR_NODE_NOT_STARTED',
    });
    const a = await start('a');
    await expect(a.addresses.connect(addressOf('a'))).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
    const pending = a.addresses.connect(addressOf('b'));
    await a.stop();
    await expect(pending).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
    await expect(a.addresses.connect(addressOf('b'))).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });

  test("rejects with the signal's reason, and leaves nothing behind", async () => {
    const a = await start('a');
    const reason = new RangeError('enough');
    await expect(a.addresses.connect(addressOf('b'), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const pending = a.addresses.connect(addressOf('b'), { signal: controller.signal });
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    const sent = end(a).sent.length;
    await simulation.advance(10_000);
    expect(end(a).sent).toHaveLength(sent);
  });

  test('lets go of the signal of a connect that has succeeded', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const { signal } = new AbortController();
    const forgotten = vi.spyOn(signal, 'removeEventListener');
    await simulation.settle(a.addresses.connect(b.address(), { signal }));
    expect(forgotten).toHaveBeenCalledWith('abort', expect.any(Function));
  });

  test('is not moved by an answer that nobody waits for', async () => {
    const [a, b] = [await start('a'), await start('b')];
    end(a).deliver(peer('b'), bytes(0, 2, 0, 0, 0, 99));
    end(a).deliver(peer('b'), bytes(0, 2, 0));
    await simulation.settle(a.addresses.connect(b.address()));
  });
});

describe('a plugin host', () => {
  test('names every fault of its options at once', () => {
    const wrong = {
      nodeId: '',
      clusterName: '',
      transport: wire.factory,
      listen: { host: 'wire', port: 65_536 },
      incarnation: 0.5,
      answerMs: 0,
      nodesMax: 0,
      warningsMax: -1,
      timing: { maxRetries: -1, retryDelayMs: NaN, heartbeatIntervalMs: 0, discoveryIntervalMs: Infinity },
    };
    let thrown: unknown;
    try {
      pluginHost(wrong);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    expect((thrown as ActorError).details['faults']).toHaveLength(11);
  });

  test('takes its incarnation from the wall clock and its timing from the defaults', async () => {
    const runtime: Runtime = simulation.runtime('a');
    runtime.wallMs = () => 1_234.5;
    const host = pluginHost({
      nodeId: 'a',
      clusterName: 'c',
      transport: wire.factory,
      runtime,
      timing: { maxRetries: 2 },
    });
    expect(host.context).toMatchObject({ protocol: 1, incarnation: 1_234, listen: { port: 0 } });
    expect(host.context.timing).toEqual({
      heartbeatIntervalMs: 500,
      discoveryIntervalMs: 5_000,
      maxRetries: 2,
      retryDelayMs: 200,
    });
    await host.stop();
  });

  test('ends its life once: the signal aborts, the transport stops, and it does not start again', async () => {
    const a = await start('a');
    expect(a.context.signal.aborted).toBe(false);
    await Promise.all([a.stop(), a.stop(), a[Symbol.asyncDispose]()]);
    expect(a.context.signal.aborted).toBe(true);
    expect(end(a).isStopped).toBe(true);
    const never = pluginHost({ nodeId: 'z', clusterName: 'c', transport: wire.factory });
    await never.stop();
    await expect(never.start()).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });

  test('ends its life when its transport does not start', async () => {
    const refused = new ActorError('ACTOR_BIND_FAILED', 'taken');
    const host = pluginHost({
      nodeId: 'a',
      clusterName: 'c',
      transport: (context) => {
        const made = wire.factory(context);
        made.start = () => Promise.reject(refused);
        return made;
      },
    });
    await expect(host.start()).rejects.toBe(refused);
    expect(host.context.signal.aborted).toBe(true);
    expect(end(host).isStopped).toBe(true);
  });
});
