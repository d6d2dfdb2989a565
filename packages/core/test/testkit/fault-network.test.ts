import { beforeEach, describe, expect, test } from 'vitest';

import type { NodeAddress, PeerIdentity, Transport } from '../../src/index.ts';
import {
  FaultNetwork,
  faultNetwork,
  type FaultNetworkOptions,
  Simulation,
  type SimulatedRuntime,
  transportContext,
} from '../../src/testkit/index.ts';
import { Wire, type WireEnd } from '../plugin/wire.ts';

interface Node {
  readonly nodeId: string;
  readonly transport: Transport;
  readonly inner: WireEnd;
  readonly runtime: SimulatedRuntime;
  readonly address: NodeAddress;
  readonly identity: PeerIdentity;
  readonly log: string[];
}

let simulation: Simulation;
let wire: Wire;
let network: FaultNetwork;
let nodes: Node[];

/** Nodes that are linked with each other by their inner transports. */
async function setUp(
  options: Partial<FaultNetworkOptions> = {},
  names: readonly string[] = ['a', 'b', 'c'],
): Promise<void> {
  network = new FaultNetwork({ seed: 1, ...options });
  nodes = [];
  for (const nodeId of names) {
    const runtime = simulation.runtime(nodeId);
    const listen = { host: 'wire', port: nodeId.charCodeAt(0) };
    const made: { inner?: WireEnd } = {};
    const factory = network.wrap((context) => {
      made.inner = wire.factory(context) as WireEnd;
      return made.inner;
    });
    const transport = factory(transportContext({ nodeId, runtime, listen }));
    await transport.start();
    const log: string[] = [];
    transport.onLink((peer, up) => log.push(`${up ? '+' : '-'}${peer.nodeId}`));
    transport.receive((from, frame) => log.push(`${from.nodeId}:${String(frame)}`));
    transport.onDialFailed?.((to, error) => log.push(`!${to.port} ${error.code}`));
    const inner = made.inner as WireEnd;
    nodes.push({ nodeId, transport, inner, runtime, log, address: listen, identity: inner.identity });
  }
  for (const one of nodes) for (const other of nodes) if (one !== other) one.inner.link(other.identity, true);
  await simulation.advance(1);
  for (const { log } of nodes) log.length = 0;
}
const node = (nodeId: string): Node => nodes.find((candidate) => candidate.nodeId === nodeId) as Node;
const say = (from: string, to: string, ...bytes: number[]): boolean =>
  node(from).transport.send(node(to).address, Uint8Array.from(bytes), 'user');
const logs = (): Record<string, string[]> =>
  Object.fromEntries(nodes.map(({ nodeId, log }) => [nodeId, log]));

beforeEach(() => {
  simulation = new Simulation({ seed: 1 });
  wire = new Wire();
});

describe('a network without faults', () => {
  test('is the transport itself', async () => {
    await setUp();
    say('a', 'b', 1);
    say('a', 'b', 2);
    await simulation.advance(1);
    expect(logs()).toEqual({ a: [], b: ['a:1', 'a:2'], c: [] });
    expect(node('a').transport.supports).toMatchObject(node('a').inner.supports);
    expect(node('a').transport.kind).toBe('wire');
    await node('a').transport[Symbol.asyncDispose]();
    expect(say('a', 'b', 3)).toBe(false);
  });

  test('comes with the factory that faultNetwork makes of another', () => {
    const factory = faultNetwork(wire.factory, { seed: 1 });
    expect(factory.network).toBeInstanceOf(FaultNetwork);
  });
});

