// A busy node is not a dead node: where nothing was cut off, lost or killed, nobody is counted as dead, however late
// frames are, however clocks jump, and however often event loops are blocked for a while. Only who sleeps for longer than
// a suspect may is, and never by one who has just slept himself.

import type { Fault, FaultSchedule } from '../faults.ts';
import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

/** Shorter than any suspect waits before it counts as dead. */
const pauseMaxMs = 900;

export function checkSuspicion(history: History, { faults }: FaultSchedule): readonly Violation[] {
  if (!faults.every(isHarmless)) return [];
  const sleepers = new Set(
    faults.flatMap((fault) => (fault.kind === 'pause' && fault.forMs > pauseMaxMs ? [fault.node] : [])),
  );
  return history.flatMap((seen) => {
    // One that left or was started anew has not been taken for dead.
    if (seen.kind !== 'node-lost' || seen.why === 'left' || seen.why === 'replaced') return [];
    if (sleepers.has(seen.nodeId)) return [];
    const text = `${seen.process} lost ${seen.nodeId} at ${seen.atMs} ms (${seen.why}), and nothing had cut it off.`;
    return [{ promise: 'busy' as const, text }];
  });
}

function isHarmless(fault: Fault): boolean {
  switch (fault.kind) {
    case 'delay':
    case 'duplication':
    case 'replay':
    case 'reordering':
    case 'clock-jump':
    case 'clock-drift':
    case 'leave':
    case 'pause':
      return true;
    case 'clog':
      return fault.forMs <= pauseMaxMs;
    case 'loss':
    case 'resets':
    case 'partition':
    case 'one-way':
    case 'flapping':
    case 'crash':
      return false;
  }
}
