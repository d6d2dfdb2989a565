import { actor, type ActorRef, ask, isActorError, protocol, stream, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { failureOf, type TestNode, World } from './remoting-world.ts';

const Log = protocol('log', {
  add: tell<number>(),
  all: ask<void, number[]>(),
  never: ask<void, void>(),
  count: stream<number, number>(),
});

interface Seen {
  readonly numbers: number[];
  readonly aborted: unknown[];
}

function log(seen: Seen) {
  return actor(Log, {
    on: {
      add: (_ctx, number) => void seen.numbers.push(number),
      all: () => [...seen.numbers],
      never: (ctx) =>
        new Promise<void>((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => {
            seen.aborted.push(ctx.signal.reason);
            reject(ctx.signal.reason as Error);
          });
        }),
      async *count(ctx, to) {
        ctx.signal.addEventListener('abort', () => seen.aborted.push(ctx.signal.reason));
        for (let i = 1; i <= to; i += 1) yield i;
      },
    },
  });
}

function logOn(node: TestNode): Seen {
  const seen: Seen = { numbers: [], aborted: [] };
  node.system.spawn(log(seen), { name: 'log' });
  return seen;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('G1 order, G2 at most once', () => {
  test('messages arrive once and in the order sent, with their sender', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const ref = a.system.ref(Log, b.at('log'));
    for (const number of numbers(1_000)) expect(ref.tell.add(number)).toBe('accepted');
    expect(await world.sim.settle(ref.ask.all())).toEqual(numbers(1_000));
    expect(seen.numbers).toEqual(numbers(1_000));
  });

  test('hold while links break and come back', async () => {
    const world = new World({ conditions: { delayMeanMs: 3, resetRate: 0.05 } });
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const ref = a.system.ref(Log, b.at('log'));
    for (const number of numbers(300)) {
      ref.tell.add(number);
      if (number % 5 === 0) await world.sim.advance(2);
      if (number % 50 === 0) world.network.reset('a', 'b');
    }
    await world.sim.runUntil(() => seen.numbers.length >= 300);
    await world.sim.advance(5_000);
    expect(seen.numbers).toEqual(numbers(300));
    expect(world.unaccounted()).toBe(0);
  });

  test.each([1, 2, 3, 4, 5])(
    'hold over a network that loses, doubles and reorders, seed %i',
    async (seed) => {
      const world = new World({
        seed,
        hostile: { lossRate: 0.2, duplicationRate: 0.2, reorderRate: 0.2 },
        conditions: { delayMeanMs: 5 },
      });
      const [a, b] = await world.pair();
      const seen = logOn(b);
      const ref = a.system.ref(Log, b.at('log'));
      for (const number of numbers(200)) {
        ref.tell.add(number);
        await world.sim.advance(1);
      }
      await world.sim.runUntil(() => seen.numbers.length >= 200, { withinMs: 120_000 });
      await world.sim.advance(20_000);
      expect(seen.numbers).toEqual(numbers(200));
      expect(world.unaccounted()).toBe(0);
    },
  );

  test('hold across a partition that ends before the peer counts as dead', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const ref = a.system.ref(Log, b.at('log'));
    ref.tell.add(0);
    await world.sim.advance(20);
    const mend = world.network.partition(['a'], ['b']);
    for (const number of [1, 2, 3]) ref.tell.add(number);
    await world.sim.advance(2_000);
    expect(seen.numbers).toEqual([0]);
    mend();
    ref.tell.add(4);
    await world.sim.runUntil(() => seen.numbers.length === 5);
    expect(seen.numbers).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('G5 settles: an ask', () => {
  test('gives the answer of a remote handler', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    logOn(b);
    expect(await world.sim.settle(a.system.ref(Log, b.at('log')).ask.all())).toEqual([]);
  });

  test('that is not answered times out, says how far it came, and aborts the handler', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const asked = failureOf(a.system.ref(Log, b.at('log')).ask.never(undefined, { timeoutMs: 500 }));
    const error = await world.sim.settle(asked);
    expect(isActorError(error, 'ACTOR_ASK_TIMEOUT') && error.details['stage']).toBe('started');
    await world.sim.advance(50);
    expect(seen.aborted).toHaveLength(1);
  });

  test('times out at the callee too when the link is cut', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const asked = failureOf(a.system.ref(Log, b.at('log')).ask.never(undefined, { timeoutMs: 500 }));
    await world.sim.advance(100);
    world.network.partition(['a'], ['b']);
    expect(isActorError(await world.sim.settle(asked), 'ACTOR_ASK_TIMEOUT')).toBe(true);
    await world.sim.advance(100);
    expect(seen.aborted).toHaveLength(1);
  });

  test('that is cancelled rejects with the reason, and aborts the handler', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const seen = logOn(b);
    const controller = new AbortController();
    const asked = failureOf(
      a.system.ref(Log, b.at('log')).ask.never(undefined, { signal: controller.signal }),
    );
    await world.sim.advance(50);
    controller.abort('no longer needed');
    expect(await world.sim.settle(asked)).toBe('no longer needed');
    await world.sim.advance(50);
    expect(seen.aborted).toHaveLength(1);
    expect(world.unaccounted()).toBe(0);
  });

  test('that never left is made void: it fails as queued and never runs', async () => {
    const world = new World();
    const [a, b] = [await world.start('a'), await world.start('b')];
    a.remoting.peerUp(b.self);
    const seen = logOn(b);
    const ref = a.system.ref(Log, b.at('log'));
    const asked = failureOf(ref.ask.never(undefined, { timeoutMs: 100 }));
    const error = await world.sim.settle(asked);
    expect(isActorError(error, 'ACTOR_ASK_TIMEOUT') && [error.details['stage'], error.outcome]).toEqual([
      'queued',
      'none',
    ]);
    ref.tell.add(1);
    world.meet(a, b);
    await world.sim.runUntil(() => seen.numbers.length === 1);
    await world.sim.advance(1_000);
    expect(seen.aborted).toEqual([]);
    expect(a.letters.map((letter) => letter.reason)).toEqual(['expired']);
    expect(world.unaccounted()).toBe(0);
  });

  test('fails at once when the peer is declared dead, outcome unknown', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    logOn(b);
    const asked = failureOf(a.system.ref(Log, b.at('log')).ask.never());
    await world.sim.advance(50);
    world.part(a, b);
    const error = await world.sim.settle(asked, { withinMs: 10 });
    expect(isActorError(error, 'ACTOR_LINK_LOST') && error.outcome).toBe('unknown');
  });

  test('to an address that is no member fails at once', async () => {
    const world = new World();
    const a = await world.start('a');
    const error = await world.sim.settle(failureOf(a.system.ref(Log, 'memory://nowhere:1/log').ask.all()), {
      withinMs: 1,
    });
    expect(isActorError(error, 'ACTOR_NO_ROUTE')).toBe(true);
    expect(a.system.ref(Log, 'memory://nowhere:1/log').tell.add(1)).toBe('no-route');
  });
});

