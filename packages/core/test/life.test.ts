// What one life of an actor leaves to the next, which is nothing but its ref, its messages, its watches and its watchers;
// and that the end is in order and bounded.
import {
  actor,
  ask,
  escalate,
  message,
  protocol,
  restart,
  resume,
  stream,
  tell,
  type Context,
  type Directive,
} from '@actor/core';
import { describe, expect, test } from 'vitest';
import { collect, failure, World } from './world.ts';

const Unit = protocol('unit', { boom: tell(), add: tell(), total: ask<void, number>() });
type UnitContext = Context<(typeof Unit)['messages'], { total: number }, void>;

/** Gives its context away, as code does that is not awaited. */
const leaky = (kept: UnitContext[], onStop?: (ctx: UnitContext) => void) =>
  actor(Unit, {
    state: () => ({ total: 0 }),
    supervise: restart({ backoffMinMs: 10, backoffMaxMs: 10 }),
    onStart: (ctx) => void kept.push(ctx),
    onStop: (ctx) => onStop?.(ctx),
    on: {
      boom() {
        throw new Error('as told');
      },
      add: (ctx) => void (ctx.state.total += 1),
      total: (ctx) => ctx.state.total,
    },
  });

describe('what runs on from a life that has ended', () => {
  const restarted = async () => {
    const world = new World();
    const kept: UnitContext[] = [];
    const ref = world.system.spawn(leaky(kept), { name: 'u' });
    ref.tell.add();
    ref.tell.boom();
    await world.pass(50);
    const [old] = kept;
    if (old === undefined || kept.length !== 2) throw new Error('It has not restarted.');
    return { world, old, ref };
  };

  test('keeps its own state and does not reach the next one', async () => {
    const { world, old, ref } = await restarted();
    expect(old.state).toEqual({ total: 1 });
    old.state.total = 98;
    old.state = { total: 99 };
    expect(await world.value(ref.ask.total())).toBe(0);
  });

  test('sets no timers, spawns no children, changes no handlers and stops nobody', async () => {
    const { world, old, ref } = await restarted();
    const fired: string[] = [];
    old.after(1, () => void fired.push('after'));
    old.every(1, () => void fired.push('every'));
    old.every(1, message('add'));
    old.become({ total: () => -1 });
    old.stop();
    expect(() => old.spawn(leaky([]))).toThrow(expect.objectContaining({ code: 'ACTOR_TERMINATED' }));
    await world.pass(20);
    expect(fired).toEqual([]);
    expect(await world.value(ref.ask.total())).toBe(0);
    expect(old.signal.aborted).toBe(true);
    expect(await old.every(1).next()).toEqual({ value: undefined, done: true });
    expect([old.path, old.self.address]).toEqual(['u', 'actor://test/u']);
  });

  test('takes no message of the next one aside, and knows no sender', async () => {
    const world = new World();
    const kept: Context<(typeof Waiting)['messages'], undefined, void>[] = [];
    const Waiting = protocol('waiting', { wait: ask<void, string>(), boom: tell() });
    const ref = world.system.spawn(
      actor(Waiting, {
        supervise: restart({ backoffMinMs: 1 }),
        onStart: (ctx) => void kept.push(ctx),
        on: {
          async wait(ctx) {
            const [old] = kept;
            if (old !== ctx) old?.stash();
            return old === ctx || old?.sender === undefined ? 'done' : 'leaked';
          },
          boom() {
            throw new Error('as told');
          },
        },
      }),
    );
    ref.tell.boom();
    expect(await world.value(ref.ask.wait())).toBe('done');
  });

  test('sets no timers when the actor has stopped', async () => {
    const world = new World();
    const kept: UnitContext[] = [];
    const ref = world.system.spawn(leaky(kept));
    await world.pass();
    await world.value(world.system.stopActor(ref));
    let fired = 0;
    kept[0]?.every(1, () => void (fired += 1));
    kept[0]?.watch(ref);
    await world.pass(20);
    expect(fired).toBe(0);
    await world.value(world.system.stop());
    await world.pass(1);
    const { events } = world.simulation;
    await world.pass(1_000);
    expect(world.simulation.events).toBe(events);
  });
});

