import { describe, expect, test } from 'vitest';

import { Simulation } from '../../src/testkit/index.ts';

async function busyRun(seed: number): Promise<{ readonly log: string[]; readonly hash: string }> {
  const simulation = new Simulation({ seed });
  const log: string[] = [];
  for (const node of ['a', 'b', 'c']) {
    const runtime = simulation.runtime(node, { rate: 1 + simulation.random(node).between(-0.05, 0.05) });
    const tick = async (round: number): Promise<void> => {
      await Promise.resolve();
      log.push(`${node}${round}@${simulation.nowMs}`);
      if (round < 20) runtime.after(runtime.random() * 50, () => void tick(round + 1));
      runtime.macrotask(() => log.push(`${node}${round} macrotask`));
    };
    runtime.after(10, () => void tick(0));
  }
  await simulation.advance(2_000);
  return { log, hash: simulation.traceHash() };
}

describe('a simulation', () => {
  test('is a function of its seed', async () => {
    const first = await busyRun(7);
    const second = await busyRun(7);
    const other = await busyRun(8);
    expect(second).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
    expect(first.log.length).toBeGreaterThan(100);
  });

  test('moves virtual time only, and to the end of the run', async () => {
    const simulation = new Simulation();
    await simulation.advance(86_400_000);
    expect(simulation.nowMs).toBe(86_400_000);
    expect(simulation.events).toBe(0);
  });

  test('runs all pending promise reactions before the next event', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const log: string[] = [];
    const deep = async (): Promise<void> => {
      for (let i = 0; i < 100; i += 1) await Promise.resolve();
      log.push('first, to its end');
    };
    runtime.after(5, () => void deep());
    runtime.after(5, () => log.push('second'));
    await simulation.advance(5);
    expect(log).toEqual(['first, to its end', 'second']);
  });

  test('runs due timers, then input, then macrotasks of one process', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const log: string[] = [];
    runtime.input(0.001, () => log.push('input'));
    runtime.macrotask(() => log.push('macrotask'));
    runtime.microtask(() => log.push('microtask'));
    await simulation.advance(1);
    expect(log).toEqual(['microtask', 'input', 'macrotask']);
  });

  test('rejects the run with what an event throws', async () => {
    const simulation = new Simulation();
    simulation.after(1, () => {
      throw new RangeError('broken');
    });
    await expect(simulation.advance(2)).rejects.toThrow(RangeError);
    await simulation.advance(1);
  });

  test('fails a wait that does not come true, naming its seed', async () => {
    const simulation = new Simulation({ seed: 42 });
    await expect(simulation.runUntil(() => false, { withinMs: 10, what: 'the moon' })).rejects.toThrow(
      /the moon .* 10 .*seed 42/,
    );
    expect(simulation.nowMs).toBe(10);
  });

  test('settles a promise of simulated code', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const later = new Promise<string>((resolve) => runtime.after(30_000, () => resolve('done')));
    await expect(simulation.settle(later)).resolves.toBe('done');
    await expect(simulation.settle(Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
  });

  test('never happens twice at once', async () => {
    const simulation = new Simulation();
    const running = simulation.advance(1);
    await expect(simulation.advance(1)).rejects.toThrow(/one run/);
    await running;
  });

  test('forgets cancelled timers before they are due', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    for (let i = 0; i < 10_000; i += 1) runtime.after(1_000_000, () => {}).cancel();
    let fired = false;
    const timer = runtime.after(5, () => {
      fired = true;
    });
    timer.cancel();
    timer.cancel();
    await simulation.advance(10);
    expect(fired).toBe(false);
    expect(simulation.events).toBe(0);
  });
});

