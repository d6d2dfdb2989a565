import { getEventListeners } from 'node:events';
import { pause } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { expect, test } from 'vitest';

test('a pause ends after its time, or as soon as a signal aborts', async () => {
  const simulation = new Simulation();
  const runtime = simulation.runtime('a');
  await simulation.settle(pause(runtime, 100, undefined));
  expect(simulation.nowMs).toBe(100);
  const controller = new AbortController();
  const pausing = pause(runtime, 1_000, controller.signal);
  controller.abort();
  await simulation.settle(pausing);
  await simulation.settle(pause(runtime, 1_000, controller.signal));
  expect(simulation.nowMs).toBe(100);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test('a pause under a signal that has aborted before is none', async () => {
  const simulation = new Simulation();
  await pause(simulation.runtime('a'), 1_000, AbortSignal.abort());
  expect(simulation.nowMs).toBe(0);
});
