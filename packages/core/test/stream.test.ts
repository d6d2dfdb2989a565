import { actor, ask, protocol, resume, stream, tell, type StreamSink } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { Deadlines } from '../src/deadlines.ts';
import { Method } from '../src/method.ts';
import { StreamCall } from '../src/stream-call.ts';
import { collect, failure, World } from './world.ts';

const Source = protocol('source', {
  count: stream<number, number>(),
  clock: stream<number, number>(),
  broken: stream<void, number>(),
  state: ask<void, { made: number; ended: number }>(),
  poke: tell(),
});

const source = (seen = { made: 0, ended: 0 }) =>
  actor(Source, {
    state: () => seen,
    streamsMax: 2,
    supervise: resume(),
    on: {
      async *count(_, upTo) {
        try {
          for (let n = 1; n <= upTo; n += 1) {
            seen.made += 1;
            yield n;
          }
        } finally {
          seen.ended += 1;
        }
      },
      async *clock(ctx, ms) {
        try {
          for await (const tick of ctx.every(ms)) yield tick;
        } finally {
          seen.ended += 1;
        }
      },
      async *broken() {
        yield 1;
        throw new RangeError('as told');
      },
      state: (ctx) => ({ ...ctx.state }),
      poke() {},
    },
  });

const readAll = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
};

