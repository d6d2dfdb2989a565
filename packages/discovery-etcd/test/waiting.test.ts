import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Simulation } from '@actor/core/testkit';
import { backoffMs, within } from '../src/waiting.ts';

const never = new Promise<never>(() => {});

test('a backoff doubles from its minimum to its maximum, and is jittered downwards by up to a half', () => {
  const bounds = { backoffMinMs: 100, backoffMaxMs: 1_000 };
  const at = (failures: number, random: number) => backoffMs(bounds, failures, random);
  expect([1, 2, 3, 4, 5, 1_000].map((failures) => at(failures, 1))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(at(3, 0)).toBe(200);
});

test('what never settles is given up in time, or with its signal, and leaves no listener behind', async () => {
  const simulation = new Simulation();
  const runtime = simulation.runtime('a');
  const controller = new AbortController();
  const { signal } = controller;
  const late = within(never, { runtime, ms: 100, signal }).catch((error: unknown) => error);
  expect(await simulation.settle(late)).toMatchObject({ code: 'ACTOR_DISCOVERY_UNAVAILABLE' });
  expect(await simulation.settle(within(Promise.resolve(7), { runtime, ms: 100, signal }))).toBe(7);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const aborted = within(never, { runtime, ms: 100, signal }).catch((error: unknown) => error);
  controller.abort('enough');
  expect(await simulation.settle(aborted)).toBe('enough');
});
