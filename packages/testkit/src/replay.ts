// What a failed run leaves behind: an error that a person can read, and the command that runs it again.

import { ActorError } from '@actor/core';
import { promiseNames, type Violation } from './promises/violation.ts';
import type { SimulationResult } from './simulate.ts';

const shownMax = 8;

/** Names the broken promises, what was seen, and the command. */
export function describeFailure(result: SimulationResult, command: string): string {
  const { seed, violations, traceHash, stats } = result;
  const names = [...new Set(violations.map(({ promise }) => nameOf(promise)))].join(', ');
  const lines = violations.slice(0, shownMax).map(({ promise, text }) => `  ${nameOf(promise)}: ${text}`);
  if (violations.length > shownMax) lines.push(`  … and ${violations.length - shownMax} more.`);
  return [
    `Seed ${seed} breaks ${names}:`,
    ...lines,
    `  ${stats.faults} faults in ${stats.virtualMs} virtual ms, trace ${traceHash}.`,
    `  To run it again: ${command}`,
  ].join('\n');
}

/** The error of a run that broke promises. */
export function brokenPromises(result: SimulationResult, command: string): ActorError {
  const { seed, violations, traceHash, schedule } = result;
  return new ActorError('ACTOR_ASSERTION', describeFailure(result, command), {
    details: { seed, violations, traceHash, schedule, command },
  });
}

function nameOf(promise: Violation['promise']): string {
  return /^G\d/.test(promise) ? `${promise} ${promiseNames[promise]}` : promiseNames[promise];
}
