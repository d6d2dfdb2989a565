import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pieceOf } from '../src/frame.ts';
import { headerBytes } from '../src/framing.ts';
import { LaneQueue, overheadBytes } from '../src/lane-queue.ts';
import { backoffMs } from '../src/reconnect.ts';

test('a queue of empty frames has a bound too', () => {
  const queue = new LaneQueue(10_000);
  let taken = 0;
  while (taken < 10_000 && queue.push(new Uint8Array(0))) taken += 1;
  expect(taken).toBeLessThan(1_000);
});

test('frames that are taken back come before those that wait, up to the bound', () => {
  const queue = new LaneQueue(10 * (overheadBytes + 1));
  const numbers = (): unknown[] => queue.drain().map((frame) => pieceOf(frame, headerBytes, 1)[0]);
  for (const number of [8, 9]) queue.push(Uint8Array.of(number));
  queue.restore([1, 2].map((number) => Uint8Array.of(number)));
  expect(numbers()).toEqual([1, 2, 8, 9]);
  queue.push(Uint8Array.of(99));
  queue.restore(Array.from({ length: 50 }, (_, number) => Uint8Array.of(number)));
  expect(numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
});

test('a queue is first in first out and within its bound, or one frame, for any pushes and shifts', () => {
  const steps = fc.array(fc.oneof(fc.nat(20), fc.constant('shift' as const)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const maxBytes = 3 * (overheadBytes + 10);
      const queue = new LaneQueue(maxBytes);
      const model: number[] = [];
      const bytesOf = (sizes: readonly number[]): number =>
        sizes.reduce((sum, size) => sum + size + overheadBytes, 0);
      for (const step of all) {
        if (step === 'shift') expect(queue.shift()?.byteLength).toBe(model.shift());
        else {
          const fits = model.length === 0 || bytesOf([...model, step]) <= maxBytes;
          expect(queue.push(new Uint8Array(step))).toBe(fits);
          if (fits) model.push(step);
        }
        expect([queue.bytes, queue.isEmpty]).toEqual([bytesOf(model), model.length === 0]);
        expect(queue.peek()?.byteLength).toBe(model[0]);
      }
      expect(queue.drain().map((frame) => frame.byteLength)).toEqual(model);
      expect([queue.bytes, queue.isEmpty]).toEqual([0, true]);
    }),
  );
});

test('a long queue keeps its order while its front is cut off', () => {
  const queue = new LaneQueue(100_000_000);
  for (let number = 0; number < 5_000; number += 1) queue.push(new Uint8Array(number));
  for (let number = 0; number < 5_000; number += 1) expect(queue.shift()?.byteLength).toBe(number);
});

test('the wait doubles from its minimum to its maximum and varies by half', () => {
  const backoff = { minMs: 100, maxMs: 1_000 };
  const waits = (random: number): number[] =>
    [1, 2, 3, 4, 5, 1_000].map((failures) => backoffMs(backoff, failures, random));
  expect(waits(0)).toEqual([50, 100, 200, 400, 500, 500]);
  expect(waits(1)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});
