import { actor, ask, escalate, protocol, restart, resume, stop, tell, type Supervision } from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../src/supervision.ts';
import { collect, failure, World } from './world.ts';

const at = (nowMs: number, chance = 0.5) => ({ error: new Error('x'), mayResume: true, nowMs, chance });

describe('the decision', () => {
  test('restarts until the budget is spent, and again when the window has passed', () => {
    const strategy = restart({ max: 2, withinMs: 1_000, backoffMinMs: 0 });
    const first = decide(strategy, [], at(0));
    const second = decide(strategy, first.kind === 'restart' ? first.history : [], at(500));
    const history = second.kind === 'restart' ? second.history : [];
    expect(history).toEqual([0, 500]);
    expect(decide(strategy, history, at(999))).toEqual({ kind: 'stop', budgetSpent: true });
    expect(decide(strategy, history, at(1_000)).kind).toBe('restart');
  });

  test('keeps the backoff between its bounds and never shrinks its ceiling, for any history and chance', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, chance) => {
          const strategy = restart({ max: 100, withinMs: 1e9, backoffMinMs: 50, backoffMaxMs: 5_000 });
          const decision = decide(
            strategy,
            Array.from({ length: failures }, () => 0),
            at(1, chance),
          );
          if (decision.kind !== 'restart') return false;
          const ceiling = Math.min(5_000, 50 * 2 ** (failures + 1));
          return decision.delayMs >= Math.max(50, ceiling / 2) && decision.delayMs <= ceiling;
        },
      ),
    );
  });

  test('asks the function, and stops when the function throws', () => {
    const byType: Supervision = (error) => (error instanceof TypeError ? resume() : escalate());
    expect(decide(byType, [], { ...at(0), error: new TypeError('x') }).kind).toBe('resume');
    expect(decide(byType, [], at(0)).kind).toBe('escalate');
    const broken: Supervision = () => {
      throw new Error('broken');
    };
    expect(decide(broken, [], at(0)).kind).toBe('stop');
  });

  test.each([{ max: -1 }, { withinMs: 0 }, { backoffMinMs: 10, backoffMaxMs: 5 }, { max: Number.NaN }])(
    'refuses %o',
    (options) => {
      expect(() => restart(options)).toThrow(expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }));
    },
  );
});

const Unit = protocol('unit', { boom: tell(), add: tell(), total: ask<void, number>(), grow: tell() });
const unit = (supervise: Supervision, log: string[] = []) =>
  actor(Unit, {
    state: () => ({ total: 0 }),
    supervise,
    on: {
      boom() {
        throw new Error('as told');
      },
      add(ctx) {
        ctx.state.total += 1;
      },
      total: (ctx) => ctx.state.total,
      grow(ctx) {
        ctx.spawn(unit(escalate(), log), { name: 'child' });
      },
    },
    onStart(ctx) {
      log.push(`start ${ctx.path}`);
    },
    onStop(ctx, reason) {
      log.push(`stop ${ctx.path} ${reason.kind}`);
    },
  });