describe('a simulated process', () => {
  test('has clocks that drift, and timers that go by them', async () => {
    const simulation = new Simulation({ epochMs: 1_000 });
    const fast = simulation.runtime('fast', { rate: 1.05, offsetMs: 500 });
    let firedMs = 0;
    fast.after(105, () => {
      firedMs = simulation.nowMs;
    });
    await simulation.advance(1_000);
    expect(firedMs).toBeCloseTo(100, 2);
    expect(fast.monotonicMs()).toBeCloseTo(1_050, 6);
    expect(fast.wallMs()).toBe(2_550);
    fast.jump(-5_000);
    expect(fast.wallMs()).toBe(-2_450);
    expect(fast.monotonicMs()).toBeCloseTo(1_050, 6);
  });

  test('never fires a timer early by its own clock, also when that is slowed down meanwhile', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    let firedMs = 0;
    runtime.after(100, () => {
      firedMs = runtime.monotonicMs();
    });
    await simulation.advance(50);
    runtime.drift(0.5);
    await simulation.advance(99);
    expect(firedMs).toBe(0);
    await simulation.advance(2);
    expect(firedMs).toBeGreaterThanOrEqual(100);
  });

  test('never fires a timer late by its own clock, also when that is sped up meanwhile', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const firedMs: number[] = [];
    const fire = (): void => void firedMs.push(runtime.monotonicMs());
    runtime.after(100, fire);
    runtime.after(120, fire).cancel();
    await simulation.advance(50);
    runtime.drift(2);
    await simulation.advance(25);
    expect(firedMs).toEqual([expect.closeTo(100, 2)]);
    await simulation.advance(1_000);
    expect(firedMs).toHaveLength(1);
  });

  test('does nothing during a pause, then everything at once and in order, and knows how long it was', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const log: string[] = [];
    runtime.input(30, () => log.push(`input 2 @${simulation.nowMs}`));
    runtime.input(20, () => {
      log.push(`input 1 @${simulation.nowMs}`);
      runtime.macrotask(() => log.push('macrotask'));
    });
    runtime.input(100, () => log.push('input 3, on time'));
    runtime.after(40, () => log.push(`timer @${simulation.nowMs}`));
    await simulation.advance(10);
    simulation.pause('a', 90);
    await simulation.advance(89);
    expect(log).toEqual([]);
    await simulation.advance(2);
    expect(log).toEqual(['timer @100', 'input 1 @100', 'input 2 @100', 'input 3, on time', 'macrotask']);
    expect(runtime.loopDelay()).toBe(90);
    await simulation.advance(10_001);
    expect(runtime.loopDelay()).toBe(0);
  });

  test('keeps its monotonic clock still while it is suspended, not its wall clock', async () => {
    const simulation = new Simulation({ epochMs: 0 });
    const runtime = simulation.runtime('a');
    let firedMs = 0;
    runtime.after(100, () => {
      firedMs = simulation.nowMs;
    });
    await simulation.advance(10);
    simulation.pause('a', 1_000, { suspended: true });
    await simulation.advance(1_010);
    expect(runtime.monotonicMs()).toBe(20);
    expect(runtime.wallMs()).toBe(1_020);
    await simulation.advance(1_000);
    expect(firedMs).toBe(1_100);
  });

  test('is silent for ever once killed, and its node can start another', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const log: string[] = [];
    const first = runtime.random();
    runtime.after(5, () => log.push('timer'));
    runtime.macrotask(() => log.push('macrotask'));
    runtime.input(1, () => log.push('input'));
    expect(() => simulation.runtime('a')).toThrow(/kill it first/);
    simulation.kill('a');
    runtime.microtask(() => log.push('microtask'));
    const next = simulation.runtime('a');
    next.after(5, () => log.push('the next process'));
    expect(next.random()).not.toBe(first);
    await simulation.advance(100);
    expect(log).toEqual(['the next process']);
  });

  test('keeps contexts apart: nested ones, repeated ones, and those of other processes', async () => {
    const simulation = new Simulation();
    const [a, b] = [simulation.runtime('a'), simulation.runtime('b')];
    const [one, two, other] = [a.asyncContext<number>(), a.asyncContext<number>(), b.asyncContext<number>()];
    const seen: unknown[] = [];
    const look = (): void => void seen.push([one.get(), two.get(), other.get()]);
    one.run(1, () => two.run(2, () => one.run(3, () => other.run(4, look))));
    one.run(1, () =>
      other.run(4, () => {
        a.macrotask(look);
        b.after(1, look);
      }),
    );
    await simulation.advance(10);
    look();
    expect(seen).toEqual([
      [3, 2, 4],
      [1, undefined, undefined],
      [undefined, undefined, 4],
      [undefined, undefined, undefined],
    ]);
  });

  test('carries an asynchronous context across awaits, timers and macrotasks', async () => {
    const simulation = new Simulation();
    const runtime = simulation.runtime('a');
    const context = runtime.asyncContext<string>();
    const seen: (string | undefined)[] = [];
    expect(context.get()).toBeUndefined();
    context.run('mine', () => {
      runtime.after(2, () => seen.push(context.get()));
      runtime.macrotask(() => seen.push(context.get()));
      void Promise.resolve().then(() => seen.push(context.get()));
    });
    runtime.after(3, () => seen.push(context.get()));
    await simulation.advance(5);
    expect(seen).toEqual(['mine', 'mine', 'mine', undefined]);
  });

  test('is not disturbed in its chance by what another process draws', async () => {
    const draw = (extra: number): number => {
      const simulation = new Simulation({ seed: 3 });
      const a = simulation.runtime('a');
      const b = simulation.runtime('b');
      for (let i = 0; i < extra; i += 1) a.random();
      return b.random();
    };
    expect(draw(5)).toBe(draw(0));
    expect(new Simulation().runtime('x').randomBytes(16)).toHaveLength(16);
  });
});
