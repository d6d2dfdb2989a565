import { actor, ask, message, protocol, resume, tell, type Interceptor, type Timer } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

describe('a timer', () => {
  const Busy = protocol('busy', { work: tell(), more: tell() });

  test('that is cancelled while its body waits for its turn does not run it', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(
      actor(Busy, {
        on: {
          async work(ctx) {
            const timers = [
              ctx.after(1, () => void log.push('after')),
              ctx.every(1, () => void log.push('every')),
            ];
            await new Promise<void>((resolve) => void world.simulation.after(20, resolve));
            for (const timer of timers) timer.cancel();
          },
          more() {},
        },
      }),
    );
    ref.tell.work();
    await world.pass(100);
    expect(log).toEqual([]);
  });

  test('may be one of timersMax, of which those count whose bodies have not run', async () => {
    const world = new World();
    const errors: unknown[] = [];
    const timers: Timer[] = [];
    const ref = world.system.spawn(
      actor(Busy, {
        timersMax: 2,
        on: {
          async work(ctx) {
            timers.push(
              ctx.after(1, () => {}),
              ctx.every(5, message('more')),
            );
            await new Promise<void>((resolve) => void world.simulation.after(3, resolve));
            try {
              ctx.after(1, () => {});
            } catch (error) {
              errors.push(error);
            }
          },
          more: (ctx) => void ctx.after(1, () => {}),
        },
      }),
    );
    ref.tell.work();
    await world.pass(50);
    expect(errors).toMatchObject([{ code: 'ACTOR_TIMERS_FULL', retryable: true, outcome: 'none' }]);
    expect(world.system.stats().deadLettered).toBe(0);
    expect(() => actor(Busy, { timersMax: 0, on: { work() {}, more() {} } })).toThrow(/timersMax/);
  });

  test('may be an iteration too, which counts until its loop is left', async () => {
    const world = new World();
    const errors: unknown[] = [];
    const Iterating = protocol('iterating', { run: ask<void, number>() });
    const ref = world.system.spawn(
      actor(Iterating, {
        timersMax: 1,
        on: {
          async run(ctx) {
            for await (const tick of ctx.every(10)) {
              try {
                ctx.after(1, () => {});
              } catch (error) {
                errors.push(error);
              }
              if (tick === 2) break;
            }
            ctx.after(1, () => {});
            return errors.length;
          },
        },
      }),
    );
    expect(await world.value(ref.ask.run())).toBe(2);
    expect(errors).toMatchObject([{ code: 'ACTOR_TIMERS_FULL' }, { code: 'ACTOR_TIMERS_FULL' }]);
  });

  test('holds a thousand when its actor does not say', async () => {
    const world = new World();
    let set = 0;
    const ref = world.system.spawn(
      actor(Busy, {
        supervise: resume(),
        on: {
          work(ctx) {
            for (;;) {
              ctx.after(1, () => {});
              set += 1;
            }
          },
          more() {},
        },
      }),
    );
    ref.tell.work();
    await world.pass();
    expect(set).toBe(1_000);
  });

  test('that sends its message does so through the interceptors', async () => {
    const seen: string[] = [];
    const send: Interceptor['send'] = (sent, next) => {
      seen.push(sent.name);
      return next();
    };
    const world = new World({ interceptors: [{ send }] });
    const ref = world.system.spawn(
      actor(Busy, { on: { work: (ctx) => void ctx.after(1, message('more')), more() {} } }),
    );
    ref.tell.work();
    await world.pass(10);
    expect(seen).toEqual(['work', 'more']);
    expect(world.system.stats()).toMatchObject({ sent: 2, processed: 2 });
  });
});
