// The promises by name, as whole nodes keep them. What one pair of nodes keeps over a hostile network is tested beside it,
// in remoting-promises.test.ts.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  actor,
  ask,
  isActorError,
  message,
  protocol,
  tell,
  type ActorRef,
  type DeadLetter,
} from '@actor/core';
import type { ClusterManager } from '../src/index.ts';
import { World } from './world.ts';

const Cart = protocol('cart', {
  add: tell<number>(),
  total: ask<void, number>(),
  never: ask<void, void>(),
});
const Watchman = protocol('watchman', { watch: tell<{ ref: ActorRef }>(), seen: ask<void, string[]>() });

const cart = actor(Cart, {
  state: () => ({ total: 0 }),
  on: {
    add: (ctx, quantity) => void (ctx.state.total += quantity),
    total: (ctx) => ctx.state.total,
    never: () => new Promise<void>(() => {}),
  },
});
const watchman = actor(Watchman, {
  state: () => ({ seen: [] as string[] }),
  on: {
    watch: (ctx, { ref }) => ctx.watch(ref),
    seen: (ctx) => [...ctx.state.seen],
  },
  onTerminated: (ctx, ref) => void ctx.state.seen.push(ref.address),
});

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

const cartOf = (node: string): string => `memory://${node}.test:1/cart`;
const settle = <T>(promise: Promise<T>): Promise<T> => world.simulation.settle(promise);
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'a value',
    (error: unknown) => (isActorError(error) ? `${error.code} ${error.outcome}` : String(error)),
  );

async function clustered(names: string): Promise<void> {
  for (const cluster of await world.of(names)) cluster.registerActor(cart, { name: 'cart' });
}

async function watching(by: ClusterManager, address: string) {
  const guard = by.registerActor(watchman, { name: 'watchman' });
  guard.tell.watch({ ref: by.ref(Cart, address) });
  await world.simulation.advance(1_000);
  return { seen: () => settle(guard.ask.seen()) };
}

describe('a ref', () => {
  test('reaches an actor here and on another node alike', async () => {
    await clustered('ab');
    const a = world.node('a');
    const b = world.node('b');
    for (const node of ['a', 'b']) {
      const ref = a.ref(Cart, cartOf(node));
      expect(ref.tell.add(2)).toBe('accepted');
      expect(await settle(ref.ask.total())).toBe(2);
    }
    expect(b.ref(Cart, cartOf('b')).address).toBe(cartOf('b'));
  });

  test('is not needed: a message goes by address', async () => {
    await clustered('ab');
    const a = world.node('a');
    const b = world.node('b');
    expect(await a.send(cartOf('b'), message('add', 5))).toBe('accepted');
    await world.simulation.advance(100);
    expect(await settle(b.ref(Cart, cartOf('b')).ask.total())).toBe(5);
  });

  test('made before the start reaches its actor when the node runs', async () => {
    const a = world.make('a');
    const b = world.make('b');
    b.registerActor(cart, { name: 'cart' });
    const ref = a.ref(Cart, cartOf('b'));
    expect(ref.tell.add(1)).toBe('no-route');
    await settle(Promise.all([a.start(), b.start()]));
    await world.agree('ab');
    expect(await settle(ref.ask.total())).toBe(0);
  });

  test('goes on working when its node was replaced, and the name of a living actor is taken', async () => {
    await clustered('ab');
    const a = world.node('a');
    const ref = a.ref(Cart, cartOf('b'));
    world.crash('b');
    const b = await world.start('b');
    b.registerActor(cart, { name: 'cart' });
    await world.agree('ab');
    expect(await settle(ref.ask.total())).toBe(0);
    expect(() => b.registerActor(cart, { name: 'cart' })).toThrow(
      expect.objectContaining({ code: 'ACTOR_NAME_TAKEN' }),
    );
  });
});

describe('G5 settles', () => {
  test('an ask whose node dies fails when that is known, with an unknown outcome', async () => {
    await clustered('abc');
    const a = world.node('a');
    const answer = codeOf(a.ref(Cart, cartOf('b')).ask.never(undefined, { timeoutMs: 60_000 }));
    await world.simulation.advance(100);
    world.crash('b');
    const startMs = world.simulation.nowMs;
    expect(await settle(answer)).toBe('ACTOR_LINK_LOST unknown');
    expect(world.simulation.nowMs - startMs).toBeLessThan(5_000);
  });

  test('an ask into a partition ends by its deadline', async () => {
    await clustered('abc');
    const a = world.node('a');
    world.network.isolate('b');
    const startMs = world.simulation.nowMs;
    const answer = codeOf(a.ref(Cart, cartOf('b')).ask.total(undefined, { timeoutMs: 800 }));
    expect(await settle(answer)).toMatch(/^ACTOR_ASK_TIMEOUT/);
    expect(world.simulation.nowMs - startMs).toBeLessThan(1_000);
  });

  test('an ask to nowhere fails at once', async () => {
    await clustered('ab');
    const a = world.node('a');
    expect(await settle(codeOf(a.ref(Cart, 'memory://z.test:1/cart').ask.total()))).toBe(
      'ACTOR_NO_ROUTE none',
    );
  });

  test('asks under way settle when their own node stops, leaves or takes a new life', async () => {
    await clustered('abc');
    const a = world.node('a');
    const b = world.node('b');
    const c = world.node('c');
    const ask = (node: ClusterManager) =>
      codeOf(node.ref(Cart, cartOf('a')).ask.never(undefined, { timeoutMs: 600_000 }));
    const [stopping, leaving] = [ask(b), ask(c)];
    await world.simulation.advance(100);
    await settle(Promise.all([b.stop(), c.leave()]));
    expect(await settle(Promise.all([stopping, leaving]))).toEqual([
      expect.stringMatching(/^ACTOR_(LINK_LOST|NODE_STOPPED|TERMINATED)/),
      expect.stringMatching(/^ACTOR_(LINK_LOST|NODE_STOPPED)/),
    ]);
    expect(a.status()).toBe('running');
  });
});

