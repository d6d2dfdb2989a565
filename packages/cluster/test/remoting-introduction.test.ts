import { actor, ask, isActorError, protocol, type Serializer, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { msgpack } from '../src/index.ts';
import { introductionOf } from '../src/remoting/introduction.ts';
import { backlogMaxBytes, defaultRemotingLimits } from '../src/remoting/limits.ts';
import { frameHeaderBytes, kind, writeHeader } from '../src/remoting/wire.ts';
import { failureOf, type TestNode, World } from './remoting-world.ts';
import { LogBook, World as ClusterWorld } from './world.ts';

const Box = protocol('box', { put: tell<unknown>(), echo: ask<unknown, unknown>() });

const json: Serializer = {
  name: 'json',
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as unknown,
};

const boxTo = (got: unknown[]) =>
  actor(Box, { on: { put: (_ctx, value) => void got.push(value), echo: (_ctx, value) => value } });

function boxOn(node: TestNode): unknown[] {
  const got: unknown[] = [];
  node.system.spawn(boxTo(got), { name: 'box' });
  return got;
}

describe('a serializer of the config', () => {
  test('makes the bytes of payloads and answers, and of nothing else', async () => {
    const seen: string[] = [];
    const serializer: Serializer = {
      ...json,
      encode: (value) => (seen.push(JSON.stringify(value)), json.encode(value)),
    };
    const world = new ClusterWorld();
    await world.of('ab', { serializer });
    const got: unknown[] = [];
    world.node('b').registerActor(boxTo(got), { name: 'box' });
    const ref = world.node('a').ref(Box, 'memory://b.test:1/box');
    // What JSON makes of a date shows that it was asked.
    ref.tell.put({ at: new Date(0) });
    expect(await world.simulation.settle(ref.ask.echo({ list: [1, 'two', null] }))).toEqual({
      list: [1, 'two', null],
    });
    expect(await world.simulation.settle(ref.ask.echo(undefined))).toBe(undefined);
    expect(got).toEqual([{ at: '1970-01-01T00:00:00.000Z' }]);
    expect(seen).toHaveLength(3);
    await world.stop();
  });

  test('that another node does not have refuses every message in both directions, and names both', async () => {
    const world = new ClusterWorld();
    const log = new LogBook();
    const a = await world.start('a', { logger: log.logger });
    const b = await world.start('b', { serializer: json });
    await world.agree('ab');
    const letters: string[] = [];
    void (async () => {
      for await (const letter of a.system.deadLetters()) letters.push(letter.reason);
    })();
    b.registerActor(boxTo([]), { name: 'box' });
    a.registerActor(boxTo([]), { name: 'box' });
    await world.simulation.advance(1_000);
    const there = a.ref(Box, 'memory://b.test:1/box');
    const error = await world.simulation.settle(failureOf(there.ask.echo(1)));
    expect(error).toMatchObject({
      code: 'ACTOR_PROTOCOL_MISMATCH',
      outcome: 'none',
      retryable: false,
      details: { node: 'b', own: 'msgpack', theirs: 'json' },
    });
    expect(there.tell.put(1)).toBe('dropped');
    const back = await world.simulation.settle(failureOf(b.ref(Box, 'memory://a.test:1/box').ask.echo(1)));
    expect(back).toMatchObject({ details: { node: 'a', own: 'json', theirs: 'msgpack' } });
    await world.simulation.advance(10);
    expect(letters).toEqual(['incompatible', 'incompatible']);
    expect(log.at('error').filter((line) => line.includes('encodes payloads as "json"'))).toHaveLength(1);
    expect(world.view('a')).toBe('ab');
    await world.stop();
  });

  test('that another node does not have answers also what was sent before that was known', async () => {
    const world = new World();
    const a = await world.start('a');
    const b = await world.start('b', 1, undefined, { serializer: json });
    world.meet(a, b);
    const ref = a.system.ref(Box, b.at('box'));
    const watched: string[] = [];
    const Watch = protocol('watch', { on: tell<void>() });
    const watcher = actor(Watch, {
      on: { on: (ctx) => ctx.watch(ref) },
      onTerminated: (_ctx, gone) => void watched.push(gone.address),
    });
    a.system.spawn(watcher).tell.on();
    const failure = failureOf(ref.ask.echo(1));
    expect(ref.tell.put(2)).toBe('accepted');
    expect(await world.sim.settle(failure)).toMatchObject({ code: 'ACTOR_PROTOCOL_MISMATCH' });
    await world.sim.advance(10);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['incompatible', 'incompatible']);
    expect(watched).toEqual([b.at('box')]);
    expect(world.unaccounted()).toBe(0);
  });

  test('costs one message, whatever it throws or returns', async () => {
    const world = new World();
    const odd: Serializer = {
      name: 'odd',
      encode: (value) => {
        if (value === 'nothing') return new Uint8Array(0);
        if (value === 'text') return 'text' as never;
        if (value === 'throw') throw new Error('no');
        return json.encode(value);
      },
      decode: (bytes) => {
        const value = json.decode(bytes);
        if (value === 'undecodable') throw new TypeError('never');
        return value;
      },
    };
    const [a, b] = [
      await world.start('a', 1, undefined, { serializer: odd }),
      await world.start('b', 1, undefined, { serializer: odd }),
    ];
    world.meet(a, b);
    const got = boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    for (const value of ['nothing', 'text', 'throw', 'undecodable', { fine: true }]) ref.tell.put(value);
    await world.sim.advance(50);
    expect(got).toEqual([{ fine: true }]);
    expect(a.letters.map((letter) => letter.reason)).toEqual(Array(3).fill('not-serializable'));
    expect(b.letters.map((letter) => letter.reason)).toEqual(['undecodable']);
    const failure = await world.sim.settle(failureOf(ref.ask.echo('undecodable')));
    expect(isActorError(failure, 'ACTOR_BAD_FRAME')).toBe(true);
    expect(world.unaccounted()).toBe(0);
  });

  test('may wrap the built-in one', () => {
    const inner = msgpack();
    for (const value of [
      null,
      1,
      'text',
      { a: [1, new Map([[1, new Uint8Array(5_000)]])] },
      Buffer.alloc(9_000),
    ]) {
      expect(inner.decode(inner.encode(value))).toEqual(value);
    }
  });
});

