// Plugin hosts over a whole transport: what core can only test over the smallest one.
import { pluginHost, type PeerIdentity, type PluginHost } from '@actor/core';
import { faultNetwork, type FaultyTransportFactory, Simulation } from '@actor/core/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { memory, memoryFabric, type MemoryFabric } from '../src/index.ts';

let simulation: Simulation;
let fabric: MemoryFabric;
let transport: FaultyTransportFactory;

beforeEach(() => {
  simulation = new Simulation({ seed: 1 });
  fabric = memoryFabric();
  transport = faultNetwork(memory({ fabric }), { seed: 1 });
});

async function start(
  nodeId: string,
  options: { readonly incarnation?: number; readonly clusterName?: string; readonly port?: number } = {},
): Promise<PluginHost> {
  const { incarnation = 1, clusterName = 'test', port = 0 } = options;
  simulation.kill(nodeId);
  const runtime = simulation.runtime(nodeId);
  const host = pluginHost({
    nodeId,
    incarnation,
    clusterName,
    transport,
    runtime,
    listen: { host: 'host', port },
    timing: { maxRetries: 4, retryDelayMs: 100 },
  });
  await simulation.settle(host.start());
  return host;
}
const connect = (from: PluginHost, to: PluginHost): Promise<PeerIdentity> =>
  simulation.settle(from.addresses.connect(to.address()));

/** What the channel `x` of the host hears, in order: `+b#1` link-up, `-b#1` link-down, `b:1,2` a message. */
function listen(host: PluginHost): string[] {
  const heard: string[] = [];
  const channel = host.context.channel('x', 'user');
  channel.onLink((peer, up) => heard.push(`${up ? '+' : '-'}${peer.nodeId}#${peer.incarnation}`));
  channel.receive((from, bytes) => heard.push(`${from.nodeId}:${String(bytes)}`));
  return heard;
}
const say = (from: PluginHost, to: string, ...bytes: number[]): boolean =>
  from.context.channel('x', 'user').send(to, Uint8Array.from(bytes));

describe('hosts over a transport', () => {
  test('find each other by address, then speak by id, both ways', async () => {
    const [a, b] = [await start('a'), await start('b', { incarnation: 3 })];
    const [atA, atB] = [listen(a), listen(b)];
    expect(say(a, 'b', 1)).toBe(false);
    expect(await connect(a, b)).toEqual({ nodeId: 'b', incarnation: 3, address: b.address() });
    expect(say(a, 'b', 1)).toBe(true);
    expect(say(b, 'a', 2)).toBe(true);
    await simulation.advance(10);
    expect(atA).toEqual(['+b#3', 'b:2']);
    expect(atB).toEqual(['+a#1', 'a:1']);
  });

  test('that connect to each other at once both find the other, over one link', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const atA = listen(a);
    const [toB, toA] = [a.addresses.connect(b.address()), b.addresses.connect(a.address())];
    expect((await simulation.settle(toB)).nodeId).toBe('b');
    expect((await simulation.settle(toA)).nodeId).toBe('a');
    await simulation.advance(100);
    expect(atA).toEqual(['+b#1']);
  });

  test('fail at once to connect to another cluster, with the code of the refusal', async () => {
    const [a, foreign] = [await start('a'), await start('f', { clusterName: 'another' })];
    await expect(connect(a, foreign)).rejects.toMatchObject({ code: 'ACTOR_PROTOCOL_MISMATCH' });
    expect(simulation.nowMs).toBeLessThan(10);
  });

  test('go on trying through a partition, and give up when it lasts', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const mend = transport.network.isolate('b');
    const short = a.addresses.connect(b.address());
    await simulation.advance(150);
    mend();
    expect((await simulation.settle(short)).nodeId).toBe('b');
    transport.network.isolate('b');
    await simulation.advance(10);
    await expect(connect(a, b)).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  });

  test('reach a node at its new address once it has been heard from there', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await connect(a, b);
    fabric.crash(b.address());
    await simulation.advance(10);
    const again = await start('b', { incarnation: 2 });
    const heard = listen(again);
    await connect(again, a);
    expect(say(a, 'b', 5)).toBe(true);
    await simulation.advance(10);
    expect(heard).toEqual(['+a#1', 'a:5']);
  });

  test('refuse a payload that does not fit a frame with its header', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await connect(a, b);
    const { frameMaxBytes } = a.transport.supports;
    const channel = a.context.channel('x', 'bulk');
    expect(() => channel.send('b', new Uint8Array(frameMaxBytes))).toThrow(
      expect.objectContaining({ code: 'ACTOR_FRAME_TOO_LARGE' }),
    );
    expect(channel.send('b', new Uint8Array(frameMaxBytes - 2))).toBe(true);
  });
});