describe('a stream', () => {
  test('gives all values in order and ends', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    expect(await world.value(readAll(ref.stream.count(100)))).toEqual(
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    expect(world.system.stats()).toMatchObject({ sent: 1, processed: 1 });
  });

  test('starts with the first next, and runs no further ahead than it may', async () => {
    const world = new World();
    const seen = { made: 0, ended: 0 };
    const ref = world.system.spawn(source(seen));
    const values = ref.stream.count(1_000, { aheadMax: 4 });
    await world.pass();
    expect(seen.made).toBe(0);
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    await world.pass();
    expect(seen.made).toBeLessThanOrEqual(5);
    for (let n = 2; n <= 10; n += 1) {
      expect(await world.value(values.next())).toEqual({ value: n, done: false });
    }
    await world.pass();
    expect(seen.made).toBeLessThanOrEqual(14);
  });

  test('interleaves with other messages', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    const values = ref.stream.clock(10);
    const first = values.next();
    await world.pass(5);
    expect(await world.value(ref.ask.state())).toEqual({ made: 0, ended: 0 });
    expect(await world.value(first)).toEqual({ value: 1, done: false });
  });

  test('ends its handler when the consumer breaks off', async () => {
    const world = new World();
    const seen = { made: 0, ended: 0 };
    const ref = world.system.spawn(source(seen));
    const values = ref.stream.clock(10);
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    expect(await values.return?.()).toEqual({ value: undefined, done: true });
    await world.pass();
    expect(seen.ended).toBe(1);
    expect(await values.next()).toEqual({ value: undefined, done: true });
  });

  test('throws the reason of the signal of its consumer', async () => {
    const world = new World();
    const seen = { made: 0, ended: 0 };
    const ref = world.system.spawn(source(seen));
    const controller = new AbortController();
    const values = ref.stream.clock(1_000, { signal: controller.signal });
    const next = failure(values.next());
    await world.pass();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await next).toBe(reason);
    await world.pass();
    expect(seen.ended).toBe(1);
  });

  test('throws ACTOR_ASK_TIMEOUT at its deadline, and its handler hears of it', async () => {
    const world = new World();
    const seen = { made: 0, ended: 0 };
    const ref = world.system.spawn(source(seen));
    const values = ref.stream.clock(100, { timeoutMs: 250 });
    await world.pass(1_000);
    // The time counts from the first next.
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    expect(await world.value(values.next())).toEqual({ value: 2, done: false });
    expect(await world.error(values.next())).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      outcome: 'unknown',
      details: { stage: 'started', method: 'clock', timeoutMs: 250 },
    });
    expect(Math.round(world.simulation.nowMs)).toBe(1_250);
    await world.pass(100);
    expect(seen.ended).toBe(1);
    expect(await values.next()).toEqual({ value: undefined, done: true });
    expect(world.system.stats()).toMatchObject({ sent: 1, processed: 1 });
  });

  test('that is still queued at its deadline never runs', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const Slow = protocol('slow', { work: tell(), values: stream<void, number>() });
    let opened = 0;
    const slow = actor(Slow, {
      on: {
        work: () => new Promise<void>((resolve) => void world.simulation.after(100, resolve)),
        async *values() {
          opened += 1;
          yield opened;
        },
      },
    });
    const ref = world.system.spawn(slow);
    ref.tell.work();
    const error = await world.error(ref.stream.values(undefined, { timeoutMs: 50 }).next());
    expect(error).toMatchObject({ code: 'ACTOR_ASK_TIMEOUT', outcome: 'none', details: { stage: 'queued' } });
    await world.pass(100);
    expect([opened, letters.map(({ reason }) => reason)]).toEqual([0, ['expired']]);
  });

  test('that ends before its deadline leaves no timer behind', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    expect(await world.value(readAll(ref.stream.count(3, { timeoutMs: 60_000 })))).toEqual([1, 2, 3]);
    await world.pass(100);
    const { events } = world.simulation;
    await world.pass(100_000);
    expect(world.simulation.events).toBe(events);
  });

  test.each([0, -1, Number.NaN, Infinity])('is refused a timeout of %d and as many values ahead', (wrong) => {
    const ref = new World().system.spawn(source());
    const invalid = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }) as Error;
    expect(() => ref.stream.count(1, { timeoutMs: wrong })).toThrow(invalid);
    expect(() => ref.stream.count(1, { aheadMax: wrong })).toThrow(invalid);
  });

  test('gives what came before a failure, then throws it', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    const values = ref.stream.broken();
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    expect(await world.error(values.next())).toMatchObject({
      code: 'ACTOR_REMOTE',
      details: { remote: { name: 'RangeError' } },
    });
    expect(await values.next()).toEqual({ value: undefined, done: true });
  });

  test('ends when its actor stops', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    const values = ref.stream.clock(1_000);
    const next = failure(values.next());
    await world.pass();
    await world.value(world.system.stopActor(ref));
    // It ran in part, so nobody may conclude that it did not.
    expect(await next).toMatchObject({ code: 'ACTOR_TERMINATED', outcome: 'unknown' });
  });

  test('gives nothing more when its actor has stopped, however long its handler goes on', async () => {
    const world = new World();
    const Deaf = protocol('deaf', { values: stream<void, number>() });
    let made = 0;
    const deaf = actor(Deaf, {
      on: {
        async *values() {
          for (;;) {
            await new Promise<void>((resolve) => void world.simulation.after(10, resolve));
            yield (made += 1);
          }
        },
      },
    });
    const ref = world.system.spawn(deaf);
    const values = ref.stream.values();
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    const next = failure(values.next());
    await world.value(world.system.stopActor(ref));
    expect(await next).toMatchObject({ code: 'ACTOR_TERMINATED' });
    await world.pass(100);
    expect(await values.next()).toEqual({ value: undefined, done: true });
    expect(made).toBeLessThanOrEqual(2);
    expect(world.system.stats()).toMatchObject({ sent: 1, processed: 1 });
  });

  test('is refused when the actor serves as many as it may', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    const letters = collect(world.system.deadLetters());
    const open = [ref.stream.clock(10), ref.stream.clock(10)];
    for (const values of open) void values.next();
    await world.pass();
    expect(await world.error(ref.stream.clock(10).next())).toMatchObject({ code: 'ACTOR_STREAMS_FULL' });
    expect(letters.map(({ reason }) => reason)).toEqual(['streams-full']);
    await open[0]?.return?.();
    await world.pass();
    expect(await world.value(ref.stream.count(1).next())).toEqual({ value: 1, done: false });
  });

  test('fails as an ask does when nobody is there', async () => {
    const world = new World();
    const values = world.system.ref(Source, 'nobody').stream.count(1);
    expect(await world.error(values.next())).toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  });

  test('throws at once when the signal of its consumer is aborted already, and sends nothing', async () => {
    const world = new World();
    const ref = world.system.spawn(source());
    const reason = new Error('too late');
    expect(await world.error(ref.stream.count(1, { signal: AbortSignal.abort(reason) }).next())).toBe(reason);
    expect(world.system.stats().sent).toBe(0);
  });

  test('fails when its handler throws before it gives anything to iterate', async () => {
    const world = new World();
    const Early = protocol('early', { values: stream<void, number>() });
    const early = actor(Early, {
      supervise: resume(),
      on: {
        values: () => {
          throw new Error('as told');
        },
      },
    });
    const values = world.system.spawn(early).stream.values();
    expect(await world.error(values.next())).toMatchObject({ code: 'ACTOR_REMOTE' });
  });

  test('that asks back does not make a cycle, for it does not hold its actor', async () => {
    const world = new World();
    const Both = protocol('both', { one: ask<void, number>(), more: stream<void, number>() });
    const both = actor(Both, {
      on: {
        one: () => 1,
        async *more(ctx) {
          yield await ctx.self.ask.one();
          ctx.watch(ctx.self);
          yield 2;
        },
      },
    });
    expect(await world.value(readAll(world.system.spawn(both).stream.more()))).toEqual([1, 2]);
  });

  test('from a producer that sends more than it was asked for is ended', async () => {
    let sink: StreamSink | undefined;
    const { runtime } = new World();
    const call = new StreamCall({
      kernel: { runtime, deadlines: new Deadlines(runtime) },
      recipient: { address: 'actor://test/source' },
      method: new Method('count', 'stream'),
      cause: undefined,
      aheadMax: 2,
      timeoutMs: Infinity,
      signal: undefined,
      open: (opened) => (sink = opened),
    });
    const values = call.iterator();
    const first = values.next();
    for (let n = 0; n < 9; n += 1) sink?.next(n);
    expect(await first).toEqual({ value: 0, done: false });
    const rest = await failure(readAll(values));
    expect(rest).toMatchObject({ code: 'ACTOR_BAD_FRAME' });
  });
});
