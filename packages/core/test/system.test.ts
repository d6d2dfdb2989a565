import {
  actor,
  ActorSystem,
  ask,
  isActorError,
  isActorRef,
  message,
  protocol,
  resume,
  tell,
  type ActorRef,
} from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { collect, failure, World } from './world.ts';

const Counter = protocol('counter', { add: tell<number>(), total: ask<void, number>() });
const counter = actor(Counter, {
  state: (args: { readonly from: number }) => ({ total: args.from }),
  on: {
    add(ctx, n) {
      ctx.state.total += n;
    },
    total: (ctx) => ctx.state.total,
  },
});

describe('a system', () => {
  test('runs an actor from spawn to stop', async () => {
    const world = new World();
    const ref = world.system.spawn(counter, { name: 'c1', args: { from: 40 } });
    expect(ref.tell.add(2)).toBe('accepted');
    expect(await world.value(ref.ask.total())).toBe(42);
    expect(ref.address).toBe('actor://test/c1');
    expect(ref.path).toBe('c1');
    await world.value(world.system.stopActor(ref));
    expect(ref.tell.add(1)).toBe('no-route');
  });

  test('refuses a name that is taken, and gives it again when its actor is gone', async () => {
    const world = new World();
    const first = world.system.spawn(counter, { name: 'c', args: { from: 0 } });
    expect(() => world.system.spawn(counter, { name: 'c', args: { from: 0 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_NAME_TAKEN' }),
    );
    await world.value(world.system.stopActor(first));
    const second = world.system.spawn(counter, { name: 'c', args: { from: 1 } });
    expect(second.uid).not.toBe(first.uid);
    expect(first.tell.add(1)).toBe('no-route');
    expect(await world.value(second.ask.total())).toBe(1);
  });

  test('never gives an actor the uid that one of its path had in an earlier process', () => {
    const simulation = new Simulation();
    const uids = [1, 2, 3].map(() => {
      simulation.kill('node');
      const system = new ActorSystem({ name: 'test', runtime: simulation.runtime('node') });
      return system.spawn(counter, { name: 'c', args: { from: 0 } }).uid;
    });
    expect(new Set(uids).size).toBe(3);
  });

  test.each(['', 'a/b', '$1', 'a\nb', 'x'.repeat(257), 5 as never])('refuses %j as a name', (name) => {
    const world = new World();
    expect(() => world.system.spawn(counter, { name, args: { from: 0 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }),
    );
  });

  test('names what is wrong with its options', () => {
    expect(() => new World({ askTimeoutMs: 0 })).toThrow(/askTimeoutMs/);
    expect(() => new World({ turnMs: Number.NaN })).toThrow(/turnMs/);
    expect(() => new World({ name: 'a/b' })).toThrow(/name/);
  });

  test('reaches an actor by path and by address, now and after it was replaced', async () => {
    const world = new World();
    const byPath = world.system.ref(Counter, 'c');
    const byAddress = world.system.ref(Counter, 'actor://test/c');
    expect(byPath.tell.add(1)).toBe('no-route');
    world.system.spawn(counter, { name: 'c', args: { from: 5 } });
    expect(await world.value(byPath.ask.total())).toBe(5);
    expect(await world.value(byAddress.ask.total())).toBe(5);
  });

  test('gives refs that print as their address and are told from other things', () => {
    const world = new World();
    const ref = world.system.spawn(counter, { name: 'c', args: { from: 0 } });
    expect(`${ref.toString()} ${JSON.stringify({ ref })}`).toBe('actor://test/c {"ref":"actor://test/c"}');
    expect(isActorRef(ref)).toBe(true);
    expect(isActorRef({ address: 'actor://test/c' })).toBe(false);
    expect(() => world.system.send({ ...ref }, message('add', 1))).toThrow(/another copy/);
  });

  test('sends a message by name, and makes a dead letter of one that nobody understands', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(counter, { name: 'c', args: { from: 0 } });
    expect(world.system.send('c', message('add', 3))).toBe('accepted');
    expect(world.system.send(ref, message('total'))).toBe('accepted');
    expect(world.system.send('actor://test/c', message('nonsense', 1))).toBe('accepted');
    expect(world.system.send('nobody', message('add', 1))).toBe('no-route');
    expect(world.system.send('tcp://10.0.0.1:1/c', message('add', 1))).toBe('no-route');
    expect(await world.value(ref.ask.total())).toBe(3);
    expect(letters.map((letter) => letter.reason)).toEqual(['no-such-actor', 'no-route', 'unknown-message']);
    expect(letters[2]).toEqual({
      message: { name: 'nonsense', payload: 1, kind: 'tell' },
      recipient: 'actor://test/c',
      sender: undefined,
      reason: 'unknown-message',
    });
  });

  test('G1: messages from one sender to one receiver arrive in the order sent', async () => {
    const world = new World();
    const got: number[] = [];
    const Sink = protocol('sink', { put: tell<number>() });
    const sink = world.system.spawn(
      actor(Sink, {
        on: { put: async (_, n) => (n % 7 === 0 ? Promise.resolve() : undefined, void got.push(n)) },
      }),
    );
    for (let n = 0; n < 1_000; n += 1) sink.tell.put(n);
    await world.pass();
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  });

  test('G2: a tell and an ask run once', async () => {
    const world = new World();
    const ref = world.system.spawn(counter, { args: { from: 0 } });
    for (let n = 0; n < 100; n += 1) ref.tell.add(1);
    expect(await world.value(ref.ask.total())).toBe(100);
    expect(world.system.stats().processed).toBe(101);
  });

  test('G8: what was sent was processed, dead-lettered or reported unknown', async () => {
    const world = new World();
    const Job = protocol('job', { run: ask<'ok' | 'throw' | 'hang', void>(), drop: tell() });
    const job = actor(Job, {
      supervise: resume(),
      on: {
        run(_, how) {
          if (how === 'throw') throw new Error('as told');
          return how === 'hang' ? new Promise<void>(() => {}) : undefined;
        },
        drop() {},
      },
    });
    const one = world.system.spawn(job);
    const outcomes = Promise.allSettled([
      one.ask.run('ok'),
      one.ask.run('throw'),
      one.ask.run('hang', { timeoutMs: 50 }),
      one.ask.run('ok', { timeoutMs: 50 }),
    ]);
    one.tell.drop();
    await world.pass(1_000);
    await world.value(world.system.stop({ deadlineMs: 100 }));
    one.tell.drop();
    await outcomes;
    const { sent, processed, deadLettered, reportedUnknown } = world.system.stats();
    expect({ sent, processed, deadLettered, reportedUnknown }).toEqual({
      sent: 6,
      processed: 2,
      deadLettered: 3,
      reportedUnknown: 1,
    });
  });

  test('stops the youngest first and children before parents', async () => {
    const world = new World();
    const order: string[] = [];
    const Node = protocol('node', { grow: tell<readonly string[]>() });
    const node = actor(Node, {
      on: {
        grow(ctx, names) {
          for (const name of names) ctx.spawn(node, { name });
        },
      },
      onStop(ctx) {
        order.push(ctx.path);
      },
    });
    const a = world.system.spawn(node, { name: 'a' });
    world.system.spawn(node, { name: 'b' });
    a.tell.grow(['x', 'y']);
    await world.pass();
    await world.value(world.system.stop());
    expect(order).toEqual(['b', 'a/y', 'a/x', 'a']);
  });

  test('cuts off at the deadline what does not finish, and says so', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const Stuck = protocol('stuck', { hang: ask<void, void>() });
    const stuck = world.system.spawn(actor(Stuck, { on: { hang: () => new Promise<void>(() => {}) } }));
    const running = failure(stuck.ask.hang());
    const queued = failure(stuck.ask.hang());
    await world.pass();
    const stopped = world.system.stop({ deadlineMs: 300 });
    await world.pass(299);
    expect(letters).toEqual([]);
    await world.value(stopped);
    expect(isActorError(await running, 'ACTOR_STOP_TIMEOUT')).toBe(true);
    expect(isActorError(await queued, 'ACTOR_TERMINATED')).toBe(true);
    expect(letters.map((letter) => letter.reason)).toEqual(['stop-timeout', 'terminated']);
  });

  test('stops once when stopped twice, and spawns nothing any more', async () => {
    const world = new World();
    world.system.spawn(counter, { args: { from: 0 } });
    const first = world.system.stop();
    expect(world.system.stop()).toBe(first);
    expect(() => world.system.spawn(counter, { args: { from: 0 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_NODE_STOPPED' }),
    );
    await world.value(first);
  });

  test('tells of starts, failures, restarts and stops', async () => {
    const world = new World();
    const events = collect(world.system.events());
    const ref = world.system.spawn(
      actor(protocol('f', { boom: tell() }), {
        on: {
          boom() {
            throw new Error('as told');
          },
        },
      }),
      { name: 'f' },
    );
    ref.tell.boom();
    await world.pass(1_000);
    await world.value(world.system.stop());
    expect(events.map((event) => event.kind)).toEqual(['started', 'failed', 'restarted', 'stopped']);
    expect(events.every((event) => event.actor === 'actor://test/f')).toBe(true);
  });

  test('two actors that tell each other know their senders', async () => {
    const world = new World();
    const seen: (string | undefined)[] = [];
    const Ping = protocol('ping', { ping: tell<number>(), start: tell<string>() });
    const ping: ReturnType<typeof make> = make();
    function make() {
      return actor(Ping, {
        on: {
          async start(ctx, path) {
            await Promise.resolve();
            world.system.ref(Ping, path).tell.ping(0);
            void ctx;
          },
          ping(ctx, n) {
            seen.push(ctx.sender?.path);
            const back: ActorRef<typeof Ping> | undefined = ctx.sender?.as(Ping);
            if (n < 3) back?.tell.ping(n + 1);
          },
        },
      });
    }
    const a = world.system.spawn(ping, { name: 'a' });
    world.system.spawn(ping, { name: 'b' });
    a.tell.start('b');
    await world.pass();
    expect(seen).toEqual(['a', 'b', 'a', 'b']);
  });
});
