import { actor, ask, message, protocol, restart, tell, type ActorRef, type Timer } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { collect, failure, World } from './world.ts';

describe('timers', () => {
  const Clock = protocol('clock', { once: tell<number>(), tick: tell<number>(), by: tell(), boom: tell() });
  const clock = (log: string[], timers: Timer[] = []) =>
    actor(Clock, {
      supervise: restart({ backoffMinMs: 10 }),
      on: {
        once: (ctx, ms) => void timers.push(ctx.after(ms, () => void log.push('once'))),
        tick: (ctx, ms) => void timers.push(ctx.every(ms, message('by'))),
        by: () => void log.push('by'),
        boom() {
          throw new Error('as told');
        },
      },
    });

  test('fire once and again and again, and can be cancelled', async () => {
    const world = new World();
    const log: string[] = [];
    const timers: Timer[] = [];
    const ref = world.system.spawn(clock(log, timers));
    ref.tell.once(25);
    ref.tell.tick(10);
    await world.pass(34);
    expect(log).toEqual(['by', 'by', 'once', 'by']);
    for (const timer of timers) timer.cancel();
    await world.pass(100);
    expect(log).toHaveLength(4);
  });

  test('die with the actor, also when it only restarts', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(clock(log));
    ref.tell.once(25);
    ref.tell.tick(10);
    ref.tell.boom();
    await world.pass(500);
    expect(log).toEqual([]);
    ref.tell.once(5);
    await world.value(world.system.stopActor(ref));
    await world.pass(100);
    expect(log).toEqual([]);
  });

  test('run their bodies one at a time with the messages', async () => {
    const world = new World();
    const log: string[] = [];
    const Slow = protocol('slow', { work: tell() });
    const ref = world.system.spawn(
      actor(Slow, {
        on: {
          async work(ctx) {
            ctx.after(1, async () => {
              log.push('timer begins');
              await Promise.resolve();
              log.push('timer ends');
            });
            await new Promise<void>((resolve) => void world.simulation.after(50, resolve));
            log.push('work ends');
          },
        },
      }),
    );
    ref.tell.work();
    ref.tell.work();
    await world.pass(49);
    expect(log).toEqual([]);
    await world.pass(500);
    expect(log.slice(0, 3)).toEqual(['work ends', 'timer begins', 'timer ends']);
  });

  test('every() iterates on its grid and ends with the signal', async () => {
    const world = new World();
    const at: number[] = [];
    const Ticking = protocol('ticking', { run: ask<void, string>() });
    const ref = world.system.spawn(
      actor(Ticking, {
        on: {
          async run(ctx) {
            for await (const tick of ctx.every(10)) {
              at.push(Math.floor(world.simulation.nowMs / 10) * 10);
              // Slower than the ticks: the missed ones are skipped.
              if (tick === 2) await new Promise<void>((resolve) => void world.simulation.after(25, resolve));
            }
            return 'ended';
          },
        },
      }),
    );
    const asked = failure(ref.ask.run(undefined, { timeoutMs: 75 }));
    await world.pass(200);
    expect(await asked).toMatchObject({ code: 'ACTOR_ASK_TIMEOUT' });
    expect(at).toEqual([10, 20, 40, 50, 60, 70]);
    expect(world.system.stats().processed).toBe(1);
  });
});

