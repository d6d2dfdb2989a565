import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from './world.ts';

// Node says on the process that more than ten listen to one signal, as if they had been forgotten there.
const warnings: string[] = [];
const note = (warning: Error): void => void warnings.push(warning.name);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', note);
});
afterEach(() => {
  process.off('warning', note);
});

test('a node that looks for two dozen others that are not there leaves no listeners behind', async () => {
  const world = new World();
  const joinAddresses = Array.from({ length: 24 }, (_, index) => `nobody-${index}.test:1`);
  await world.start('a', { joinAddresses, discoveryIntervalMs: 500 });
  await world.simulation.advance(10_000);
  expect(world.view('a')).toBe('a');
  expect(warnings).toEqual([]);
  await world.stop();
});

test('nor does one that looks for a dozen that it has lost, more often than an attempt takes', async () => {
  const names = 'abcdefghijklm';
  const world = new World();
  await world.of(names, { discoveryIntervalMs: 100, maxRetries: 20, retryDelayMs: 500 });
  const mend = world.network.isolate('a');
  await world.sees('a', 'dead m');
  await world.simulation.advance(3_000);
  mend();
  await world.agree(names);
  expect(warnings).toEqual([]);
  await world.stop();
});