describe('G6 death watch', () => {
  test('a watcher is told once that an actor stopped', async () => {
    await clustered('ab');
    const a = world.node('a');
    const b = world.node('b');
    const { seen } = await watching(a, cartOf('b'));
    const ref = b.ref(Cart, cartOf('b'));
    await settle(b.system.stopActor(ref));
    await world.simulation.advance(10_000);
    expect(await seen()).toEqual([cartOf('b')]);
  });

  test('a watcher is told once that a node was lost', async () => {
    await clustered('abc');
    const a = world.node('a');
    const { seen } = await watching(a, cartOf('b'));
    world.crash('b');
    const startMs = world.simulation.nowMs;
    await world.sees('a', 'dead b');
    expect(await seen()).toEqual([cartOf('b')]);
    expect(world.simulation.nowMs - startMs).toBeLessThan(4_000);
    await world.start('b');
    await world.simulation.advance(30_000);
    expect(await seen()).toEqual([cartOf('b')]);
  });

  test('a watcher is told once that a node left', async () => {
    await clustered('ab');
    const a = world.node('a');
    const b = world.node('b');
    const { seen } = await watching(a, cartOf('b'));
    await settle(b.stop());
    await world.simulation.advance(30_000);
    expect(await seen()).toEqual([cartOf('b')]);
  });

  test('watchers on both sides of a partition are told once, and not again when it heals', async () => {
    await clustered('abc');
    const a = world.node('a');
    const c = world.node('c');
    const fromA = await watching(a, cartOf('c'));
    const fromC = await watching(c, cartOf('a'));
    const mend = world.network.isolate('c');
    await world.sees('a', 'dead c');
    await world.sees('c', 'dead a');
    await world.simulation.advance(20_000);
    mend();
    await world.agree('abc', 60_000);
    await world.simulation.advance(10_000);
    expect(await fromA.seen()).toEqual([cartOf('c')]);
    expect(await fromC.seen()).toEqual([cartOf('a')]);
  });

  test('a watcher of a node that was never there is told', async () => {
    await clustered('ab');
    const a = world.node('a');
    const { seen } = await watching(a, 'memory://z.test:1/cart');
    expect(await seen()).toEqual(['memory://z.test:1/cart']);
  });
});

describe('G7 heals', () => {
  test('actors keep their state through the lives of their node, and are reached again', async () => {
    await clustered('abc');
    const a = world.node('a');
    const c = world.node('c');
    a.ref(Cart, cartOf('c')).tell.add(3);
    await world.simulation.advance(100);
    const before = c.self().incarnation ?? 0;
    world.simulation.pause('c', 20_000);
    await world.sees('a', 'dead c');
    await world.agree('abc', 60_000);
    expect(c.self().incarnation).toBeGreaterThan(before);
    expect(await settle(a.ref(Cart, cartOf('c')).ask.total())).toBe(3);
  });
});

describe('G8 accounted', () => {
  test('of what was sent to a node that died, the dead letters and the processed make the whole', async () => {
    await clustered('abc');
    const a = world.node('a');
    const c = world.node('c');
    const letters: DeadLetter[] = [];
    void (async () => {
      for await (const letter of a.system.deadLetters()) letters.push(letter);
    })();
    const ref = a.ref(Cart, cartOf('c'));
    for (let index = 0; index < 50; index += 1) {
      ref.tell.add(1);
      await world.simulation.advance(20);
      if (index === 25) world.simulation.pause('c', 20_000);
    }
    await world.sees('a', 'dead c');
    for (let index = 0; index < 10; index += 1) ref.tell.add(1);
    await world.agree('abc', 60_000);
    await world.simulation.advance(5_000);
    const stats = [a, c].map((node) => node.system.stats());
    const sum = (key: 'sent' | 'processed' | 'deadLettered' | 'reportedUnknown'): number =>
      stats.reduce((total, each) => total + each[key], 0);
    // What was reported unknown may have been processed all the same, when its node woke up; nothing else is counted twice.
    const known = sum('processed') + sum('deadLettered');
    expect(known + sum('reportedUnknown')).toBeGreaterThanOrEqual(sum('sent'));
    expect(known).toBeLessThanOrEqual(sum('sent'));
    expect(new Set(letters.map((letter) => letter.reason))).toEqual(new Set(['link-lost', 'no-route']));
  });
});