describe('a peer that takes only smaller frames', () => {
  test('costs the messages that do not fit, also those sent before its limit was known, and no others', async () => {
    const world = new World();
    const a = await world.start('a');
    const b = await world.start('b', 1, undefined, {
      limits: { frameMaxBytes: 20_000, batchMaxBytes: 1_000 },
    });
    world.meet(a, b);
    const got = boxOn(b);
    const ref = a.system.ref(Box, b.at('box'));
    for (const length of [1, 30_000, 2]) ref.tell.put('x'.repeat(length));
    const early = failureOf(ref.ask.echo('x'.repeat(50_000)));
    expect(await world.sim.settle(early)).toMatchObject({ code: 'ACTOR_FRAME_TOO_LARGE', outcome: 'none' });
    await world.sim.advance(50);
    expect(ref.tell.put('x'.repeat(30_000))).toBe('dropped');
    for (let i = 0; i < 100; i += 1) ref.tell.put('y'.repeat(200));
    expect(await world.sim.settle(ref.ask.echo('x'.repeat(2_000)))).toHaveLength(2_000);
    expect(got.map((text) => String(text).length)).toEqual([1, 2, ...Array<number>(100).fill(200)]);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['too-large', 'too-large', 'too-large']);
    expect(world.unaccounted()).toBe(0);
  });
});

describe('a peer that acknowledges nothing', () => {
  const limits = { windowMaxBytes: 2_000, batchMaxBytes: 500, frameMaxBytes: 4_000 };

  /** Frames of the sender by hand: its introduction, then watches of nobody, which are answered with a note each. */
  function demand(a: TestNode, frames: number): void {
    const channel = a.host.context.channel('actors', 'user');
    const introduction = introductionOf({ serializer: 'msgpack', frameMaxBytes: 4_000, peerNumberMin: 1 });
    const header = { type: 'actor', session: 1, from: 1, to: 1, ack: 0, greeting: false } as const;
    const first = Buffer.alloc(frameHeaderBytes + introduction.length);
    writeHeader(first, 0, { ...header, sequence: 0 });
    first.set(introduction, frameHeaderBytes);
    channel.send('b', first);
    for (let sequence = 1; sequence <= frames; sequence += 1) {
      const watches = Array.from({ length: 100 }, () => [kind.watch, sequence, 0, 1, 110, 0]).flat();
      const frame = Buffer.from([...new Uint8Array(frameHeaderBytes), ...watches]);
      writeHeader(frame, 0, { ...header, sequence });
      channel.send('b', frame);
    }
  }

  test('ends its session at the backlog’s bound, all accounted for, and begins another when it is back', async () => {
    const world = new World({ limits });
    const [a, b] = [await world.start('a'), await world.start('b')];
    a.remoting.stop();
    boxOn(a);
    b.host.addresses.learn('a', a.self.address);
    b.remoting.peerUp(a.self);
    demand(a, 10);
    await world.sim.advance(10);
    const ref = b.system.ref(Box, a.at('box'));
    expect(ref.tell.put(1)).toBe('accepted');
    const failure = failureOf(ref.ask.echo(1, { timeoutMs: 60_000 }));
    await world.sim.advance(10);
    expect(b.warnings).toEqual([]);
    demand(a, 100);
    const error = await world.sim.settle(failure);
    expect(error).toMatchObject({
      code: 'ACTOR_LINK_LOST',
      outcome: 'unknown',
      details: { reason: 'stalled' },
    });
    expect(b.warnings).toEqual([expect.stringContaining('acknowledges nothing')]);
    await world.sim.advance(10);
    expect(b.letters.map((letter) => letter.reason)).toEqual(['link-lost', 'link-lost']);
    a.remoting.start();
    a.remoting.peerUp(b.self);
    expect(await world.sim.settle(ref.ask.echo('back'))).toBe('back');
    boxOn(b);
    expect(await world.sim.settle(a.system.ref(Box, b.at('box')).ask.echo('too'))).toBe('too');
  });

  test('may hold back an answer as large as a frame, and then some', () => {
    const { windowMaxBytes, frameMaxBytes } = defaultRemotingLimits;
    expect(backlogMaxBytes(defaultRemotingLimits)).toBeGreaterThan(2 * windowMaxBytes + frameMaxBytes);
  });
});
