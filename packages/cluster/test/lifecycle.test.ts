import { describe, expect, test } from 'vitest';
import { Simulation } from '@actor/core/testkit';
import { shutDown, within } from '../src/lifecycle.ts';
import { LogBook } from './world.ts';

const simulation = new Simulation();
const runtime = simulation.runtime('a');
const never = (): Promise<void> => new Promise(() => {});

describe('a shutdown', () => {
  test('takes its steps in order, and goes on when one fails or hangs', async () => {
    const book = new LogBook();
    const taken: string[] = [];
    const step = (name: string, share: number, run: () => Promise<void>) => ({
      name,
      share,
      run: (deadlineMs: number) => {
        taken.push(`${name} ${deadlineMs}`);
        return run();
      },
    });
    const startMs = simulation.nowMs;
    const steps = [
      step('hangs', 0.5, never),
      step('fails', 0.5, () => Promise.reject(new Error('broken'))),
      step('throws', 0.5, () => {
        throw new Error('broken at once');
      }),
      step('works', 1, () => Promise.resolve()),
    ];
    await simulation.settle(shutDown(steps, { deadlineMs: 1_000, runtime, logger: book.logger }));
    expect(taken).toEqual(['hangs 500', 'fails 250', 'throws 250', 'works 500']);
    expect(simulation.nowMs - startMs).toBe(500);
    expect(book.at('warn')).toHaveLength(3);
  });
});

describe('within', () => {
  test('is true when the body is done in time', async () => {
    expect(await simulation.settle(within(runtime, 100, () => Promise.resolve('done')))).toBe(true);
  });

  test('is false when it is not, and then its signal aborts', async () => {
    let seen: AbortSignal | undefined;
    const isDone = within(runtime, 100, (signal) => {
      seen = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('late'))));
    });
    expect(await simulation.settle(isDone)).toBe(false);
    expect(seen?.aborted).toBe(true);
  });

  test('rejects with what the body rejects with', async () => {
    const failing = within(runtime, 100, () => Promise.reject(new Error('broken')));
    await expect(simulation.settle(failing)).rejects.toThrow('broken');
  });
});
