import { actor, bounded, protocol, restart, stop, tell, type ActorRef } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const Target = protocol('target', { boom: tell(), end: tell() });
const target = actor(Target, {
  supervise: stop(),
  on: {
    boom() {
      throw new Error('as told');
    },
    end(ctx) {
      ctx.stop();
    },
  },
});

const Watching = protocol('watching', { watch: tell<ActorRef>(), unwatch: tell<ActorRef>(), boom: tell() });
const watching = (seen: string[]) =>
  actor(Watching, {
    supervise: restart({ backoffMinMs: 100 }),
    on: {
      watch: (ctx, ref) => ctx.watch(ref),
      unwatch: (ctx, ref) => ctx.unwatch(ref),
      boom() {
        throw new Error('as told');
      },
    },
    onTerminated(_, ref) {
      seen.push(ref.path);
    },
  });

describe('G6: a watcher gets terminated exactly once', () => {
  const start = () => {
    const world = new World();
    const seen: string[] = [];
    const watcher = world.system.spawn(watching(seen), { name: 'watcher' });
    const ref = world.system.spawn(target, { name: 't' });
    return { world, seen, watcher, ref };
  };

  test.each(['end', 'boom'] as const)(
    'when the actor ends by "%s", however often it was watched',
    async (how) => {
      const { world, seen, watcher, ref } = start();
      watcher.tell.watch(ref);
      watcher.tell.watch(ref);
      watcher.tell.watch(world.system.ref(Target, 't'));
      await world.pass();
      ref.tell[how]();
      await world.pass(1_000);
      expect(seen).toEqual(['t']);
    },
  );

  test('when the actor was gone before, or never was', async () => {
    const { world, seen, watcher, ref } = start();
    await world.value(world.system.stopActor(ref));
    watcher.tell.watch(ref);
    watcher.tell.watch(world.system.ref(Target, 'never'));
    await world.pass();
    expect(seen).toEqual(['t', 'never']);
  });

  test('and none after unwatch', async () => {
    const { world, seen, watcher, ref } = start();
    watcher.tell.watch(ref);
    await world.pass();
    watcher.tell.unwatch(ref);
    ref.tell.end();
    await world.pass();
    expect(seen).toEqual([]);
  });

  test('and none after unwatch by the same address, also when somebody else lives there by now', async () => {
    const { world, seen, watcher } = start();
    const byPath = world.system.ref(Target, 't');
    watcher.tell.watch(byPath);
    watcher.tell.boom();
    await world.pass(10);
    // Both wait for the watcher's next life, and the actor is gone by then.
    watcher.tell.unwatch(byPath);
    byPath.tell.end();
    await world.pass(10);
    world.system.spawn(target, { name: 't' });
    await world.pass(1_000);
    expect(seen).toEqual([]);
  });

  test('for the life that was watched, not for the next one at the path', async () => {
    const { world, seen, watcher, ref } = start();
    watcher.tell.watch(ref);
    await world.pass();
    await world.value(world.system.stopActor(ref));
    const next = world.system.spawn(target, { name: 't' });
    await world.pass();
    expect(seen).toEqual(['t']);
    watcher.tell.watch(next);
    await world.pass();
    next.tell.end();
    await world.pass();
    expect(seen).toEqual(['t', 't']);
  });

  test('after its own restart, when the end came during the backoff', async () => {
    const { world, seen, watcher, ref } = start();
    watcher.tell.watch(ref);
    watcher.tell.boom();
    await world.pass(10);
    ref.tell.end();
    await world.pass(50);
    expect(seen).toEqual([]);
    await world.pass(500);
    expect(seen).toEqual(['t']);
  });

  test('after all that the actor had sent before its end', async () => {
    const { world } = start();
    const log: string[] = [];
    const Boss = protocol('boss', { hire: tell(), result: tell<number>() });
    const Hand = protocol('hand', { work: tell<ActorRef<typeof Boss>>() });
    const hand = actor(Hand, {
      on: {
        work(ctx, boss) {
          for (const n of [1, 2, 3]) boss.tell.result(n);
          ctx.stop();
        },
      },
    });
    const boss = world.system.spawn(
      actor(Boss, {
        on: {
          async hire(ctx) {
            const child = ctx.spawn(hand);
            ctx.watch(child);
            child.tell.work(ctx.self);
            await new Promise<void>((resolve) => void world.simulation.after(10, resolve));
          },
          result: (_, n) => void log.push(`result ${n}`),
        },
        onTerminated: () => void log.push('terminated'),
      }),
    );
    boss.tell.hire();
    await world.pass(50);
    expect(log).toEqual(['result 1', 'result 2', 'result 3', 'terminated']);
    expect(world.system.stats()).toMatchObject({ sent: 5, processed: 5 });
  });

  test('also when its mailbox is full and makes room, and is not counted as a message', async () => {
    const { world, seen, ref } = start();
    const full = world.system.spawn(
      actor(Watching, {
        mailbox: bounded(2, 'drop-oldest'),
        on: {
          watch(ctx, target) {
            ctx.watch(target);
            return new Promise<void>((resolve) => void world.simulation.after(10, resolve));
          },
          unwatch() {},
          boom() {},
        },
        onTerminated: (_, gone) => void seen.push(gone.path),
      }),
    );
    full.tell.watch(ref);
    await world.pass();
    await world.value(world.system.stopActor(ref));
    for (let n = 0; n < 9; n += 1) full.tell.boom();
    await world.pass(50);
    expect(seen).toEqual(['t']);
    await world.value(world.system.stop());
    const { sent, processed, deadLettered } = world.system.stats();
    expect(sent).toBe(processed + deadLettered);
  });

  test('not when the watcher is gone itself', async () => {
    const { world, seen, watcher, ref } = start();
    watcher.tell.watch(ref);
    await world.pass();
    await world.value(world.system.stopActor(watcher));
    ref.tell.end();
    await world.pass();
    expect(seen).toEqual([]);
  });

  test('not when the actor only restarts', async () => {
    const { world, seen, watcher } = start();
    const restarting = world.system.spawn(target, { name: 'r', supervise: restart({ backoffMinMs: 1 }) });
    watcher.tell.watch(restarting);
    restarting.tell.boom();
    await world.pass(1_000);
    expect(seen).toEqual([]);
  });
});
