import {
  actor,
  ask,
  isActorRef,
  protocol,
  stream,
  tell,
  type ActorError,
  type Envelope,
  type Gateway,
  type Recipient,
  type ReplySink,
  type SendResult,
  type StandardSchema,
  type StreamSink,
  type Watcher,
} from '@actor/core';
import { describe, expect, test } from 'vitest';
import { collect, failure, World } from './world.ts';

const even: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' && value % 2 === 0
        ? { value }
        : { issues: [{ message: 'expected an even number', path: ['n'] }] },
  },
};

const Cart = protocol('cart', {
  add: tell(even),
  total: ask<void, number>(),
  hang: ask<void, void>(),
  list: stream<void, number>(),
});
const cart = (aborted: unknown[] = []) =>
  actor(Cart, {
    state: () => ({ total: 0 }),
    on: {
      add(ctx, n) {
        ctx.state.total += n;
      },
      total: (ctx) => ctx.state.total,
      hang: (ctx) =>
        new Promise((_, reject) => {
          const { signal } = ctx;
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason);
            reject(signal.reason as Error);
          });
        }),
      async *list() {
        for (let n = 1; ; n += 1) yield n;
      },
    },
  });

class FakeRecipient implements Recipient {
  readonly sent: Envelope[] = [];
  readonly watchers = new Set<Watcher>();
  readonly address: string;
  readonly uid: number | undefined;
  constructor(address: string, uid: number | undefined) {
    this.address = address;
    this.uid = uid;
  }
  send(envelope: Envelope): SendResult {
    this.sent.push(envelope);
    return 'accepted';
  }
  watch(watcher: Watcher): void {
    this.watchers.add(watcher);
  }
  unwatch(watcher: Watcher): void {
    this.watchers.delete(watcher);
  }
}

class FakeSink {
  readonly cause = undefined;
  readonly deadlineMs = Infinity;
  stage = 'queued' as ReplySink['stage'];
  withdrawn: ReplySink['withdrawn'];
  closed = false;
  credit = 2;
  onAbort: ((reason: unknown) => void) | undefined;
  onCredit: ((added: number) => void) | undefined;
  readonly log: unknown[] = [];
  resolve(value: unknown): void {
    this.closed = true;
    this.log.push(value);
  }
  reject(error: ActorError): void {
    this.closed = true;
    this.log.push(error.code);
  }
  next(value: unknown): void {
    this.credit -= 1;
    this.log.push(value);
  }
  end(): void {
    this.closed = true;
    this.log.push('end');
  }
}
const replySink = (): FakeSink & ReplySink => Object.assign(new FakeSink(), { kind: 'ask' as const });
const streamSink = (): FakeSink & StreamSink => Object.assign(new FakeSink(), { kind: 'stream' as const });

const origin = 'tcp://127.0.0.1:8081';
const start = (aborted: unknown[] = []) => {
  const world = new World();
  const made: FakeRecipient[] = [];
  const gateway: Gateway = {
    origin,
    recipient(address, uid) {
      const recipient = new FakeRecipient(address, uid);
      made.push(recipient);
      return recipient;
    },
  };
  const before = world.system.spawn(cart(aborted), { name: 'cart' });
  const port = world.system.attach(gateway);
  const inbound = { path: 'cart', uid: undefined, sender: undefined, reply: undefined, headers: undefined };
  return { world, made, port, before, inbound };
};

