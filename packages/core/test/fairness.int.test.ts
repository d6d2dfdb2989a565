// Real timers and a real event loop: a flood must not keep either waiting.
import { ActorSystem, actor, ask, protocol, tell } from '@actor/core';
import { expect, test } from 'vitest';

const Flood = protocol('flood', { again: tell<number>(), get: ask<void, number>() });
const flood = actor(Flood, {
  state: () => ({ seen: 0 }),
  on: {
    again(ctx, until) {
      ctx.state.seen += 1;
      if (performance.now() < until) ctx.self.tell.again(until);
    },
    get: (ctx) => ctx.state.seen,
  },
});

/** The median lateness of a timer of 1 ms while something else goes on. */
async function lateness(forMs: number): Promise<number> {
  const late: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    late.push(performance.now() - startMs - 1);
  }
  return late.sort((a, b) => a - b)[late.length >> 1] ?? Infinity;
}

test('a timer is a few milliseconds late at most while an actor floods itself', async () => {
  await using system = new ActorSystem();
  const ref = system.spawn(flood);
  ref.tell.again(performance.now() + 500);
  // Twenty times the turn: a loaded machine is slow, a starved timer would wait for the whole half second.
  expect(await lateness(400)).toBeLessThan(40);
  expect(await ref.ask.get()).toBeGreaterThan(1_000);
});

test('a timer is a few milliseconds late at most while asks follow each other without a pause', async () => {
  await using system = new ActorSystem();
  const ref = system.spawn(flood);
  let asked = 0;
  const endMs = performance.now() + 500;
  const asking = (async () => {
    while (performance.now() < endMs) {
      await ref.ask.get();
      asked += 1;
    }
  })();
  expect(await lateness(400)).toBeLessThan(40);
  await asking;
  expect(asked).toBeGreaterThan(1_000);
});

test('a process ends by itself when nothing is pending', async () => {
  const system = new ActorSystem();
  const ref = system.spawn(flood);
  await ref.ask.get();
  await new Promise<void>((resolve) => setImmediate(resolve));
  const timers = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout');
  // Whatever the test runner has, the ask's deadline is not among them.
  await ref.ask.get();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length,
  ).toBeLessThanOrEqual(timers.length);
  await system.stop();
});