describe('a partition', () => {
  test('takes down the links between its sides, and heals to new ones', async () => {
    await setUp();
    const mend = network.partition(['a'], ['b', 'c']);
    say('a', 'b', 1);
    await simulation.advance(5);
    expect(logs()).toEqual({ a: ['-b', '-c'], b: ['-a'], c: ['-a'] });
    say('b', 'c', 2);
    say('b', 'a', 3);
    await simulation.advance(5);
    expect(node('c').log).toEqual(['-a', 'b:2']);
    mend();
    say('a', 'b', 4);
    await simulation.advance(5);
    expect(node('b').log).toEqual(['-a', '!97 ACTOR_NO_ROUTE', '+a', 'a:4']);
    expect(node('a').log).toEqual(['-b', '-c', '+b', '+c']);
  });

  test('fails dials into it, once per address at a time', async () => {
    await setUp({ dialFailMs: 10 });
    network.isolate('a');
    await simulation.advance(5);
    node('a').log.length = 0;
    expect(say('a', 'b', 1)).toBe(true);
    expect(say('a', 'b', 2)).toBe(true);
    await simulation.advance(9);
    expect(node('a').log).toEqual([]);
    await simulation.advance(2);
    expect(node('a').log).toEqual(['!98 ACTOR_NO_ROUTE']);
  });

  test('holds back a link that comes up inside it until it has healed', async () => {
    await setUp();
    network.isolate('a');
    node('b').inner.link(node('a').identity, false);
    await simulation.advance(5);
    node('b').inner.link(node('a').identity, true);
    node('b').inner.deliver(node('a').identity, Uint8Array.of(1));
    await simulation.advance(5);
    expect(node('b').log).toEqual(['-a']);
    network.heal();
    await simulation.advance(5);
    expect(node('b').log).toEqual(['-a', '+a']);
  });

  test('loses frames before it is noticed, when noticing takes time', async () => {
    await setUp({ noticeMs: 100 });
    network.partition(['a'], ['b']);
    say('a', 'b', 1);
    await simulation.advance(99);
    expect(node('b').log).toEqual([]);
    await simulation.advance(5);
    expect(node('b').log).toEqual(['-a']);
  });

  test('that is never noticed still resets its links when it ends, for frames were lost', async () => {
    await setUp({ noticeMs: Infinity });
    network.partition(['a'], ['b']);
    say('a', 'b', 1);
    await simulation.advance(10_000);
    expect(node('b').log).toEqual([]);
    network.heal();
    say('a', 'b', 2);
    await simulation.advance(5);
    expect(node('b').log).toEqual(['-a', '+a', 'a:2']);
    expect(node('a').log).toEqual(['-b', '+b']);
  });

  test('of one way loses the frames of that way only, and resets the link when it ends', async () => {
    await setUp();
    const mend = network.oneWay(['a'], ['b']);
    say('a', 'b', 1);
    say('b', 'a', 2);
    await simulation.advance(50);
    expect(logs()).toEqual({ a: ['b:2'], b: [], c: [] });
    mend();
    await simulation.advance(5);
    expect(logs()).toEqual({ a: ['b:2', '-b', '+b'], b: ['-a', '+a'], c: [] });
  });

  test('may leave a bridge, or take random halves, as the seed says', async () => {
    await setUp({}, ['a', 'b', 'c', 'd', 'e']);
    const ids = nodes.map(({ nodeId }) => nodeId);
    const { bridge, sides, mend } = network.bridge(ids);
    const [left = [], right = []] = sides;
    expect([bridge, ...left, ...right].toSorted()).toEqual(ids);
    expect(network.model.isCut(left[0] as string, right[0] as string)).toBe(true);
    expect(network.model.isCut(left[0] as string, bridge)).toBe(false);
    expect(network.model.isCut(bridge, right[0] as string)).toBe(false);
    mend();
    const halves = network.halves(ids);
    expect(halves.sides.map((side) => side.length)).toEqual([3, 2]);
    halves.mend();
    expect(network.model.hasCuts).toBe(false);
  });

  test('may come and go', async () => {
    await setUp();
    const mend = network.flipFlop([['a'], ['b']], { periodMs: 100, clock: simulation });
    await simulation.advance(450);
    expect(node('a').log).toEqual(['-b', '+b', '-b', '+b', '-b']);
    mend();
    await simulation.advance(1_000);
    expect(node('a').log).toEqual(['-b', '+b', '-b', '+b', '-b', '+b']);
  });

  test('says nothing to a process that is stalled, until it goes on', async () => {
    await setUp();
    simulation.pause('b', 1_000);
    network.reset('b', 'c');
    network.isolate('a');
    await simulation.advance(500);
    expect(node('a').log).toEqual(['-b', '-c']);
    expect(node('b').log).toEqual([]);
    await simulation.advance(600);
    expect(node('b').log).toEqual(['-c', '+c', '-a']);
  });

  test('that has ended has no part in a later one of others', async () => {
    await setUp();
    network.partition(['a'], ['b'])();
    await simulation.advance(5);
    nodes.forEach(({ log }) => (log.length = 0));
    const mend = network.partition(['a'], ['c']);
    await simulation.advance(5);
    mend();
    await simulation.advance(5);
    expect(logs()).toEqual({ a: ['-c', '+c'], b: [], c: ['-a', '+a'] });
  });

  test('is told to nobody who has been stopped', async () => {
    await setUp();
    await node('b').transport.stop();
    network.isolate('a');
    await simulation.advance(5);
    expect(node('b').log).toEqual([]);
  });
});

