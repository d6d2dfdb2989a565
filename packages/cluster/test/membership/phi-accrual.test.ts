import { describe, expect, test } from 'vitest';
import { PhiAccrual } from '../../src/membership/phi-accrual.ts';

function steady(beats: number, everyMs = 500, windowMax = 100) {
  const detector = new PhiAccrual({ expectedMs: 500, windowMax }, 0);
  let nowMs = 0;
  for (let beat = 0; beat < beats; beat += 1) detector.arrived((nowMs += everyMs));
  return { detector, lastMs: nowMs };
}

/** The silence, to 10 ms, from which φ is 8. */
function suspiciousAfterMs({ detector, lastMs }: ReturnType<typeof steady>): number {
  let silenceMs = 0;
  while (detector.phi(lastMs + silenceMs) < 8) silenceMs += 10;
  return silenceMs;
}

describe('φ', () => {
  test('is near nothing when a heartbeat is not even due, and grows with the silence', () => {
    const { detector, lastMs } = steady(20);
    expect(detector.phi(lastMs)).toBeLessThan(0.01);
    const values = [400, 700, 1_000, 1_300, 5_000].map((ms) => detector.phi(lastMs + ms));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(detector.phi(lastMs + 60_000)).toBe(Infinity);
  });

  test('is −log10 of the normal tail: 0.3 at the mean, 2.87 three deviations later', () => {
    const { detector, lastMs } = steady(20);
    expect(detector.phi(lastMs + 500)).toBeCloseTo(-Math.log10(0.5), 3);
    expect(detector.phi(lastMs + 500 + 3 * 125)).toBeCloseTo(2.87, 1);
  });

  test('reaches 8 after a silence of about two and a half intervals of a steady peer', () => {
    expect(suspiciousAfterMs(steady(200))).toBeGreaterThan(1_100);
    expect(suspiciousAfterMs(steady(200))).toBeLessThan(1_300);
  });

  test('is patient with a peer that is irregular', () => {
    const irregular = steady(0);
    for (let beat = 1; beat <= 50; beat += 1) {
      irregular.lastMs += beat % 2 === 0 ? 300 : 1_500;
      irregular.detector.arrived(irregular.lastMs);
    }
    expect(suspiciousAfterMs(irregular)).toBeGreaterThan(3_000);
  });

  test('is not blinded by one outage', () => {
    const peer = steady(20);
    peer.lastMs += 600_000;
    peer.detector.arrived(peer.lastMs);
    expect(suspiciousAfterMs(peer)).toBeLessThan(1_300);
  });

  test('gets used to a peer that has become slow', () => {
    const peer = steady(5);
    for (let beat = 0; beat < 20; beat += 1) peer.detector.arrived((peer.lastMs += 2_500));
    expect(suspiciousAfterMs(peer)).toBeGreaterThan(3_000);
  });

  test('is not sharpened by messages between two beats', () => {
    const peer = steady(20);
    for (let index = 0; index < 100; index += 1) peer.detector.arrived((peer.lastMs += 10));
    expect(suspiciousAfterMs(peer)).toBeGreaterThan(1_100);
  });

  test('forgets what lies before its window', () => {
    const peer = steady(10, 1_500, 10);
    expect(suspiciousAfterMs(peer)).toBeGreaterThan(2_000);
    for (let beat = 0; beat < 10; beat += 1) peer.detector.arrived((peer.lastMs += 500));
    expect(suspiciousAfterMs(peer)).toBeLessThan(1_300);
  });

  test('excuses a silence that was the listener’s own', () => {
    const { detector, lastMs } = steady(20);
    detector.excuse(60_000);
    expect(detector.phi(lastMs + 60_000)).toBeLessThan(0.01);
    detector.arrived(lastMs + 60_500);
    expect(detector.phi(lastMs + 61_000)).toBeLessThan(1);
  });
});
