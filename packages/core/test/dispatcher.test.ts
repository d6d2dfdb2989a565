import type { Runtime } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { Dispatcher, type Runnable } from '../src/dispatcher.ts';

/** A clock that each piece of work moves, and an event loop that turns by hand. */
class Loop {
  nowMs = 0;
  readonly microtasks: (() => void)[] = [];
  readonly macrotasks: (() => void)[] = [];
  readonly runtime = {
    monotonicMs: () => this.nowMs,
    microtask: (body: () => void) => void this.microtasks.push(body),
    macrotask: (body: () => void) => void this.macrotasks.push(body),
  } as unknown as Runtime;

  runMicrotasks(): void {
    for (let body = this.microtasks.shift(); body !== undefined; body = this.microtasks.shift()) body();
  }

  turn(): void {
    for (const body of this.macrotasks.splice(0)) body();
    this.runMicrotasks();
  }
}

class Endless implements Runnable {
  done = 0;
  readonly #dispatcher: Dispatcher;
  readonly #work: () => void;
  constructor(dispatcher: Dispatcher, work: () => void) {
    this.#dispatcher = dispatcher;
    this.#work = work;
  }
  run(limit: number): number {
    for (let n = 0; n < limit; n += 1) this.#work();
    this.done += limit;
    this.#dispatcher.schedule(this);
    return limit;
  }
}

describe('the dispatcher', () => {
  test.each([0.001, 0.05, 1])('gives I/O its turn under an endless flood of messages of %d ms', (costMs) => {
    const loop = new Loop();
    const dispatcher = new Dispatcher(loop.runtime, 2);
    const flood = new Endless(dispatcher, () => (loop.nowMs += costMs));
    dispatcher.schedule(flood);
    loop.runMicrotasks();
    const longest: number[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      const before = loop.nowMs;
      loop.turn();
      longest.push(loop.nowMs - before);
    }
    // The first turn learns what a message costs.
    expect(Math.max(...longest)).toBeLessThanOrEqual(2 + Math.max(costMs, 0.25) * 2);
    expect(flood.done).toBeGreaterThan(50);
  });

  test('ends a turn even where the clock stands still', () => {
    const loop = new Loop();
    const dispatcher = new Dispatcher(loop.runtime, 2);
    dispatcher.schedule(new Endless(dispatcher, () => {}));
    loop.runMicrotasks();
    expect(loop.macrotasks).toHaveLength(1);
  });

  test('lets everybody who is ready have a share', () => {
    const loop = new Loop();
    const dispatcher = new Dispatcher(loop.runtime, 2);
    const crowd = Array.from({ length: 10 }, () => new Endless(dispatcher, () => (loop.nowMs += 0.001)));
    for (const one of crowd) dispatcher.schedule(one);
    loop.runMicrotasks();
    for (const one of crowd) expect(one.done).toBeGreaterThan(50);
  });

  test('goes on with the others when one of them throws', () => {
    const loop = new Loop();
    const dispatcher = new Dispatcher(loop.runtime, 2);
    let ran = 0;
    dispatcher.schedule({
      run() {
        throw new Error('as told');
      },
    });
    dispatcher.schedule({ run: () => (ran += 1) });
    expect(() => loop.runMicrotasks()).toThrow('as told');
    loop.runMicrotasks();
    expect(ran).toBe(1);
  });

  test('needs no macrotask to answer at once, and leaves nothing behind when idle', () => {
    const loop = new Loop();
    const dispatcher = new Dispatcher(loop.runtime, 2);
    let ran = 0;
    dispatcher.schedule({ run: () => (ran += 1) });
    loop.runMicrotasks();
    expect(ran).toBe(1);
    loop.turn();
    expect([loop.microtasks.length, loop.macrotasks.length]).toEqual([0, 0]);
  });
});