describe('stash and become', () => {
  const Door = protocol('door', { open: tell(), shut: tell(), knock: ask<string, string>(), boom: tell() });
  const door = actor(Door, {
    stashMax: 2,
    supervise: restart({ backoffMinMs: 1 }),
    on: {
      open(ctx) {
        ctx.become({ knock: (_, who) => `come in, ${who}` });
        ctx.unstashAll();
      },
      shut: (ctx) => ctx.become(),
      knock(ctx) {
        ctx.stash();
        return '';
      },
      boom() {
        throw new Error('as told');
      },
    },
  });

  test('what was stashed is handled first and in order, by the new handlers', async () => {
    const world = new World();
    const ref = world.system.spawn(door);
    const answers: string[] = [];
    const knock = (who: string): void => void ref.ask.knock(who).then((answer) => answers.push(answer));
    knock('a');
    knock('b');
    ref.tell.open();
    knock('c');
    await world.pass();
    expect(answers).toEqual(['come in, a', 'come in, b', 'come in, c']);
    ref.tell.shut();
    const shut = failure(ref.ask.knock('d', { timeoutMs: 10 }));
    await world.pass(20);
    expect(await shut).toMatchObject({ code: 'ACTOR_ASK_TIMEOUT' });
  });

  test('a full stash fails the handler, and its asker is told why', async () => {
    const world = new World();
    const ref = world.system.spawn(door);
    const asked = ['a', 'b', 'c'].map((who) => failure(ref.ask.knock(who, { timeoutMs: 50 })));
    await world.pass(100);
    expect(await asked[2]).toMatchObject({ code: 'ACTOR_REMOTE', cause: { code: 'ACTOR_STASH_FULL' } });
  });

  test('a restart brings back the first handlers and what was stashed', async () => {
    const world = new World();
    const ref = world.system.spawn(door);
    const asked = ref.ask.knock('a');
    ref.tell.boom();
    await world.pass(10);
    ref.tell.open();
    expect(await world.value(asked)).toBe('come in, a');
  });

  test('a stop makes dead letters of what was stashed', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(door);
    const asked = failure(ref.ask.knock('a'));
    await world.pass();
    await world.value(world.system.stop());
    expect(await asked).toMatchObject({ code: 'ACTOR_TERMINATED' });
    expect(letters.map(({ reason }) => reason)).toEqual(['terminated']);
    expect(world.system.stats()).toEqual({ sent: 1, processed: 0, deadLettered: 1, reportedUnknown: 0 });
  });
});

