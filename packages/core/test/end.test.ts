// An end is in order, bounded, and accounted for.
import { actor, ask, protocol, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { collect, failure, World } from './world.ts';

describe('an end', () => {
  const Node = protocol('node', { grow: tell<string>(), end: tell(), hang: tell() });
  const node = (world: World, log: string[], stopMs: Readonly<Record<string, number>> = {}) => {
    const self = actor(Node, {
      stopTimeoutMs: 1_000,
      on: {
        grow: (ctx, name) => void ctx.spawn(self, { name }),
        end: (ctx) => ctx.stop(),
        hang: () => new Promise<void>(() => {}),
      },
      async onStop(ctx) {
        const ms = stopMs[ctx.path];
        log.push(`${ctx.path} begins`);
        if (ms !== undefined) await new Promise<void>((resolve) => void world.simulation.after(ms, resolve));
        log.push(`${ctx.path} ends`);
      },
    });
    return self;
  };

  test('is in order also when a child ends by itself meanwhile', async () => {
    const world = new World();
    const log: string[] = [];
    const p = world.system.spawn(node(world, log, { 'p/a': 50, 'p/b': 10, 'p/c': 30 }), { name: 'p' });
    for (const name of ['a', 'b', 'c']) p.tell.grow(name);
    await world.pass();
    const stopped = world.system.stopActor(p);
    await world.pass(1);
    world.system.ref(Node, 'p/b').tell.end();
    await world.value(stopped);
    expect(log).toEqual([
      'p/c begins',
      'p/b begins',
      'p/b ends',
      'p/c ends',
      'p/a begins',
      'p/a ends',
      'p begins',
      'p ends',
    ]);
  });

  test('goes on without a child whose handler never returns, and says what was lost', async () => {
    const world = new World();
    const log: string[] = [];
    const letters = collect(world.system.deadLetters());
    const p = world.system.spawn(node(world, log), { name: 'p' });
    for (const name of ['a', 'b']) p.tell.grow(name);
    await world.pass();
    world.system.ref(Node, 'p/b').tell.hang();
    world.system.ref(Node, 'p/b').tell.end();
    await world.pass();
    const stopped = world.system.stopActor(p);
    await world.pass(999);
    expect(log).toEqual([]);
    await world.value(stopped);
    expect(log.filter((line) => line.endsWith('ends'))).toEqual(['p/b ends', 'p/a ends', 'p ends']);
    expect(letters.map(({ reason, message: { name } }) => [name, reason])).toEqual([
      ['hang', 'stop-timeout'],
      ['end', 'terminated'],
    ]);
    const { sent, processed, deadLettered, reportedUnknown } = world.system.stats();
    expect(sent).toBe(processed + deadLettered + reportedUnknown);
  });

  test('goes on without an onStop that never returns', async () => {
    const world = new World();
    const log: string[] = [];
    const p = world.system.spawn(node(world, log, { p: Infinity }), { name: 'p' });
    await world.pass();
    await world.value(world.system.stopActor(p));
    expect(log).toEqual(['p begins']);
    expect(Math.round(world.simulation.nowMs)).toBe(1_000);
  });

  test('that a handler asks for before it waits for ever comes in time too', async () => {
    const world = new World();
    const told: unknown[] = [];
    const Hanging = protocol('hanging', { hang: ask<void, void>() });
    const ref = world.system.spawn(
      actor(Hanging, {
        stopTimeoutMs: 1_000,
        on: {
          async hang(ctx) {
            ctx.signal.addEventListener('abort', () => told.push(ctx.signal.reason));
            ctx.stop();
            await new Promise<void>(() => {});
          },
        },
      }),
    );
    const asked = failure(ref.ask.hang());
    await world.pass(1_010);
    expect(told).toMatchObject([{ code: 'ACTOR_TERMINATED' }]);
    expect(await asked).toMatchObject({ code: 'ACTOR_STOP_TIMEOUT', outcome: 'unknown' });
    expect(world.system.stats()).toEqual({ sent: 1, processed: 0, deadLettered: 0, reportedUnknown: 1 });
  });

  test('has no limit for a handler of an actor that is not to stop', async () => {
    const world = new World();
    const Slow = protocol('slow', { work: ask<void, string>() });
    const slow = actor(Slow, {
      stopTimeoutMs: 10,
      on: {
        work: () => new Promise((resolve) => void world.simulation.after(1_000, () => resolve('done'))),
      },
    });
    expect(await world.value(world.system.spawn(slow).ask.work())).toBe('done');
  });

  test('of a message that was stashed and hangs is accounted for once', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const Stashing = protocol('stashing', { wait: ask<void, void>() });
    const ref = world.system.spawn(
      actor(Stashing, {
        on: {
          wait(ctx) {
            ctx.stash();
            return new Promise<void>(() => {});
          },
        },
      }),
    );
    const asked = failure(ref.ask.wait());
    await world.pass();
    await world.value(world.system.stop({ deadlineMs: 10 }));
    expect(await asked).toMatchObject({ code: 'ACTOR_TERMINATED' });
    expect(letters.map(({ reason }) => reason)).toEqual(['terminated']);
    expect(world.system.stats()).toEqual({ sent: 1, processed: 0, deadLettered: 1, reportedUnknown: 0 });
  });

  test('of a message that ends after all, when its actor is gone, is accounted for once', async () => {
    const world = new World();
    const Slow = protocol('slow', { work: ask<void, string>() });
    const ref = world.system.spawn(
      actor(Slow, {
        on: {
          work: () => new Promise((resolve) => void world.simulation.after(100, () => resolve('late'))),
        },
      }),
    );
    const asked = failure(ref.ask.work());
    await world.pass();
    await world.value(world.system.stop({ deadlineMs: 10 }));
    await world.pass(200);
    expect(await asked).toMatchObject({ code: 'ACTOR_STOP_TIMEOUT', outcome: 'unknown' });
    expect(world.system.stats()).toEqual({ sent: 1, processed: 0, deadLettered: 0, reportedUnknown: 1 });
  });

  test.each([Number.NaN, -1, Infinity])('is not bounded by a deadline of %d', async (deadlineMs) => {
    const world = new World();
    const ref = world.system.spawn(node(world, []));
    expect(await failure(world.system.stop({ deadlineMs }))).toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    expect(ref.tell.grow('a')).toBe('accepted');
    await world.value(world.system.stop());
    expect(() => actor(Node, { stopTimeoutMs: deadlineMs, on: {} as never })).toThrow(/stopTimeoutMs/);
  });

  test('may come in onStart, of an actor that watches itself, and what it sends then arrives', async () => {
    const world = new World();
    const seen: string[] = [];
    const Ear = protocol('ear', { hear: tell<string>() });
    const ear = world.system.spawn(actor(Ear, { on: { hear: (_, text) => void seen.push(text) } }));
    const brief = actor(protocol('brief', { go: tell() }), {
      onStart(ctx) {
        ctx.watch(ctx.self);
        ctx.stop();
      },
      onStop: () => void ear.tell.hear('stopped'),
      onTerminated: () => void ear.tell.hear('terminated'),
      on: { go() {} },
    });
    const ref = world.system.spawn(brief);
    ref.tell.go();
    await world.pass();
    expect(seen).toEqual(['stopped']);
    expect(ref.tell.go()).toBe('no-route');
  });
});