describe('conditions that keep the contract', () => {
  test('delay frames, and the news of links, in order', async () => {
    await setUp({ conditions: { delayMinMs: 5, delayMeanMs: 20 } });
    await simulation.advance(100);
    node('b').log.length = 0;
    for (let i = 0; i < 50; i += 1) say('a', 'b', i);
    await simulation.advance(5);
    expect(node('b').log.length).toBeLessThan(50);
    node('b').inner.link(node('a').identity, false);
    await simulation.advance(1_000);
    expect(node('b').log).toEqual([...Array.from({ length: 50 }, (_, i) => `a:${i}`), '-a']);
  });

  test('hold frames behind each other at a low bandwidth', async () => {
    await setUp({ conditions: { bandwidthBytesPerMs: 1 } });
    for (let i = 0; i < 5; i += 1) node('a').transport.send(node('b').address, new Uint8Array(100), 'user');
    await simulation.advance(250);
    expect(node('b').log).toHaveLength(2);
    await simulation.advance(300);
    expect(node('b').log).toHaveLength(5);
  });

  test('hold frames back while a node is clogged', async () => {
    await setUp();
    say('a', 'b', 1);
    await simulation.advance(1);
    network.clog(['b'], 100);
    say('a', 'b', 2);
    await simulation.advance(50);
    expect(node('b').log).toEqual(['a:1']);
    await simulation.advance(60);
    expect(node('b').log).toEqual(['a:1', 'a:2']);
  });

  test('reset links at both ends, with what was in flight', async () => {
    await setUp({ conditions: { delayMinMs: 10 } });
    await simulation.advance(50);
    nodes.forEach(({ log }) => (log.length = 0));
    say('a', 'b', 1);
    await simulation.advance(5);
    network.reset('a', 'b');
    await simulation.advance(50);
    expect(logs()).toEqual({ a: ['-b', '+b'], b: ['-a', '+a'], c: [] });
    network.set({ resetRate: 1, delayMinMs: 0 });
    say('a', 'b', 2);
    await simulation.advance(50);
    expect(logs()).toEqual({ a: ['-b', '+b', '-b', '+b'], b: ['-a', '+a', '-a', '+a'], c: [] });
  });

  test('can be set for some links only', async () => {
    await setUp();
    network.setDelay({ delayMinMs: 100 }, { to: 'c' });
    say('a', 'b', 1);
    say('a', 'c', 2);
    await simulation.advance(50);
    expect([node('b').log, node('c').log]).toEqual([['a:1'], []]);
    await simulation.advance(60);
    expect(node('c').log).toEqual(['a:2']);
  });
});

describe('hostile conditions', () => {
  const count = 1_000;
  const received = async (): Promise<number[]> => {
    for (let i = 0; i < count; i += 1) say('a', 'b', i >> 8, i & 255);
    await simulation.advance(60_000);
    return node('b').log.map((entry) => {
      const [high = 0, low = 0] = entry.slice(2).split(',').map(Number);
      return high * 256 + low;
    });
  };

  test('lose about as many frames as they say', async () => {
    await setUp();
    network.setLoss(0.2);
    const got = await received();
    expect(got.length).toBeGreaterThan(count * 0.75);
    expect(got.length).toBeLessThan(count * 0.85);
    expect(got).toEqual(got.toSorted((x, y) => x - y));
  });

  test('bring frames twice, late and out of order, and lose none of them', async () => {
    await setUp({ hostile: { duplicationRate: 0.1, replayRate: 0.1, reorderRate: 0.1 } });
    const got = await received();
    expect(got.length).toBeGreaterThan(count * 1.15);
    expect(new Set(got).size).toBe(count);
    expect(got).not.toEqual(got.toSorted((x, y) => x - y));
  });

  test('bring no copy of a frame once its link is down', async () => {
    await setUp({ hostile: { replayRate: 1, replayMaxMs: 10 } });
    say('a', 'b', 1);
    await simulation.advance(0.5);
    node('b').inner.link(node('a').identity, false);
    await simulation.advance(100);
    expect(node('b').log).toEqual(['a:1', '-a']);
  });

  test('turn over one bit', async () => {
    await setUp({ hostile: { corruptionRate: 1 } });
    const sent = Uint8Array.of(0, 0, 0, 0);
    node('a').transport.send(node('b').address, sent, 'user');
    await simulation.advance(10);
    const got = (node('b').log[0] ?? '').slice(2).split(',').map(Number);
    const bits = got.map((byte) => byte.toString(2).replaceAll('0', '').length);
    expect(bits.reduce((a, b) => a + b, 0)).toBe(1);
    expect(String(sent)).toBe('0,0,0,0');
  });

  test('are a function of the seed', async () => {
    const run = async (seed: number): Promise<number[]> => {
      simulation = new Simulation({ seed: 1 });
      wire = new Wire();
      await setUp({ seed, hostile: { lossRate: 0.5 } });
      return received();
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });
});
