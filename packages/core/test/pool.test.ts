import { actor, ask, escalate, pool, protocol, stop, tell, type PoolOptions } from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atRandom, homeOf, leastLoaded, nextInTurn } from '../src/router.ts';
import { World } from './world.ts';

describe('routing', () => {
  test('goes round, and at random stays within the choices', () => {
    expect([0, 1, 2].map((last) => nextInTurn(last, 3))).toEqual([1, 2, 0]);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 99 }),
        (chance, count) => {
          const place = atRandom(chance, count);
          return place >= 0 && place < count;
        },
      ),
    );
  });

  test('takes the shortest backlog, and lets ties go round', () => {
    expect(leastLoaded([3, 1, 2], 0)).toBe(1);
    expect(leastLoaded([1, 1, 1], 2)).toBe(2);
    expect(leastLoaded([0, 0, 5], 2)).toBe(0);
  });

  test('moves only the keys of the name that leaves, for any names', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 8 }),
        fc.array(fc.string()),
        (names, keys) => {
          const left = names.slice(1);
          for (const key of keys) {
            const home = names[homeOf(key, names)];
            if (home !== names[0]) expect(left[homeOf(key, left)]).toBe(home);
          }
        },
      ),
    );
  });

  test('spreads keys evenly over near names', () => {
    const counts = [0, 0, 0, 0];
    for (let key = 0; key < 4_000; key += 1) {
      const home = homeOf(`user-${key}`, ['1', '2', '3', '4']);
      counts[home] = (counts[home] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });
});

const Worker = protocol('worker', { work: tell<string>(), who: ask<string, string>(), end: tell<string>() });
const worker = (log: string[] = []) =>
  actor(Worker, {
    supervise: stop(),
    on: {
      work: (ctx, what) => void log.push(`${ctx.path} ${what}`),
      async who(ctx, what) {
        await Promise.resolve();
        return `${ctx.path} ${what}`;
      },
      end: (ctx) => ctx.stop(),
    },
  });

describe('a pool', () => {
  const spawn = (options: PoolOptions, log: string[] = []) => {
    const world = new World();
    return { world, ref: world.system.spawn(pool(worker(log), options), { name: 'p' }) };
  };

  test('gives each worker its turn', async () => {
    const { world, ref } = spawn({ size: 3, policy: 'round-robin' });
    const asked = ['a', 'b', 'c', 'd'].map((what) => ref.ask.who(what));
    expect(await world.value(Promise.all(asked))).toEqual(['p/1 a', 'p/2 b', 'p/3 c', 'p/1 d']);
  });

  test('keeps a key at one worker', async () => {
    const { world, ref } = spawn({
      size: 4,
      policy: 'consistent-hash',
      key: ({ payload }) => String(payload),
    });
    const asked = Array.from({ length: 40 }, (_, n) => ref.ask.who(`k${n % 10}`));
    const answers = await world.value(Promise.all(asked));
    expect(new Set(answers).size).toBe(10);
    expect(new Set(answers.map((answer) => answer.split(' ')[0])).size).toBeGreaterThan(1);
  });

  test('tells all when it broadcasts, and asks one', async () => {
    const log: string[] = [];
    const { world, ref } = spawn({ size: 3, policy: 'broadcast' }, log);
    expect(ref.tell.work('x')).toBe('accepted');
    expect(await world.value(ref.ask.who('y'))).toBe('p/1 y');
    expect(log).toEqual(['p/1 x', 'p/2 x', 'p/3 x']);
    expect(world.system.stats()).toMatchObject({ sent: 4, processed: 4 });
  });

  test('avoids the busy', async () => {
    const { world, ref } = spawn({ size: 2, policy: 'least-mailbox' });
    const asked = ['a', 'b', 'c', 'd'].map((what) => ref.ask.who(what));
    const answers = await world.value(Promise.all(asked));
    expect(answers.filter((answer) => answer.startsWith('p/1'))).toHaveLength(2);
  });

  test('draws by the chance of the runtime', async () => {
    const { world, ref } = spawn({ size: 2, policy: 'random' });
    const asked = Array.from({ length: 40 }, () => ref.ask.who('x'));
    expect(new Set(await world.value(Promise.all(asked)))).toEqual(new Set(['p/1 x', 'p/2 x']));
  });

  test('goes on without a worker that has stopped, and stops with the last', async () => {
    const { world, ref } = spawn({ size: 2, policy: 'round-robin' });
    ref.tell.end('1');
    await world.pass();
    const answers = [await world.value(ref.ask.who('a')), await world.value(ref.ask.who('b'))];
    expect(answers).toEqual(['p/2 a', 'p/2 b']);
    ref.tell.end('2');
    await world.pass();
    expect(ref.tell.work('x')).toBe('no-route');
  });

  test('passes over a worker that takes its time to stop, as long as there is another', async () => {
    const world = new World();
    const heard: string[] = [];
    const Slow = protocol('slow', { hear: tell(), end: tell() });
    const slow = actor(Slow, {
      on: { hear: (ctx) => void heard.push(ctx.path), end: (ctx) => ctx.stop() },
      onStop: () => new Promise<void>((resolve) => void world.simulation.after(100, resolve)),
    });
    const ref = world.system.spawn(pool(slow, { size: 2, policy: 'round-robin' }), { name: 'p' });
    world.system.ref(Slow, 'p/1').tell.end();
    await world.pass();
    expect([1, 2, 3, 4].map(() => ref.tell.hear())).toEqual(Array(4).fill('accepted'));
    await world.pass();
    expect(heard).toEqual(Array(4).fill('p/2'));
    world.system.ref(Slow, 'p/2').tell.end();
    await world.pass();
    expect(ref.tell.hear()).toBe('no-route');
    await world.pass(200);
    expect(heard).toHaveLength(4);
    expect(world.system.stats()).toEqual({ sent: 7, processed: 6, deadLettered: 1, reportedUnknown: 0 });
  });

  test('goes with a worker that escalates, and fails its own parent', async () => {
    const world = new World();
    const log: string[] = [];
    const Failing = protocol('failing', { boom: tell() });
    const failing = actor(Failing, {
      supervise: escalate(),
      on: {
        boom() {
          throw new Error('as told');
        },
      },
      onStop: (ctx) => void log.push(ctx.path),
    });
    const Parent = protocol('parent', { go: tell() });
    world.system
      .spawn(
        actor(Parent, {
          supervise: stop(),
          on: { go: (ctx) => void ctx.spawn(pool(failing, { size: 2, policy: 'random' })).tell.boom() },
          onStop: (ctx, reason) => void log.push(`${ctx.path} ${reason.kind}`),
        }),
        { name: 'parent' },
      )
      .tell.go();
    await world.pass();
    expect(log).toHaveLength(3);
    expect(log.at(-1)).toBe('parent failed');
  });

  test('refuses a size, a policy or a missing key at the line that made it', () => {
    const invalid = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }) as Error;
    expect(() => pool(worker(), { size: 0, policy: 'random' })).toThrow(invalid);
    expect(() => pool(worker(), { size: 1, policy: 'whatever' as 'random' })).toThrow(invalid);
    expect(() => pool(worker(), { size: 1, policy: 'consistent-hash' } as unknown as PoolOptions)).toThrow(
      invalid,
    );
  });
});
