// The real clock can only be tested in real time; each wait here is on an event.
import { describe, expect, test } from 'vitest';

import { systemRuntime } from '../src/index.ts';

describe("Node's runtime", () => {
  test('never fires a timer early', async () => {
    const runtime = systemRuntime();
    const started = runtime.monotonicMs();
    const early: number[] = [];
    await new Promise<void>((resolve) => {
      for (let i = 40; i > 0; i -= 1) {
        const ms = i + 0.7;
        runtime.after(ms, () => {
          if (runtime.monotonicMs() - started < ms) early.push(ms);
          if (i === 40) resolve();
        });
      }
    });
    expect(early).toEqual([]);
  });

  test('does not fire a cancelled timer, nor a very long one at once', async () => {
    const runtime = systemRuntime();
    const fired: string[] = [];
    runtime.after(2, () => fired.push('cancelled')).cancel();
    const long = runtime.after(2 ** 33, () => fired.push('long'));
    await new Promise<void>((resolve) => runtime.after(10, resolve));
    long.cancel();
    expect(fired).toEqual([]);
  });

  test('runs microtasks before macrotasks', async () => {
    const runtime = systemRuntime();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      runtime.macrotask(() => {
        order.push('macrotask');
        resolve();
      });
      runtime.microtask(() => order.push('microtask'));
      order.push('now');
    });
    expect(order).toEqual(['now', 'microtask', 'macrotask']);
  });

  test('reports how long the event loop was blocked', async () => {
    const runtime = systemRuntime();
    expect(runtime.loopDelay()).toBe(0);
    await new Promise<void>((resolve) => runtime.after(50, resolve));
    const until = runtime.monotonicMs() + 120;
    while (runtime.monotonicMs() < until) runtime.random();
    await new Promise<void>((resolve) => runtime.after(50, resolve));
    expect(runtime.loopDelay()).toBeGreaterThan(90);
    expect(runtime.loopDelay()).toBeLessThan(2_000);
  });

  test('carries a context across an await', async () => {
    const context = systemRuntime().asyncContext<number>();
    expect(context.get()).toBeUndefined();
    const seen = await context.run(5, async () => {
      await Promise.resolve();
      return context.get();
    });
    expect(seen).toBe(5);
    expect(context.get()).toBeUndefined();
  });

  test('gives clocks and chance', () => {
    const runtime = systemRuntime();
    expect(runtime.wallMs()).toBeGreaterThan(1_600_000_000_000);
    expect(runtime.randomBytes(32)).not.toEqual(runtime.randomBytes(32));
    expect(runtime.random()).toBeLessThan(1);
  });
});
