import { describe, expect, test } from 'vitest';
import { Progress } from '../src/core/progress.ts';

const window = { inflightMaxMessages: 2, inflightMaxBytes: 100 };
const probing = (): Progress => {
  const progress = new Progress(1, 10, 0, window);
  progress.sent(12, 3);
  return progress;
};

describe('R7: what a leader makes of answers', () => {
  test('while it probes, one append is under way at a time', () => {
    const progress = probing();
    expect(progress).toMatchObject({ state: 'probe', next: 10, isPaused: true });
    progress.resume();
    expect(progress.isPaused).toBe(false);
  });

  test('a rejection of anything but the probe under way is old, and releases no other', () => {
    const progress = probing();
    expect(progress.rejected(7, 3)).toBe(false);
    expect(progress).toMatchObject({ next: 10, isPaused: true });
    expect(progress.rejected(9, 3)).toBe(true);
    expect(progress).toMatchObject({ next: 4, isPaused: false });
  });

  test('a probe never goes back behind what matches', () => {
    const progress = probing();
    progress.accepted(12, 0);
    expect(progress.rejected(20, 2)).toBe(true);
    expect(progress).toMatchObject({ state: 'probe', match: 12, next: 13 });
  });

  test('once it knows where the logs agree, it sends on without waiting, as far as the window goes', () => {
    const progress = probing();
    progress.accepted(12, 0);
    progress.sent(13, 1);
    progress.sent(14, 1);
    expect(progress).toMatchObject({ state: 'replicate', next: 15, inflights: 2, isPaused: true });
    progress.accepted(13, 0);
    expect(progress).toMatchObject({ inflights: 1, isPaused: false });
  });

  test('R28: while a snapshot is under way nothing is sent, and rejections are old', () => {
    const progress = probing();
    progress.snapshotSent(20);
    expect(progress.rejected(9, 3)).toBe(false);
    expect(progress).toMatchObject({ state: 'snapshot', isPaused: true });
    progress.accepted(15, 16);
    expect(progress.state).toBe('snapshot');
    progress.accepted(16, 16);
    expect(progress).toMatchObject({ state: 'replicate', next: 17 });
  });

  test('R28: after a report it probes behind the snapshot, or from before it, when an answer shows that it is heard', () => {
    for (const [isInstalled, next] of [
      [true, 21],
      [false, 1],
    ] as const) {
      const progress = probing();
      progress.snapshotSent(20);
      progress.snapshotReported(isInstalled);
      expect(progress).toMatchObject({ state: 'probe', next, isPaused: true });
    }
  });
});
