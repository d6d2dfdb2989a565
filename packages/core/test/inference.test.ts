// Each @ts-expect-error is a claim: the line must not compile. `tsc -p tsconfig.test.json` checks them.
import {
  ActorSystem,
  actor,
  ask,
  pool,
  protocol,
  stream,
  tell,
  type ActorRef,
  type SendResult,
  type StandardSchema,
} from '@actor/core';
import { describe, expectTypeOf, test } from 'vitest';

const Cart = protocol('cart', {
  add: tell<{ sku: string; qty: number }>(),
  clear: tell(),
  total: ask<void, number>(),
  find: ask<string, { sku: string } | undefined>(),
  changes: stream<{ since: number }, { total: number }>(),
});
type CartRef = ActorRef<typeof Cart>;
const ref = {} as CartRef;
// Never called: what is in it is compiled and not run.
const compiled = (body: () => unknown): void => void body;

describe('a ref', () => {
  test('infers payloads, answers and values', () => {
    compiled(() => {
      expectTypeOf(ref.tell.add({ sku: 'book', qty: 1 })).toEqualTypeOf<SendResult>();
      expectTypeOf(ref.tell.clear()).toEqualTypeOf<SendResult>();
      expectTypeOf(ref.tell.clear).parameter(0).toEqualTypeOf<undefined>();
      expectTypeOf(ref.ask.total()).toEqualTypeOf<Promise<number>>();
      expectTypeOf(ref.ask.total(undefined, { timeoutMs: 1 })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(ref.ask.find('x')).toEqualTypeOf<Promise<{ sku: string } | undefined>>();
      expectTypeOf(ref.stream.changes({ since: 1 })).toEqualTypeOf<
        AsyncIterableIterator<{ total: number }>
      >();
    });
  });

  test('refuses wrong payloads', () => {
    compiled(() => {
      // @ts-expect-error a field is missing
      ref.tell.add({ sku: 'book' });
      // @ts-expect-error a field has another type
      ref.tell.add({ sku: 'book', qty: '1' });
      // @ts-expect-error no payload
      ref.tell.add();
      // @ts-expect-error a payload where there is none
      void ref.ask.total(1);
      // @ts-expect-error options are second
      void ref.ask.total({ timeoutMs: 1 });
      // @ts-expect-error options have other types
      void ref.ask.find('x', { timeoutMs: '1' });
    });
  });

  test('refuses wrong kinds and unknown messages', () => {
    compiled(() => {
      // @ts-expect-error an ask is not told
      ref.tell.total();
      // @ts-expect-error a tell is not asked
      void ref.ask.add({ sku: 'book', qty: 1 });
      // @ts-expect-error a stream is not asked
      void ref.ask.changes({ since: 1 });
      // @ts-expect-error there is no such message
      ref.tell.remove();
    });
  });

  test('without a contract has no messages until it is given one', () => {
    const untyped: ActorRef = ref;
    compiled(() => {
      // @ts-expect-error nothing is known
      untyped.tell.add({ sku: 'book', qty: 1 });
      expectTypeOf(untyped.as(Cart)).toEqualTypeOf<CartRef>();
    });
  });

  test('of one contract is not one of another', () => {
    const Other = protocol('other', { other: tell() });
    compiled(() => {
      // @ts-expect-error it understands other messages
      const wrong: ActorRef<typeof Other> = ref;
      return wrong;
    });
  });
});

describe('an actor', () => {
  const handlers = {
    add() {},
    clear() {},
    total: () => 1,
    find: () => undefined,
    async *changes() {
      yield { total: 1 };
    },
  };

  test('infers its state, args and payloads', () => {
    const cart = actor(Cart, {
      state: (args: { currency: string }) => ({ lines: new Map<string, number>(), currency: args.currency }),
      on: {
        add(ctx, { sku, qty }) {
          expectTypeOf(ctx.state.lines).toEqualTypeOf<Map<string, number>>();
          expectTypeOf(ctx.args).toEqualTypeOf<{ currency: string }>();
          expectTypeOf(sku).toEqualTypeOf<string>();
          ctx.state.lines.set(sku, qty);
          ctx.become({ total: () => 2 });
          // @ts-expect-error a handler of another answer
          ctx.become({ total: () => 'two' });
          // @ts-expect-error no such message
          ctx.become({ remove() {} });
        },
        clear(ctx) {
          ctx.state = { lines: new Map(), currency: 'EUR' };
        },
        total: (ctx) => ctx.state.lines.size,
        find: async (_, sku) => ({ sku }),
        async *changes(ctx, { since }) {
          // @ts-expect-error a stream handler does not change the state
          compiled(() => ctx.state.lines.set('x', 1));
          compiled(() => {
            // @ts-expect-error nor replace it
            ctx.state = { lines: new Map(), currency: 'EUR' };
            // @ts-expect-error nor put messages aside
            ctx.stash();
          });
          yield { total: ctx.state.lines.size + since };
        },
      },
      onStart(ctx) {
        expectTypeOf(ctx.state.currency).toEqualTypeOf<string>();
        expectTypeOf(ctx.self.ask.total()).toEqualTypeOf<Promise<number>>();
      },
    });
    compiled(() => {
      const system = new ActorSystem();
      expectTypeOf(system.spawn(cart, { args: { currency: 'EUR' } }).ask.total()).toEqualTypeOf<
        Promise<number>
      >();
      const pooled = pool(cart, { size: 2, policy: 'random' });
      expectTypeOf(system.spawn(pooled, { args: { currency: 'EUR' } }).ask.total()).toEqualTypeOf<
        Promise<number>
      >();
      // @ts-expect-error args are missing
      system.spawn(cart);
      // @ts-expect-error args have another type
      system.spawn(cart, { args: { currency: 1 } });
      // @ts-expect-error a key is needed
      pool(cart, { size: 2, policy: 'consistent-hash' });
    });
  });

  test('needs a handler for each message and none besides', () => {
    compiled(() => {
      const { total: _, ...incomplete } = handlers;
      // @ts-expect-error total is missing
      actor(Cart, { on: incomplete });
      actor(Cart, {
        on: {
          ...handlers,
          // @ts-expect-error there is no such message
          remove() {},
        },
      });
    });
  });

  test('refuses wrong answers and wrong kinds of handlers', () => {
    compiled(() => {
      // @ts-expect-error an answer of another type
      actor(Cart, { on: { ...handlers, total: () => 'one' } });
      // @ts-expect-error a promise of another type
      actor(Cart, { on: { ...handlers, total: async () => 'one' } });
      // @ts-expect-error a stream must yield
      actor(Cart, { on: { ...handlers, changes: () => ({ total: 1 }) } });
      const numbers = async function* (): AsyncGenerator<number> {
        yield 1;
      };
      // @ts-expect-error values of another type
      actor(Cart, { on: { ...handlers, changes: numbers } });
      // @ts-expect-error a payload of another type
      actor(Cart, { on: { ...handlers, find: (_ctx: unknown, sku: number) => ({ sku: String(sku) }) } });
      // @ts-expect-error a tell has no answer
      actor(Cart, { on: { ...handlers, add: () => 1 } });
    });
  });

  test('without args is spawned without', () => {
    const plain = actor(protocol('plain', { hit: tell() }), { on: { hit() {} } });
    compiled(() => {
      const system = new ActorSystem();
      system.spawn(plain);
      system.spawn(plain, { name: 'p' });
      // @ts-expect-error it takes none
      system.spawn(plain, { args: 1 });
    });
  });
});

describe('contracts', () => {
  test('take a schema instead of a type argument', () => {
    compiled(() => {
      const amount = {} as StandardSchema<{ amount: number }>;
      const Till = protocol('till', { pay: tell(amount), ask: ask(amount, {} as StandardSchema<string>) });
      const till = {} as ActorRef<typeof Till>;
      till.tell.pay({ amount: 1 });
      expectTypeOf(till.ask.ask({ amount: 1 })).toEqualTypeOf<Promise<string>>();
      // @ts-expect-error the schema says otherwise
      till.tell.pay({ amount: '1' });
    });
  });

  test('of two actors that call each other infer', () => {
    interface PongRef extends ActorRef<typeof Pong> {}
    const Ping = protocol('ping', { ping: tell<{ from: PongRef }>(), count: ask<void, number>() });
    const Pong = protocol('pong', { pong: ask<{ from: ActorRef<typeof Ping> }, string>() });
    const ping = actor(Ping, {
      state: () => ({ count: 0 }),
      on: {
        async ping(ctx, { from }) {
          const answer = await from.ask.pong({ from: ctx.self });
          expectTypeOf(answer).toEqualTypeOf<string>();
          ctx.state.count += answer.length;
        },
        count: (ctx) => ctx.state.count,
      },
    });
    const pong = actor(Pong, {
      on: {
        async pong(_, { from }) {
          expectTypeOf(from.ask.count()).toEqualTypeOf<Promise<number>>();
          return 'pong';
        },
      },
    });
    compiled(() => {
      const system = new ActorSystem();
      system.spawn(ping).tell.ping({ from: system.spawn(pong) });
      // @ts-expect-error a ping is not a pong
      system.spawn(ping).tell.ping({ from: system.spawn(ping) });
    });
  });
});