describe('a context', () => {
  test('gives the sender, also after an await, and of asks', async () => {
    const world = new World();
    const seen: (string | undefined)[] = [];
    const B = protocol('b', { hear: tell(), answer: ask<void, string | undefined>() });
    const b = world.system.spawn(
      actor(B, {
        on: { hear: (ctx) => void seen.push(ctx.sender?.path), answer: (ctx) => ctx.sender?.path },
      }),
    );
    const A = protocol('a', { go: tell(), quick: tell() });
    const a = world.system.spawn(
      actor(A, {
        on: {
          async go() {
            b.tell.hear();
            await Promise.resolve();
            b.tell.hear();
            seen.push(await b.ask.answer());
          },
          quick: () => void b.tell.hear(),
        },
      }),
      { name: 'a' },
    );
    a.tell.go();
    a.tell.quick();
    b.tell.hear();
    await world.pass();
    expect(seen.filter((path) => path === 'a')).toHaveLength(4);
    expect(seen.filter((path) => path === undefined)).toHaveLength(1);
  });

  test('never gives somebody else as the sender of what follows a promise', async () => {
    const world = new World();
    const seen: (string | undefined)[] = [];
    const pause = (): Promise<void> =>
      new Promise<void>((resolve) => void world.simulation.after(5, resolve));
    const Ear = protocol('ear', { hear: tell() });
    const ear = world.system.spawn(actor(Ear, { on: { hear: (ctx) => void seen.push(ctx.sender?.path) } }));
    const B = protocol('b', { go: tell() });
    const b = world.system.spawn(
      actor(B, {
        // No async functions: nothing says beforehand that they give promises.
        onStart: () => pause().then(() => void ear.tell.hear()),
        on: { go: () => pause().then(() => void ear.tell.hear()) },
      }),
      { name: 'b' },
    );
    const A = protocol('a', { start: tell() });
    const a = world.system.spawn(
      actor(A, {
        on: {
          async start() {
            await pause();
            b.tell.go();
            await pause();
            await pause();
          },
        },
      }),
      { name: 'a' },
    );
    a.tell.start();
    await world.pass(50);
    expect(seen).toHaveLength(2);
    expect(seen).not.toContain('a');
  });

  test('of a handler that waits is in no chain of asks of those whom it tells something', async () => {
    const world = new World();
    const pause = (): Promise<void> =>
      new Promise<void>((resolve) => void world.simulation.after(5, resolve));
    const A = protocol('a', { start: tell<ActorRef>(), answer: ask<void, string>() });
    const B = protocol('b', { go: tell() });
    const a = world.system.spawn(
      actor(A, {
        on: {
          async start(_, to) {
            await pause();
            to.as(B).tell.go();
            await pause();
            await pause();
          },
          answer: () => 'answer',
        },
      }),
    );
    const answers: unknown[] = [];
    const b = world.system.spawn(
      actor(B, { on: { go: () => pause().then(async () => void answers.push(await a.ask.answer())) } }),
    );
    a.tell.start(b);
    await world.pass(50);
    expect(answers).toEqual(['answer']);
  });

  test('every() of a handler that did not wait for it ends with the state', async () => {
    const world = new World();
    let ticks = 0;
    const Ticking = protocol('ticking', { run: tell() });
    const ref = world.system.spawn(
      actor(Ticking, {
        on: {
          run(ctx) {
            void (async () => {
              for await (const _ of ctx.every(10)) ticks += 1;
            })();
          },
        },
      }),
    );
    ref.tell.run();
    await world.pass(35);
    expect(ticks).toBe(3);
    await world.value(world.system.stop());
    await world.pass(100);
    expect(ticks).toBe(3);
  });

  test('spawns and stops children, and only those', async () => {
    const world = new World();
    const Parent = protocol('parent', { go: ask<void, string>() });
    const Child = protocol('child', { hello: ask<void, string>() });
    const child = actor(Child, { on: { hello: (ctx) => ctx.path } });
    const stranger = world.system.spawn(child);
    const parent = world.system.spawn(
      actor(Parent, {
        supervise: { kind: 'resume' },
        on: {
          async go(ctx) {
            const ref = ctx.spawn(child, { name: 'c' });
            const path = await ref.ask.hello();
            ctx.stop(ref);
            ctx.stop(stranger);
            return path;
          },
        },
      }),
      { name: 'p' },
    );
    expect(await world.error(parent.ask.go())).toMatchObject({
      message: expect.stringContaining('not a child'),
    });
    await world.pass();
    expect(world.system.ref(Child, 'p/c').ask).toBeDefined();
    expect(world.system.send('p/c', message('hello'))).toBe('no-route');
  });

  test('keeps handlers apart: an asynchronous one ends before the next message begins', async () => {
    const world = new World();
    const log: string[] = [];
    const Slow = protocol('slow', { work: tell<string>() });
    const ref = world.system.spawn(
      actor(Slow, {
        async onStart() {
          await new Promise<void>((resolve) => void world.simulation.after(5, resolve));
          log.push('started');
        },
        on: {
          async work(_, name) {
            log.push(`${name} begins`);
            await new Promise<void>((resolve) => void world.simulation.after(10, resolve));
            log.push(`${name} ends`);
          },
        },
      }),
    );
    ref.tell.work('a');
    ref.tell.work('b');
    await world.pass(100);
    expect(log).toEqual(['started', 'a begins', 'a ends', 'b begins', 'b ends']);
  });

  test('aborts the signal when the actor is stopped, and the handler that gives up has not failed', async () => {
    const world = new World();
    const events = collect(world.system.events());
    const Waiting = protocol('waiting', { wait: tell() });
    const ref = world.system.spawn(
      actor(Waiting, {
        on: {
          wait: ({ signal }) =>
            new Promise<void>((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error));
            }),
        },
      }),
    );
    ref.tell.wait();
    await world.pass();
    await world.value(world.system.stopActor(ref));
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
  });
});
