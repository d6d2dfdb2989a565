// The public interface of one process, as outside programs are written against it. A line that has to be changed here
// breaks them.
import {
  ActorSystem,
  actor,
  ask,
  bounded,
  escalate,
  message,
  pool,
  protocol,
  restart,
  resume,
  stop,
  stream,
  tell,
  type ActorRef,
  type SendResult,
} from '@actor/core';
import { expect, expectTypeOf, test } from 'vitest';
import { World } from './world.ts';

const Cart = protocol('cart', {
  add: tell<{ sku: string; qty: number }>(),
  total: ask<void, number>(),
  checkout: ask<{ card: string }, { orderId: string }>(),
  changes: stream<void, { total: number }>(),
});

const log: string[] = [];

const cart = actor(Cart, {
  state: (args: { currency: string }) => ({ lines: new Map<string, number>(), currency: args.currency }),
  supervise: restart({ max: 5, withinMs: 60_000, backoffMinMs: 50, backoffMaxMs: 5_000 }),
  mailbox: bounded(1_000, 'reject'),
  on: {
    add(ctx, { sku, qty }) {
      ctx.state.lines.set(sku, qty);
    },
    total: (ctx) => [...ctx.state.lines.values()].reduce((a, b) => a + b, 0),
    async checkout(ctx, { card }) {
      return { orderId: card };
    },
    async *changes(ctx) {
      for await (const _ of ctx.every(1_000)) yield { total: ctx.state.lines.size };
    },
  },
  onStart(ctx) {
    log.push(`start ${ctx.path}`);
  },
  onStop(ctx, reason) {
    log.push(`stop ${ctx.path} ${reason.kind}`);
  },
  onTerminated(ctx, ref) {
    log.push(`${ctx.path}: ${ref.path} is gone`);
  },
});

test('a program of one process runs as it was written', async () => {
  const { runtime, simulation } = new World();
  const system = new ActorSystem({ name: 'shop', runtime });
  const ref = system.spawn(cart, { name: 'c1', args: { currency: 'EUR' } });
  expectTypeOf(ref).toEqualTypeOf<ActorRef<typeof Cart>>();
  const letters = system.deadLetters();

  const result = ref.tell.add({ sku: 'book', qty: 1 });
  expectTypeOf(result).toEqualTypeOf<SendResult>();
  expect(result).toBe('accepted');

  const { signal } = new AbortController();
  const total = await simulation.settle(ref.ask.total(undefined, { timeoutMs: 500, signal }));
  expectTypeOf(total).toEqualTypeOf<number>();
  expect(total).toBe(1);
  expect(await simulation.settle(ref.ask.checkout({ card: '4242' }))).toEqual({ orderId: '4242' });

  const changes: { total: number }[] = [];
  const reading = (async () => {
    for await (const change of ref.stream.changes()) if (changes.push(change) === 2) break;
  })();
  await simulation.settle(reading, { withinMs: 3_000 });
  expect(changes).toEqual([{ total: 1 }, { total: 1 }]);

  expect(system.send('actor://shop/c1', message('add', { sku: 'pen', qty: 2 }))).toBe('accepted');
  expect(await simulation.settle(system.ref(Cart, 'c1').ask.total())).toBe(3);

  await simulation.settle(system.stop());
  expect(ref.tell.add({ sku: 'late', qty: 1 })).toBe('no-route');
  expect(log).toEqual(['start c1', 'stop c1 system-stopped']);
  expect(await letters.next()).toEqual({ value: undefined, done: true });
});

test('an option that is undefined is one that was left out', async () => {
  const { runtime, simulation } = new World();
  const missing: { readonly number?: number } = {};
  const system = new ActorSystem({ runtime, name: undefined, askTimeoutMs: missing.number });
  const supervise = restart({ max: missing.number, backoffMaxMs: missing.number });
  const ref = system.spawn(cart, { name: undefined, supervise, args: { currency: 'EUR' } });
  const options = { timeoutMs: missing.number, signal: undefined };
  expect(await simulation.settle(ref.ask.total(undefined, options))).toBe(0);
  const changes = ref.stream.changes(undefined, { ...options, aheadMax: missing.number });
  expect(await simulation.settle(changes.next(), { withinMs: 3_000 })).toMatchObject({ done: false });
  await simulation.settle(system.stop({ deadlineMs: missing.number }));
});

test('dead letters are iterated, and tell message, recipient, sender and reason', async () => {
  const { runtime } = new World();
  const system = new ActorSystem({ name: 'shop', runtime });
  const letters = system.deadLetters();
  system.ref(Cart, 'nobody').tell.add({ sku: 'ink', qty: 1 });
  for await (const letter of letters) {
    expect(letter).toEqual({
      message: { name: 'add', payload: { sku: 'ink', qty: 1 }, kind: 'tell' },
      recipient: 'actor://shop/nobody',
      sender: undefined,
      reason: 'no-such-actor',
    });
    break;
  }
});

test('a context has what the contract lists', async () => {
  const world = new World();
  const All = protocol('all', { list: ask<void, readonly string[]>() });
  const all = actor(All, {
    state: () => 'state',
    on: {
      list: (ctx) =>
        (
          [
            'self',
            'sender',
            'state',
            'args',
            'path',
            'log',
            'signal',
            'spawn',
            'stop',
            'watch',
            'unwatch',
            'stash',
            'unstashAll',
            'become',
            'after',
            'every',
          ] as const
        ).filter((name) => !(name in ctx)),
    },
  });
  expect(await world.value(world.system.spawn(all).ask.list())).toEqual([]);
});

test('strategies, pools and systems are made and disposed of by the names of the contract', async () => {
  for (const supervise of [restart(), resume(), stop(), escalate()]) {
    expect(supervise.kind).toMatch(/restart|resume|stop|escalate/);
  }
  const { runtime, simulation } = new World();
  const system = new ActorSystem({ runtime });
  const policies = ['round-robin', 'random', 'least-mailbox', 'broadcast'] as const;
  for (const policy of policies) system.spawn(pool(cart, { size: 2, policy }), { args: { currency: 'EUR' } });
  const key = ({ payload }: { readonly payload: unknown }): string => String(payload);
  system.spawn(pool(cart, { size: 2, policy: 'consistent-hash', key }), { args: { currency: 'EUR' } });
  await simulation.settle(system[Symbol.asyncDispose]());
});
