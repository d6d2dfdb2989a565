import { actor, ask, isActorError, protocol, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { frameHeaderBytes, writeHeader } from '../src/remoting/wire.ts';
import { failureOf, type TestNode, World } from './remoting-world.ts';

const Box = protocol('box', { put: tell<unknown>(), echo: ask<unknown, unknown>() });

function boxOn(node: TestNode): unknown[] {
  const got: unknown[] = [];
  const box = actor(Box, {
    on: {
      put: (_ctx, value) => void got.push(value),
      echo: (_ctx, value) => (value === 'function' ? () => {} : value),
    },
  });
  node.system.spawn(box, { name: 'box' });
  return got;
}

/** A frame of the channel's sender, by hand. */
function frame(
  from: number,
  to: number,
  sequence: number,
  batch: readonly number[] = [],
  session = 1,
): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + batch.length);
  writeHeader(bytes, 0, { type: 'actor', session, from, to, sequence, ack: 0, greeting: false });
  bytes.set(batch, frameHeaderBytes);
  return bytes;
}

describe('a payload that can not travel', () => {
  test('is a dead letter of a tell and an error of an ask, with the place named, at the sender', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got = boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    expect(ref.tell.put({ callback: () => {} })).toBe('dropped');
    const error = await world.sim.settle(failureOf(ref.ask.echo({ list: [Symbol('s')] })));
    expect(isActorError(error, 'ACTOR_NOT_SERIALIZABLE') && error.details['path']).toBe('payload.list[0]');
    ref.tell.put('fine');
    await world.sim.advance(50);
    expect(got).toEqual(['fine']);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['not-serializable', 'not-serializable']);
    expect(world.unaccounted()).toBe(0);
  });

  test('as an answer is an error of the ask, outcome unknown: the handler has run', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    boxOn(b);
    const error = await world.sim.settle(failureOf(a.system.ref(Box, b.at('box')).ask.echo('function')));
    expect(isActorError(error, 'ACTOR_NOT_SERIALIZABLE') && error.outcome).toBe('unknown');
  });

  test('because it is too large is an ACTOR_FRAME_TOO_LARGE, and the next one arrives', async () => {
    const world = new World({ limits: { batchMaxBytes: 1_000, frameMaxBytes: 4_000 } });
    const [a, b] = await world.pair();
    boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    const error = await world.sim.settle(failureOf(ref.ask.echo('x'.repeat(5_000))));
    expect(isActorError(error, 'ACTOR_FRAME_TOO_LARGE')).toBe(true);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['too-large']);
    expect(await world.sim.settle(ref.ask.echo('x'.repeat(2_000)))).toHaveLength(2_000);
  });

  test('because it nests too deeply for the receiver is one dead letter there', async () => {
    const world = new World();
    const a = await world.start('a');
    const b = await world.start('b', 1, undefined, { limits: { depthMax: 8 } });
    world.meet(a, b);
    const got = boxOn(b);
    let deep: unknown = 1;
    for (let i = 0; i < 20; i += 1) deep = [deep];
    const ref = a.system.ref(Box, b.at('box'));
    ref.tell.put(deep);
    ref.tell.put('fine');
    const error = await world.sim.settle(failureOf(ref.ask.echo(deep)));
    expect(isActorError(error, 'ACTOR_BAD_FRAME')).toBe(true);
    expect(got).toEqual(['fine']);
    expect(b.letters.map((letter) => letter.reason)).toEqual(['undecodable', 'undecodable']);
    expect(world.unaccounted()).toBe(0);
  });
});

