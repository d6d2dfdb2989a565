// G5: every ask settles by its deadline, once, and an answer belongs to a question that was received. A stream has no
// deadline, but it must not hang either.

import type { History, ProcessId } from '../history.ts';
import type { Violation } from './violation.ts';

/** What a timer of the runtime may add, and the turn in which a promise settles. */
const slackMs = 5;

interface Waiting {
  readonly process: ProcessId;
  readonly deadlineMs: number;
  readonly what: 'Ask' | 'Stream';
  isSettled: boolean;
}

export function checkSettles(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  const broken = (text: string): void => void violations.push({ promise: 'G5', text });
  const waiting = new Map<number, Waiting>();
  const received = new Set<number>();
  const gone = new Set<ProcessId>();
  for (const seen of history) {
    if (seen.kind === 'process-crashed') gone.add(seen.process);
    if (seen.kind === 'received') received.add(seen.id);
    if (seen.kind === 'asked') {
      waiting.set(seen.id, {
        process: seen.process,
        deadlineMs: seen.deadlineMs,
        what: 'Ask',
        isSettled: false,
      });
    }
    if (seen.kind === 'opened') {
      waiting.set(seen.id, { process: seen.process, deadlineMs: Infinity, what: 'Stream', isSettled: false });
    }
    if (seen.kind !== 'settled') continue;
    const ask = waiting.get(seen.id);
    if (ask === undefined) continue;
    const lateMs = seen.clockMs - ask.deadlineMs - seen.heldMs;
    if (ask.isSettled) broken(`${ask.what} ${seen.id} settled twice.`);
    if (lateMs > slackMs)
      broken(`Ask ${seen.id} of ${ask.process} settled ${lateMs.toFixed(1)} ms after its deadline.`);
    if (seen.how === 'value' && !received.has(seen.id)) {
      broken(`${ask.what} ${seen.id} has an answer, but nobody has received it.`);
    }
    ask.isSettled = true;
  }
  for (const [id, { process, what, isSettled }] of waiting) {
    if (!isSettled && !gone.has(process)) broken(`${what} ${id} of ${process} has never settled.`);
  }
  return violations;
}