describe('onStop before a restart', () => {
  test('leaves no timers behind', async () => {
    const world = new World();
    let fired = 0;
    const kept: UnitContext[] = [];
    const ref = world.system.spawn(
      leaky(kept, (ctx) => {
        ctx.after(1, () => void (fired += 1));
        ctx.every(100, () => void (fired += 1));
      }),
    );
    ref.tell.boom();
    await world.pass(1_000);
    expect([kept.length, fired]).toEqual([2, 0]);
  });

  test('leaves no children behind', async () => {
    const world = new World();
    const errors: unknown[] = [];
    const kept: UnitContext[] = [];
    const ref = world.system.spawn(
      leaky(kept, (ctx) => {
        try {
          ctx.spawn(leaky([]), { name: 'child' });
        } catch (error) {
          errors.push(error);
        }
      }),
      { name: 'u' },
    );
    ref.tell.boom();
    await world.pass(100);
    expect(errors).toMatchObject([{ code: 'ACTOR_TERMINATED' }]);
    expect(world.system.send('u/child', message('add'))).toBe('no-route');
  });

  test('is one of its actor: what it sends has a sender, and what it asks is in the chain', async () => {
    const world = new World();
    const seen: (string | undefined)[] = [];
    const Ear = protocol('ear', { hear: tell() });
    const ear = world.system.spawn(actor(Ear, { on: { hear: (ctx) => void seen.push(ctx.sender?.path) } }));
    const Failing = protocol('failing', { fail: ask<void, void>() });
    const failing = world.system.spawn(
      actor(Failing, {
        on: {
          async fail() {
            await Promise.resolve();
            throw new Error('as told');
          },
        },
        onStop: () => void ear.tell.hear(),
      }),
      { name: 'f' },
    );
    await world.error(failing.ask.fail());
    await world.pass();
    expect(seen).toEqual(['f']);
  });
});

describe('a failure beside a handler that is under way', () => {
  const start = (supervise: Directive) => {
    const world = new World();
    const aborted: unknown[] = [];
    const Both = protocol('both', { work: ask<void, string>(), broken: stream<void, number>() });
    const ref = world.system.spawn(
      actor(Both, {
        supervise,
        stopTimeoutMs: 200,
        on: {
          async work(ctx) {
            ctx.signal.addEventListener('abort', () => aborted.push(ctx.signal.reason));
            await new Promise<void>((resolve) => void world.simulation.after(100, resolve));
            return 'done';
          },
          async *broken() {
            yield 1;
            await new Promise<void>((resolve) => void world.simulation.after(50, resolve));
            throw new Error('as told');
          },
        },
      }),
    );
    return { world, aborted, ref };
  };

  test('leaves it alone when the actor resumes', async () => {
    const { world, aborted, ref } = start(resume());
    const values = ref.stream.broken();
    void values.next();
    const asked = ref.ask.work();
    expect(await world.error(values.next())).toMatchObject({ code: 'ACTOR_REMOTE' });
    expect(await world.value(asked)).toBe('done');
    expect(aborted).toEqual([]);
  });

  test('waits for it and tells it when the actor restarts', async () => {
    const { world, aborted, ref } = start(restart({ backoffMinMs: 1 }));
    const values = ref.stream.broken();
    void values.next();
    const asked = ref.ask.work();
    expect(await world.error(values.next())).toMatchObject({ code: 'ACTOR_REMOTE' });
    expect(await world.value(asked)).toBe('done');
    expect(aborted).toHaveLength(1);
  });
});

describe('a child that escalates while its parent starts', () => {
  test('restarts the parent, also when that start would never end', async () => {
    const world = new World();
    let starts = 0;
    const Child = protocol('child', { boom: tell() });
    const child = actor(Child, {
      supervise: escalate(),
      on: {
        boom() {
          throw new Error('as told');
        },
      },
    });
    const Parent = protocol('parent', { ping: ask<void, string>() });
    const parent = world.system.spawn(
      actor(Parent, {
        supervise: restart({ backoffMinMs: 1 }),
        stopTimeoutMs: 10,
        async onStart(ctx) {
          starts += 1;
          if (starts > 1) return;
          ctx.spawn(child, { name: 'child' }).tell.boom();
          await new Promise<void>(() => {});
        },
        on: { ping: () => 'pong' },
      }),
    );
    expect(await world.value(parent.ask.ping())).toBe('pong');
    expect(starts).toBe(2);
  });
});

describe('an async handler that was cut off', () => {
  test('does not touch the next life when it ends after all', async () => {
    const world = new World();
    const events = collect(world.system.events());
    let finish: () => void = () => {};
    const Child = protocol('child', { boom: tell() });
    const child = actor(Child, {
      supervise: escalate(),
      on: {
        boom() {
          throw new Error('as told');
        },
      },
    });
    const Parent = protocol('parent', { hang: ask<void, string>(), quick: ask<void, string>() });
    const parent = world.system.spawn(
      actor(Parent, {
        supervise: restart({ backoffMinMs: 1 }),
        stopTimeoutMs: 10,
        onStart: (ctx) => void ctx.spawn(child, { name: 'child' }),
        on: {
          hang: () =>
            new Promise((_, reject) => {
              finish = () => reject(new Error('much later'));
            }),
          quick: () => 'quick',
        },
      }),
      { name: 'p' },
    );
    const hanging = failure(parent.ask.hang());
    await world.pass();
    world.system.ref(Child, 'p/child').tell.boom();
    await world.pass(100);
    expect(await hanging).toMatchObject({ code: 'ACTOR_STOP_TIMEOUT', outcome: 'unknown' });
    finish();
    await world.pass(100);
    expect(await world.value(parent.ask.quick())).toBe('quick');
    expect(events.filter(({ kind, actor: at }) => kind === 'failed' && at.endsWith('/p'))).toHaveLength(1);
    const { sent, processed, deadLettered, reportedUnknown } = world.system.stats();
    expect(sent).toBe(processed + deadLettered + reportedUnknown);
  });
});