describe('a full window', () => {
  test('rejects tells and asks, loses nothing that was accepted, and opens again', async () => {
    const world = new World({ limits: { windowMaxBytes: 2_000, batchMaxBytes: 500 } });
    const [a, b] = await world.pair();
    const got = boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    const mend = world.network.partition(['a'], ['b']);
    const results: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      results.push(ref.tell.put(`message ${i} ${'x'.repeat(50)}`));
      if (i % 10 === 0) await world.sim.advance(1);
    }
    const accepted = results.filter((result) => result === 'accepted').length;
    expect(accepted).toBeGreaterThan(10);
    expect(results.at(-1)).toBe('rejected');
    const error = await world.sim.settle(failureOf(ref.ask.echo(1)), { withinMs: 1 });
    expect(isActorError(error, 'ACTOR_SEND_QUEUE_FULL')).toBe(true);
    mend();
    await world.sim.runUntil(() => got.length === accepted);
    expect(ref.tell.put('again')).toBe('accepted');
    await world.sim.advance(10_000);
    expect(got).toHaveLength(accepted + 1);
    expect(new Set(a.letters.map((letter) => letter.reason))).toEqual(new Set(['queue-full']));
    expect(world.unaccounted()).toBe(0);
  });

  test('of the transport holds frames back: nothing accepted is lost, and the order stays', async () => {
    const world = new World({ queueMaxBytes: 500, conditions: { delayMeanMs: 5 } });
    const [a, b] = await world.pair();
    const got = boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    for (let i = 0; i < 200; i += 1) {
      expect(ref.tell.put(`${i} ${'x'.repeat(100)}`)).toBe('accepted');
      await world.sim.advance(1);
    }
    await world.sim.runUntil(() => got.length === 200);
    expect(got.map((text) => Number.parseInt(String(text), 10))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  test('bounds the requests under way as well', async () => {
    const world = new World({ limits: { requestsMax: 3 } });
    const [a, b] = await world.pair();
    boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    const asks = [1, 2, 3, 4].map((value) =>
      ref.ask.echo(value).catch((error: unknown) => isActorError(error) && error.code),
    );
    expect(await world.sim.settle(Promise.all(asks))).toEqual([1, 2, 3, 'ACTOR_SEND_QUEUE_FULL']);
    expect(await world.sim.settle(ref.ask.echo(5))).toBe(5);
  });
});

describe('frames that are refused', () => {
  test('are those for another incarnation, from another, and from who is no member; nothing is delivered', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const c = await world.start('c');
    c.host.addresses.learn('b', b.self.address);
    const got = boxOn(b);
    const put = [2, 0, 0, 3, 98, 111, 120, 0, 3, 112, 117, 116, 0];
    const channel = a.host.context.channel('actors', 'user');
    channel.send('b', frame(1, 9, 1, put));
    channel.send('b', frame(9, 1, 1, put));
    channel.send('b', frame(1, 1, 1, put, 77));
    c.host.context.channel('actors', 'user').send('b', frame(1, 1, 1, put));
    await world.sim.advance(100);
    expect(got).toEqual([]);
    channel.send('b', frame(1, 1, 1, put));
    await world.sim.advance(100);
    expect(got).toEqual([undefined]);
  });

  test('are those that make no sense: they cost themselves, a warning, and nothing else', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got = boxOn(b);
    const channel = a.host.context.channel('actors', 'user');
    channel.send('b', new Uint8Array(3));
    channel.send('b', new Uint8Array(200).fill(0xff));
    channel.send('b', frame(1, 1, 5, [99]));
    const lie = frame(1, 1, 0);
    writeHeader(lie, 0, {
      type: 'actor',
      session: 1,
      from: 1,
      to: 1,
      sequence: 0,
      ack: 1_000,
      greeting: false,
    });
    channel.send('b', lie);
    await world.sim.advance(100);
    expect(b.warnings.length).toBeGreaterThanOrEqual(3);
    for (let i = 0; i < 5; i += 1) a.system.ref(Box, b.at('box')).tell.put(i);
    await world.sim.advance(5_000);
    expect(got).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('incarnations', () => {
  test('a new one of a peer replaces the old at once: watches and asks of the old end, refs go on working', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    expect(await world.sim.settle(ref.ask.echo(1))).toBe(1);
    b.remoting.stop();
    await world.sim.settle(b.host.stop());
    world.sim.kill('b');
    const reborn = await world.start('b', 2);
    boxOn(reborn);
    world.meet(a, reborn);
    await world.sim.advance(50);
    const again = a.system.ref(Box, reborn.at('box'));
    expect(await world.sim.settle(again.ask.echo(2))).toBe(2);
  });

  test('an old one of a peer is not taken up again', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    boxOn(b);
    a.remoting.peerUp({ ...b.self, incarnation: 0 });
    expect(await world.sim.settle(a.system.ref(Box, b.at('box')).ask.echo(1))).toBe(1);
  });

  test('messages sent before the peer knows this node arrive when it does, without a timeout', async () => {
    const world = new World();
    const [a, b] = [await world.start('a'), await world.start('b')];
    const got = boxOn(b);
    a.host.addresses.learn('b', b.self.address);
    a.remoting.peerUp(b.self);
    a.system.ref(Box, b.at('box')).tell.put('early');
    await world.sim.advance(100);
    expect(got).toEqual([]);
    world.meet(a, b);
    await world.sim.advance(20);
    expect(got).toEqual(['early']);
  });
});

describe('flushed', () => {
  test('resolves when all is acknowledged, and when there is nothing', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got = boxOn(b);
    await world.sim.settle(a.remoting.flushed());
    a.system.ref(Box, b.at('box')).tell.put(1);
    await world.sim.settle(a.remoting.flushed());
    expect(got).toEqual([1]);
  });

  test('gives up with its signal, and when the peer is lost', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    world.network.partition(['a'], ['b']);
    a.system.ref(Box, b.at('box')).tell.put(1);
    const controller = new AbortController();
    const waiting = failureOf(a.remoting.flushed({ signal: controller.signal }));
    await world.sim.advance(100);
    controller.abort('enough');
    expect(await world.sim.settle(waiting)).toBe('enough');
    const lost = a.remoting.flushed();
    world.part(a, b);
    await world.sim.settle(lost);
  });
});
