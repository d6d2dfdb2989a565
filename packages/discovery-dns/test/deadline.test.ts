import { Simulation } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { bounded } from '../src/deadline.ts';

const reason = new RangeError('enough');

describe('a bounded wait', () => {
  test('ends at once under a signal that has aborted before, and its body knows', async () => {
    const simulation = new Simulation();
    const signals = [new AbortController().signal, AbortSignal.abort(reason)];
    const limits = { ms: 1_000, runtime: simulation.runtime('a'), signals };
    const seen: AbortSignal[] = [];
    const waiting = bounded(limits, (signal) => {
      seen.push(signal);
      return new Promise(() => {});
    });
    await expect(waiting).rejects.toBe(reason);
    expect(seen).toMatchObject([{ aborted: true, reason }]);
    expect(simulation.nowMs).toBe(0);
  });

  test('outlives neither its body nor that one its time', async () => {
    const simulation = new Simulation();
    const limits = { ms: 1_000, runtime: simulation.runtime('a'), signals: [] };
    expect(await bounded(limits, () => Promise.resolve(7))).toBe(7);
    await expect(bounded(limits, () => Promise.reject(reason))).rejects.toBe(reason);
    const late = Promise.allSettled([bounded(limits, () => new Promise(() => {}))]);
    await simulation.advance(1_000);
    expect(await late).toMatchObject([{ reason: { message: 'There was no answer within 1000 ms.' } }]);
  });
});