describe('an actor that fails', () => {
  test('with restart gets a new state after the backoff and keeps its mailbox and its ref', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(unit(restart({ backoffMinMs: 100 }), log), { name: 'u' });
    ref.tell.add();
    ref.tell.boom();
    ref.tell.add();
    const total = ref.ask.total();
    await world.pass(99);
    expect(log).toEqual(['start u', 'stop u restarting']);
    expect(await world.value(total)).toBe(1);
    expect(log).toEqual(['start u', 'stop u restarting', 'start u']);
    expect(world.simulation.nowMs).toBeLessThanOrEqual(200);
  });

  test('stops its children with a restart, before its own onStop', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(unit(restart({ backoffMinMs: 10 }), log), { name: 'u' });
    ref.tell.grow();
    await world.pass();
    ref.tell.boom();
    await world.pass(50);
    expect(log).toEqual([
      'start u',
      'start u/child',
      'stop u/child parent-stopped',
      'stop u restarting',
      'start u',
    ]);
  });

  test('stops when its budget is spent', async () => {
    const world = new World();
    const events = collect(world.system.events());
    const ref = world.system.spawn(unit(restart({ max: 2, backoffMinMs: 1 })));
    for (let n = 0; n < 3; n += 1) ref.tell.boom();
    await world.pass(1_000);
    expect(events.map((event) => event.kind)).toEqual([
      'started',
      'failed',
      'restarted',
      'failed',
      'restarted',
      'failed',
      'stopped',
    ]);
    expect(ref.tell.add()).toBe('no-route');
  });

  test("spends a budget of its own, not its siblings'", async () => {
    const world = new World();
    const [weak, strong, other] = [1, 3, 3].map((max) =>
      world.system.spawn(unit(resume()), { supervise: restart({ max, backoffMinMs: 1 }) }),
    );
    for (let n = 0; n < 2; n += 1) for (const ref of [weak, strong]) ref?.tell.boom();
    await world.pass(1_000);
    expect([weak, strong, other].map((ref) => ref?.tell.add())).toEqual(['no-route', 'accepted', 'accepted']);
  });

  test('with resume goes on with its state', async () => {
    const world = new World();
    const ref = world.system.spawn(unit(resume()));
    ref.tell.add();
    ref.tell.boom();
    ref.tell.add();
    expect(await world.value(ref.ask.total())).toBe(2);
  });

  test('with stop is gone, and those who wait are told', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(unit(stop(), log), { name: 'u' });
    ref.tell.boom();
    const waiting = failure(ref.ask.total());
    await world.pass();
    expect(await waiting).toMatchObject({ code: 'ACTOR_TERMINATED' });
    expect(log).toEqual(['start u', 'stop u failed']);
  });

  test('with escalate stops, and its parent fails with the same error', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(unit(restart({ backoffMinMs: 1 }), log), { name: 'u' });
    ref.tell.grow();
    await world.pass();
    world.system.ref(Unit, 'u/child').tell.boom();
    await world.pass(10);
    expect(log).toEqual(['start u', 'start u/child', 'stop u/child failed', 'stop u restarting', 'start u']);
  });

  test('with escalate at the top stops, and takes nobody with it', async () => {
    const world = new World();
    const other = world.system.spawn(unit(stop()));
    world.system.spawn(unit(escalate()), { name: 'u' }).tell.boom();
    await world.pass(10);
    expect(await world.value(other.ask.total())).toBe(0);
  });

  test('in its start is restarted too, and resume means stop then', async () => {
    const world = new World();
    let starts = 0;
    const shy = (supervise: Supervision) =>
      actor(Unit, {
        supervise,
        state: () => {
          starts += 1;
          if (starts < 3) throw new Error('not yet');
          return { total: 7 };
        },
        on: { boom() {}, add() {}, grow() {}, total: (ctx) => ctx.state.total },
      });
    const ref = world.system.spawn(shy(restart({ backoffMinMs: 1 })));
    expect(await world.value(ref.ask.total())).toBe(7);
    starts = 0;
    const gone = world.system.spawn(shy(resume()));
    expect(await world.error(gone.ask.total())).toMatchObject({ code: 'ACTOR_TERMINATED' });
  });

  test('stopped during its backoff does not come back', async () => {
    const world = new World();
    const log: string[] = [];
    const ref = world.system.spawn(unit(restart({ backoffMinMs: 100 }), log), { name: 'u' });
    ref.tell.boom();
    await world.pass(10);
    await world.value(world.system.stopActor(ref));
    await world.pass(1_000);
    expect(log).toEqual(['start u', 'stop u restarting']);
  });

  test('takes the strategy that it was spawned with over its own', async () => {
    const world = new World();
    const ref = world.system.spawn(unit(stop()), { supervise: resume() });
    ref.tell.boom();
    expect(await world.value(ref.ask.total())).toBe(0);
  });
});