const Watcher = protocol('watcher', { watch: tell<ActorRef>(), unwatch: tell<ActorRef>() });

function watcherOn(node: TestNode, name = 'watcher'): { ref: ActorRef<typeof Watcher>; told: string[] } {
  const told: string[] = [];
  const definition = actor(Watcher, {
    on: { watch: (ctx, ref) => ctx.watch(ref), unwatch: (ctx, ref) => ctx.unwatch(ref) },
    onTerminated: (_ctx, ref) => void told.push(ref.address),
  });
  return { ref: node.system.spawn(definition, { name }), told };
}

describe('G6 death watch: a watcher gets terminated exactly once', () => {
  test.each(['stop', 'loss of its node', 'both'] as const)('on %s', async (how) => {
    const world = new World();
    const [a, b] = await world.pair();
    const watched = b.system.spawn(log({ numbers: [], aborted: [] }), { name: 'log' });
    const one = watcherOn(a, 'one');
    const two = watcherOn(a, 'two');
    const remote = a.system.ref(Log, b.at('log'));
    for (const { ref } of [one, two, one]) ref.tell.watch(remote);
    await world.sim.advance(50);
    expect([...one.told, ...two.told]).toEqual([]);
    if (how !== 'loss of its node') await world.sim.settle(b.system.stopActor(watched));
    if (how !== 'stop') world.part(a, b);
    await world.sim.advance(5_000);
    expect([one.told, two.told]).toEqual([[b.at('log')], [b.at('log')]]);
  });

  test('at once for an actor that is not there, and for a node that is no member', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const { ref, told } = watcherOn(a);
    ref.tell.watch(a.system.ref(Log, b.at('nobody')));
    ref.tell.watch(a.system.ref(Log, 'memory://nowhere:1/log'));
    await world.sim.advance(50);
    expect(told.toSorted()).toEqual(['memory://nowhere:1/log', b.at('nobody')].toSorted());
  });

  test('once over a network that loses and doubles frames', async () => {
    const world = new World({ seed: 3, hostile: { lossRate: 0.3, duplicationRate: 0.3 } });
    const [a, b] = await world.pair();
    const watched = b.system.spawn(log({ numbers: [], aborted: [] }), { name: 'log' });
    const { ref, told } = watcherOn(a);
    ref.tell.watch(a.system.ref(Log, b.at('log')));
    await world.sim.advance(10_000);
    await world.sim.settle(b.system.stopActor(watched));
    await world.sim.advance(20_000);
    expect(told).toEqual([b.at('log')]);
  });

  test('and nothing after unwatch', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    const watched = b.system.spawn(log({ numbers: [], aborted: [] }), { name: 'log' });
    const { ref, told } = watcherOn(a);
    const remote = a.system.ref(Log, b.at('log'));
    ref.tell.watch(remote);
    await world.sim.advance(50);
    ref.tell.unwatch(remote);
    await world.sim.advance(50);
    await world.sim.settle(b.system.stopActor(watched));
    world.part(a, b);
    await world.sim.advance(1_000);
    expect(told).toEqual([]);
  });
});

describe('G8 accounted', () => {
  test('what was under way when a peer is lost is reported unknown, what never left is a dead letter', async () => {
    const world = new World();
    const [a, b] = await world.pair();
    logOn(b);
    const ref = a.system.ref(Log, b.at('log'));
    ref.tell.add(1);
    await world.sim.advance(50);
    const mend = world.network.partition(['a'], ['b']);
    ref.tell.add(2);
    const asked = failureOf(ref.ask.all());
    await world.sim.advance(50);
    ref.tell.add(3);
    world.part(a, b);
    await world.sim.settle(asked);
    await world.sim.advance(10);
    mend();
    await world.sim.advance(5_000);
    expect(a.letters.map(({ message, reason }) => [message.payload ?? 'ask', reason])).toEqual([
      [3, 'no-route'],
      [2, 'link-lost'],
      ['ask', 'link-lost'],
    ]);
    expect(a.system.stats()).toMatchObject({ sent: 4, deadLettered: 1, reportedUnknown: 2 });
    expect(world.unaccounted()).toBe(0);
  });
});
