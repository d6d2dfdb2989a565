import { describe, expect, test } from 'vitest';
import { memory, memoryFabric, type MemoryOptions } from '../src/index.ts';
import { Network, say } from './network.ts';

describe('memory()', () => {
  test('names the option that is wrong', () => {
    const cases: readonly (readonly [MemoryOptions, string])[] = [
      [{ queueMaxBytes: 0 }, 'transport.queueMaxBytes'],
      [{ frameMaxBytes: 1.5 }, 'transport.frameMaxBytes'],
      [{ fabric: {} as never }, 'transport.fabric'],
    ];
    for (const [options, path] of cases) {
      expect(() => memory(options)).toThrow(
        expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', details: { path } }),
      );
    }
  });

  test('transports without a common fabric can not reach each other', async () => {
    const net = new Network();
    const a = await net.start({ port: 1 });
    const b = await net.start({ fabric: memoryFabric(), port: 2 });
    say(a, b, 'hi');
    await net.simulation.advance(5_000);
    expect(a.seen).toEqual(Array.from({ length: 3 }, () => '! ACTOR_NO_ROUTE'));
    expect(b.seen).toEqual([]);
  });
});

describe('binding', () => {
  test('a taken address is refused, and port 0 finds a free one', async () => {
    const net = new Network();
    await net.start({ port: 1 });
    await expect(net.start({ port: 1 })).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
    expect((await net.start()).address()).toEqual({ host: 'host', port: 2 });
  });

  test('there is no address before start, and no second start after stop', async () => {
    const node = new Network().make();
    expect(() => node.address()).toThrow(expect.objectContaining({ code: 'ACTOR_NODE_NOT_STARTED' }));
    await node.transport.stop();
    await expect(node.transport.start()).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });

  test('a stopped transport leaves its address free', async () => {
    const net = new Network();
    const a = await net.start({ port: 7 });
    await a.transport.stop();
    expect((await net.start({ port: 7 })).address().port).toBe(7);
  });
});

describe('links', () => {
  test('two nodes that dial each other at once have one link', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    say(a, b, 'ping');
    say(b, a, 'pong');
    await net.simulation.advance(10);
    expect(a.seen).toEqual(['+b#1', 'b user: pong']);
    expect(b.seen).toEqual(['+a#1', 'a user: ping']);
  });

  test('a late listener hears of links that are up', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    say(a, b, 'ping');
    await net.simulation.advance(10);
    const heard: string[] = [];
    a.transport.onLink((peer, up) => heard.push(`${peer.nodeId} ${up}`));
    expect(heard).toEqual(['b true']);
  });

  test('a foreign cluster is refused at once, and the dialler told why', async () => {
    const net = new Network();
    const [a, b] = [await net.start({ clusterName: 'shop' }), await net.start({ clusterName: 'bank' })];
    say(a, b, 'hi');
    await net.simulation.advance(5_000);
    expect(a.seen).toEqual(['! foreign-cluster']);
    expect(b.seen).toEqual([]);
  });

  test('a newer incarnation at the same address replaces the link of the older one', async () => {
    const net = new Network();
    const a = await net.start();
    const old = await net.start({ nodeId: 'x', incarnation: 1 });
    say(old, a, 'old');
    await net.simulation.advance(10);
    const young = await net.start({ nodeId: 'x', incarnation: 2 });
    say(young, a, 'young');
    await net.simulation.advance(10);
    expect(a.seen).toEqual(['+x#1', 'x user: old', '-x#1', '+x#2', 'x user: young']);
    expect(old.seen).toEqual(['+a#1', '-a#1']);
    say(old, a, 'again');
    await net.simulation.advance(10);
    expect(old.seen.slice(2)).toEqual(['! old-incarnation']);
  });

  test('a node that dials itself by another name is told so', async () => {
    const net = new Network();
    const a = await net.start();
    expect(say(a, a, 'me')).toBe(false);
    const b = await net.start({ nodeId: 'a' });
    say(a, b, 'me');
    await net.simulation.advance(10);
    expect(a.seen).toEqual(['! self']);
  });

  test('a lost link is dialled again by the next send', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start({ port: 9 })];
    say(a, b, 'one');
    await net.simulation.advance(10);
    net.fabric.crash(b.address());
    say(a, b, 'two');
    await net.simulation.advance(10);
    const young = await net.start({ nodeId: 'b', incarnation: 2, port: 9 });
    await net.simulation.advance(1_000);
    expect(a.seen).toEqual(['+b#1', '-b#1', '! ACTOR_NO_ROUTE', '+b#2']);
    expect(young.seen).toEqual(['+a#1', 'a user: two']);
    expect(b.seen).toEqual(['+a#1', 'a user: one']);
  });

  test('a crash takes away a transport that is still handing over what it sent when it stopped', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start({ port: 9 })];
    say(a, b, 'one');
    await net.simulation.advance(10);
    // Its process does nothing, so what is sent to it stays on its way.
    net.simulation.pause('a#1#1', 1_000);
    say(b, a, 'two');
    const stopped = b.transport.stop({ deadlineMs: 100_000 });
    await net.simulation.advance(10);
    expect(net.fabric.crash(b.address())).toBe(true);
    await net.simulation.settle(stopped);
    await net.simulation.advance(1_000);
    expect(a.seen).toEqual(['+b#1', '-b#1']);
    expect(net.fabric.crash(b.address())).toBe(false);
  });

  test('after maxRetries failed dials the frames that wait are dropped, and the next send dials anew', async () => {
    const net = new Network();
    const a = await net.start();
    const to = { host: 'host', port: 99 };
    a.transport.send(to, Buffer.from('lost'), 'user');
    await net.simulation.advance(10_000);
    expect(a.seen).toHaveLength(3);
    const late = await net.start({ port: 99 });
    a.transport.send(to, Buffer.from('kept'), 'user');
    await net.simulation.advance(10);
    expect(late.seen).toEqual(['+a#1', 'a user: kept']);
  });
});
