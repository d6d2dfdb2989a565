import { actor, protocol, restart, stop, tell, type ActorRef } from '@actor/core';
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
