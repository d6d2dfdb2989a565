import {
  actor,
  type ActorRef,
  ask,
  isActorError,
  protocol,
  stream,
  type StandardSchema,
  tell,
} from '@actor/core';
import { describe, expect, test } from 'vitest';
import { failureOf, type TestNode, World } from './remoting-world.ts';

const Feed = protocol('feed', { count: stream<number, number>(), odd: stream<void, unknown>() });

function feedOn(node: TestNode): { readonly made: number[]; readonly ended: string[] } {
  const seen: { made: number[]; ended: string[] } = { made: [], ended: [] };
  const feed = actor(Feed, {
    on: {
      async *count(ctx, to) {
        try {
          for (let i = 1; i <= to; i += 1) {
            seen.made.push(i);
            yield i;
          }
          if (to === 13) throw new RangeError('unlucky');
        } finally {
          seen.ended.push(ctx.signal.aborted ? 'aborted' : 'done');
        }
      },
      async *odd() {
        yield 1;
        yield () => {};
      },
    },
  });
  node.system.spawn(feed, { name: 'feed' });
  return seen;
}

async function take<T>(values: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length >= count) break;
  }
  return taken;
}

describe('a stream from another node', () => {
  test('brings its values in order, and its end', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    feedOn(b);
    const values = await world.sim.settle(take(a.system.ref(Feed, b.at('feed')).stream.count(100)));
    expect(values).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    await world.sim.advance(100);
    expect(world.unaccounted()).toBe(0);
  });

  test('makes no more values than the consumer has room for', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = feedOn(b);
    const values = a.system.ref(Feed, b.at('feed')).stream.count(1_000, { aheadMax: 4 });
    expect(await world.sim.settle(values.next())).toEqual({ value: 1, done: false });
    await world.sim.advance(1_000);
    expect(seen.made.length).toBeLessThanOrEqual(6);
    await values.return?.();
    await world.sim.advance(100);
    expect(seen.ended).toEqual(['aborted']);
  });

  test('fails after its values when the handler throws', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    feedOn(b);
    const values = a.system.ref(Feed, b.at('feed')).stream.count(13);
    const taken: number[] = [];
    const error = await world.sim.settle(
      failureOf(
        (async () => {
          for await (const value of values) taken.push(value);
        })(),
      ),
    );
    expect(taken).toHaveLength(13);
    expect(isActorError(error, 'ACTOR_REMOTE') && error.details['remote']).toEqual({
      name: 'RangeError',
      message: 'unlucky',
    });
  });

  test('ends with ACTOR_LINK_LOST when its node is lost, and aborts the handler', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = feedOn(b);
    const values = a.system.ref(Feed, b.at('feed')).stream.count(1_000, { aheadMax: 2 });
    await world.sim.settle(values.next());
    world.part(a, b);
    const error = await world.sim.settle(failureOf(take(values)));
    expect(isActorError(error, 'ACTOR_LINK_LOST')).toBe(true);
    expect(seen.ended).toEqual(['aborted']);
  });

  test('ends when a value of it can not travel', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    feedOn(b);
    const error = await world.sim.settle(failureOf(take(a.system.ref(Feed, b.at('feed')).stream.odd())));
    expect(isActorError(error, 'ACTOR_NOT_SERIALIZABLE')).toBe(true);
  });
});

const Ping = protocol('ping', { ping: tell<number>() });
const Relay = protocol('relay', { start: tell<ActorRef>(), call: ask<void, string>() });

describe('refs across nodes', () => {
  test('a sender can be answered, and a ref in a payload leads to its actor', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got: [number, string | undefined][] = [];
    const ping = actor(Ping, {
      on: {
        ping: (ctx, n) => {
          got.push([n, ctx.sender?.address]);
          if (n < 3) ctx.sender?.as(Ping).tell.ping(n + 1);
        },
      },
    });
    const there = b.system.spawn(ping, { name: 'there' });
    const starter = actor(Relay, {
      on: { start: (_ctx, ref) => void ref.as(Ping).tell.ping(1), call: () => '' },
    });
    a.system.spawn(starter, { name: 'starter' });
    // From b to a: a payload with a ref of b's own; then a's actor speaks to it.
    b.system.ref(Relay, a.at('starter')).tell.start(there);
    await world.sim.advance(100);
    expect(got).toEqual([[1, a.at('starter')]]);
    expect(a.letters.map((letter) => [letter.reason, letter.message.name])).toEqual([
      ['unknown-message', 'ping'],
    ]);
  });

  test('a ref to an own actor that comes back is local again', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got: number[] = [];
    const own = a.system.spawn(actor(Ping, { on: { ping: (_ctx, n) => void got.push(n) } }), { name: 'own' });
    const Echo = protocol('echo', { echo: ask<ActorRef, ActorRef>() });
    b.system.spawn(actor(Echo, { on: { echo: (_ctx, ref) => ref } }), { name: 'echo' });
    const back = await world.sim.settle(a.system.ref(Echo, b.at('echo')).ask.echo(own));
    expect([back.address, back.uid, back.protocolName]).toEqual([own.address, own.uid, 'ping']);
    world.part(a, b);
    expect(back.as(Ping).tell.ping(1)).toBe('accepted');
    await world.sim.advance(1);
    expect(got).toEqual([1]);
  });

  test('an ask that would wait for itself over two nodes fails at once and prints the cycle', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const relay = (other: () => string, node: () => TestNode) =>
      actor(Relay, {
        on: {
          start: () => {},
          call: () => node().system.ref(Relay, other()).ask.call(undefined, { timeoutMs: 60_000 }),
        },
      });
    const one = a.system.spawn(
      relay(
        () => b.at('two'),
        () => a,
      ),
      { name: 'one' },
    );
    b.system.spawn(
      relay(
        () => a.at('one'),
        () => b,
      ),
      { name: 'two' },
    );
    const error = await world.sim.settle(failureOf(one.ask.call()), { withinMs: 1_000 });
    expect(String(error)).toContain(`${a.at('one')} → ${b.at('two')} → ${a.at('one')}`);
  });
});

