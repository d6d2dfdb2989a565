import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LaneQueue } from '../src/lane-queue.ts';
import { backoffMs } from '../src/reconnect.ts';

test('a queue is first in first out and within its bound, or one frame, for any pushes and shifts', () => {
  const steps = fc.array(fc.oneof(fc.nat(20), fc.constant('shift' as const)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new LaneQueue(30);
      const model: number[] = [];
      for (const step of all) {
        if (step === 'shift') expect(queue.shift()?.byteLength).toBe(model.shift());
        else {
          const fits = model.length === 0 || model.reduce((sum, size) => sum + size, step) <= 30;
          expect(queue.push(new Uint8Array(step))).toBe(fits);
          if (fits) model.push(step);
        }
        expect([queue.bytes, queue.isEmpty]).toEqual([
          model.reduce((sum, size) => sum + size, 0),
          model.length === 0,
        ]);
        expect(queue.peek()?.byteLength).toBe(model[0]);
      }
      expect(queue.drain().map((frame) => frame.byteLength)).toEqual(model);
      expect([queue.bytes, queue.isEmpty]).toEqual([0, true]);
    }),
  );
});

test('a long queue keeps its order while its front is cut off', () => {
  const queue = new LaneQueue(1_000_000);
  for (let number = 0; number < 5_000; number += 1) queue.push(Buffer.from(String(number)));
  for (let number = 0; number < 5_000; number += 1) expect(queue.shift()?.toString()).toBe(String(number));
});

test('the wait doubles from its minimum to its maximum and varies by half', () => {
  const backoff = { minMs: 100, maxMs: 1_000 };
  const waits = (random: number): number[] =>
    [1, 2, 3, 4, 5, 1_000].map((failures) => backoffMs(backoff, failures, random));
  expect(waits(0)).toEqual([50, 100, 200, 400, 500, 500]);
  expect(waits(1)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});