describe('a system with a gateway', () => {
  test('gives its actors the addresses of the gateway, and knows the old ones', async () => {
    const { world, before } = start();
    expect(before.address).toBe(`${origin}/cart`);
    for (const address of [`${origin}/cart`, 'actor://test/cart', 'cart']) {
      expect(await world.value(world.system.ref(Cart, address).ask.total())).toBe(0);
    }
  });

  test.each([
    ['before the gateway came', 0],
    ['while the next gateway was on its way', 1],
  ])('reaches its own actors by a ref to its address that was made %s', async (_, gateways) => {
    const world = new World();
    const watched = world.system.spawn(cart(), { name: 'cart' });
    const ended: string[] = [];
    const Watcher = protocol('watcher', {});
    const make = (): ReturnType<typeof world.system.attach> =>
      world.system.attach({ origin, recipient: (address, uid) => new FakeRecipient(address, uid) });
    for (let made = 0; made < gateways; made += 1) make().detach();
    const ref = world.system.ref(Cart, `${origin}/cart`);
    if (gateways > 0) expect(await world.value(ref.ask.total())).toBe(0);
    make().detach();
    const port = make();
    expect(await world.value(ref.ask.total())).toBe(0);
    world.system.spawn(
      actor(Watcher, {
        on: {},
        onStart: (ctx) => ctx.watch(ref),
        onTerminated: (_ctx, { address }) => void ended.push(address),
      }),
    );
    await world.pass();
    port.detach();
    await world.value(world.system.stopActor(watched));
    await world.pass();
    expect(ended).toEqual([`${origin}/cart`]);
  });

  test('shows the dead letters that the end of its gateway makes, when its actors have stopped before', async () => {
    const { world, port } = start();
    const letters = collect(world.system.deadLetters());
    const stopped = world.system.stop();
    await world.pass();
    await stopped;
    const message = { name: 'add', payload: 2, kind: 'tell' as const };
    port.deadLetter({ message, recipient: 'tcp://b/cart', sender: undefined, reason: 'link-lost' });
    port.detach();
    await world.pass();
    expect(letters).toMatchObject([{ reason: 'link-lost' }]);
    expect(await world.system.deadLetters().next()).toMatchObject({ done: true });
  });

  test('sends to foreign addresses through it, with the sender', async () => {
    const { world, made } = start();
    const foreign = world.system.ref(Cart, 'tcp://127.0.0.1:8082/cart');
    expect(foreign.tell.add(2)).toBe('accepted');
    expect(foreign.tell.add(4)).toBe('accepted');
    const asked = failure(foreign.ask.total(undefined, { timeoutMs: 100 }));
    expect(made).toHaveLength(1);
    const [first, , third] = made[0]?.sent ?? [];
    expect(first).toMatchObject({ method: { name: 'add', kind: 'tell' }, payload: 2 });
    let told: unknown;
    const reply = third?.reply;
    if (reply !== undefined) {
      reply.stage = 'sent';
      reply.onAbort = (reason) => (told = reason);
    }
    await world.pass(200);
    expect(await asked).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      outcome: 'unknown',
      details: { stage: 'sent' },
    });
    expect(told).toBe(await asked);
    expect(world.system.stats().sent).toBe(3);
  });

  test('has one gateway at a time, and no way out without', async () => {
    const { world, port } = start();
    expect(() => world.system.attach({ origin, recipient: () => new FakeRecipient('', undefined) })).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }),
    );
    const foreign = world.system.ref(Cart, 'tcp://127.0.0.1:8082/cart');
    port.detach();
    expect(foreign.tell.add(2)).toBe('no-route');
    expect(await world.error(foreign.ask.total())).toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  });

  test('delivers what comes in, and does not count it as sent', async () => {
    const { world, port, inbound } = start();
    const reply = replySink();
    expect(port.deliver({ ...inbound, kind: 'tell', method: 'add', payload: 4 })).toBe('accepted');
    expect(port.deliver({ ...inbound, kind: 'ask', method: 'total', payload: undefined, reply })).toBe(
      'accepted',
    );
    expect(reply.stage).toBe('delivered');
    await world.pass();
    expect(reply.log).toEqual([4]);
    expect(reply.stage).toBe('started');
    expect(world.system.stats()).toMatchObject({ sent: 0, processed: 2 });
  });

  test('refuses what comes in for nobody, for a past life, without a handler or against the schema', async () => {
    const { world, port, inbound, before } = start();
    const letters = collect(world.system.deadLetters());
    const cases = [
      {
        path: 'nobody',
        uid: undefined,
        kind: 'ask',
        method: 'total',
        payload: undefined,
        code: 'ACTOR_NO_ROUTE',
        reason: 'no-such-actor',
      },
      {
        path: 'cart',
        uid: 999,
        kind: 'ask',
        method: 'total',
        payload: undefined,
        code: 'ACTOR_TERMINATED',
        reason: 'terminated',
      },
      {
        path: 'cart',
        uid: before.uid,
        kind: 'ask',
        method: 'nonsense',
        payload: 1,
        code: 'ACTOR_UNKNOWN_MESSAGE',
        reason: 'unknown-message',
      },
      {
        path: 'cart',
        uid: undefined,
        kind: 'ask',
        method: 'list',
        payload: 1,
        code: 'ACTOR_UNKNOWN_MESSAGE',
        reason: 'unknown-message',
      },
    ] as const;
    for (const { code, reason, ...message } of cases) {
      const reply = replySink();
      port.deliver({ ...inbound, ...message, reply });
      await world.pass();
      expect(reply.log).toEqual([code]);
      expect(letters.at(-1)?.reason).toBe(reason);
    }
    expect(port.deliver({ ...inbound, kind: 'tell', method: 'add', payload: 3 })).toBe('dropped');
    await world.pass();
    expect(letters.at(-1)?.reason).toBe('payload-invalid');
    expect(world.system.stats().deadLettered).toBe(5);
  });

  test('aborts the handler of a request that the gateway withdraws', async () => {
    const aborted: unknown[] = [];
    const { world, port, inbound } = start(aborted);
    const reply = replySink();
    port.deliver({ ...inbound, kind: 'ask', method: 'hang', payload: undefined, reply });
    await world.pass();
    reply.closed = true;
    reply.withdrawn = 'link-lost';
    reply.onAbort?.('lost');
    await world.pass();
    expect(aborted).toEqual(['lost']);
  });

  test('streams against the credit that the gateway passes on', async () => {
    const { world, port, inbound } = start();
    const sink = streamSink();
    port.deliver({ ...inbound, kind: 'stream', method: 'list', payload: undefined, reply: sink });
    await world.pass();
    expect(sink.log).toEqual([1, 2]);
    sink.credit += 2;
    sink.onCredit?.(2);
    await world.pass();
    expect(sink.log).toEqual([1, 2, 3, 4]);
    sink.closed = true;
    sink.onAbort?.(new Error('gone'));
    await world.pass();
    expect(sink.log).toHaveLength(4);
  });

  test('tells a foreign watcher of the end of a local actor, also of one that was never there', async () => {
    const { world, port, before } = start();
    const seen: string[] = [];
    const watcher = { terminated: (of: Recipient) => void seen.push(of.address) };
    port.watch('cart', before.uid, watcher);
    port.watch('cart', 999, watcher);
    expect(seen).toEqual([`${origin}/cart`]);
    await world.value(world.system.stopActor(before));
    expect(seen).toEqual([`${origin}/cart`, `${origin}/cart`]);
  });

  test('G6: tells a local watcher once of the end of a foreign actor', async () => {
    const { world, made } = start();
    const seen: (number | undefined)[] = [];
    const Watching = protocol('watching', { watch: tell() });
    const foreign = world.system.ref(Cart, 'tcp://127.0.0.1:8082/cart');
    const watching = world.system.spawn(
      actor(Watching, {
        on: { watch: (ctx) => ctx.watch(foreign) },
        onTerminated: (_, ref) => void seen.push(ref.uid),
      }),
    );
    watching.tell.watch();
    watching.tell.watch();
    await world.pass();
    const recipient = made[0];
    expect(recipient?.watchers.size).toBe(1);
    for (const watcher of recipient?.watchers ?? []) {
      if (recipient !== undefined) {
        watcher.terminated(recipient);
        watcher.terminated(recipient);
      }
    }
    await world.pass();
    expect(seen).toEqual([undefined]);
  });

  test('makes refs that are found in payloads, and gives them their methods by the name of the contract', () => {
    const { port, made } = start();
    const ref = port.ref('tcp://127.0.0.1:8082/cart', { protocol: 'cart', uid: 7 }).as(Cart);
    const named = port.ref('tcp://127.0.0.1:8082/cart', { protocol: 'cart', uid: 7 }) as typeof ref;
    expect(isActorRef(named)).toBe(true);
    expect([named.address, named.uid, named.protocolName, named.path]).toEqual([
      'tcp://127.0.0.1:8082/cart',
      7,
      'cart',
      'cart',
    ]);
    named.tell.add(2);
    expect(made[0]?.uid).toBe(7);
    const unknown = port.ref('tcp://127.0.0.1:8082/x', { protocol: 'unheard-of' });
    expect(() => unknown.tell).toThrow(/speaks "unheard-of"/);
    expect(() => port.ref('tcp://127.0.0.1:8082/x').ask).toThrow(/has no contract/);
  });

  test('G8: counts a message that the link may have lost as reported unknown', () => {
    const { world, port } = start();
    port.deadLetter({
      message: { name: 'add', payload: 1, kind: 'tell' },
      recipient: 'tcp://127.0.0.1:8082/cart',
      sender: undefined,
      reason: 'link-lost',
    });
    expect(world.system.stats()).toMatchObject({ deadLettered: 0, reportedUnknown: 1 });
  });
});