const text: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'expected text' }] }),
  },
};
const broken: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: () => {
      throw new Error('a broken schema');
    },
  },
};
const Strict = protocol('strict', {
  put: tell(text),
  get: ask<void, string>(undefined, text),
  fail: ask<void, void>(),
});
const Lax = protocol('strict', { put: tell<unknown>(), get: ask<void, unknown>(), other: ask<void, void>() });

function strictOn(node: TestNode): string[] {
  const got: string[] = [];
  const strict = actor(Strict, {
    on: {
      put: (_ctx, value) => void got.push(value),
      get: () => 5 as unknown as string,
      fail: () => {
        throw Object.assign(new TypeError('not today'), { secret: 'x' });
      },
    },
  });
  node.system.spawn(strict, { name: 'strict' });
  return got;
}

describe('what a contract refuses', () => {
  test('a payload is refused by the receiver, and accounted for there', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const got = strictOn(b);
    const ref = a.system.ref(Lax, b.at('strict'));
    ref.tell.put(5);
    ref.tell.put('fine');
    await world.sim.advance(50);
    expect(got).toEqual(['fine']);
    expect(b.letters.map((letter) => letter.reason)).toEqual(['payload-invalid']);
    expect(world.unaccounted()).toBe(0);
  });

  test('an answer is refused by the asker', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    strictOn(b);
    const error = await world.sim.settle(failureOf(a.system.ref(Strict, b.at('strict')).ask.get()));
    expect(isActorError(error, 'ACTOR_PAYLOAD_INVALID') && error.outcome).toBe('unknown');
  });

  test('a value of a stream is refused by the consumer, which ends the stream and nothing else', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const Feed = protocol('feed', {
      read: stream<void, string>(undefined, text),
      lax: stream<void, string>(undefined, broken),
      ended: ask<void, number>(),
    });
    let ended = 0;
    async function* values(): AsyncGenerator<string> {
      try {
        yield 'one';
        yield 2 as unknown as string;
        for (let n = 0; ; n += 1) yield `${n}`;
      } finally {
        ended += 1;
      }
    }
    b.system.spawn(actor(Feed, { on: { read: values, lax: values, ended: () => ended } }), { name: 'feed' });
    const ref = a.system.ref(Feed, b.at('feed'));
    const read = ref.stream.read();
    expect(await world.sim.settle(read.next())).toEqual({ value: 'one', done: false });
    expect(await world.sim.settle(failureOf(read.next()))).toMatchObject({
      code: 'ACTOR_PAYLOAD_INVALID',
      outcome: 'unknown',
    });
    expect(await world.sim.settle(failureOf(ref.stream.lax().next()))).toMatchObject({
      code: 'ACTOR_PAYLOAD_INVALID',
    });
    expect(await world.sim.settle(ref.ask.ended())).toBe(2);
  });

  test('a stream that has no more time ends here, and its handler there', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const Slow = protocol('slow', { wait: stream<void, number>() });
    const aborted: number[] = [];
    const slow = actor(Slow, {
      on: {
        async *wait(ctx) {
          ctx.signal.addEventListener('abort', () => aborted.push(world.sim.nowMs));
          for await (const tick of ctx.every(100)) yield tick;
        },
      },
    });
    b.system.spawn(slow, { name: 'slow' });
    const values = a.system.ref(Slow, b.at('slow')).stream.wait(undefined, { timeoutMs: 250 });
    const startMs = world.sim.nowMs;
    expect(await world.sim.settle(values.next())).toMatchObject({ done: false });
    expect(await world.sim.settle(values.next())).toMatchObject({ done: false });
    expect(await world.sim.settle(failureOf(values.next()))).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      details: { stage: 'started', timeoutMs: 250 },
    });
    await world.sim.advance(20);
    expect(aborted).toHaveLength(1);
    expect((aborted[0] ?? 0) - startMs).toBeLessThan(270);
    expect(world.unaccounted()).toBe(0);
  });

  test('an unknown message and an unknown actor are dead letters there and errors here', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    strictOn(b);
    const unknown = failureOf(a.system.ref(Lax, b.at('strict')).ask.other());
    expect(isActorError(await world.sim.settle(unknown), 'ACTOR_UNKNOWN_MESSAGE')).toBe(true);
    const nobody = failureOf(a.system.ref(Lax, b.at('nobody')).ask.other());
    expect(isActorError(await world.sim.settle(nobody), 'ACTOR_NO_ROUTE')).toBe(true);
    expect(b.letters.map((letter) => letter.reason)).toEqual(['unknown-message', 'no-such-actor']);
    expect(world.unaccounted()).toBe(0);
  });

  test('a handler that throws is an ACTOR_REMOTE with name and message, and nothing more', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    strictOn(b);
    const error = await world.sim.settle(failureOf(a.system.ref(Strict, b.at('strict')).ask.fail()));
    expect(isActorError(error, 'ACTOR_REMOTE') && error.details['remote']).toEqual({
      name: 'TypeError',
      message: 'not today',
    });
  });
});
