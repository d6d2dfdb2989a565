// What a failed run leaves behind: an error that a person can read, and the command that runs it again.

import { ActorError } from '@actor/core';
import { promiseNames, type Violation } from './promises/violation.ts';
import type { SimulationResult } from './simulate.ts';

const shownMax = 8;

/** A line per violation, the first ones of many. */
export function describeViolations(violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, shownMax)
    .map(
      ({ promise, text }) => `  ${promise === 'check' ? '' : `${promise} `}${promiseNames[promise]}: ${text}`,
    );
  if (violations.length > shownMax) lines.push(`  … and ${violations.length - shownMax} more.`);
  return lines.join('\n');
}

/** The error of a run that broke promises. */
export function brokenPromises(result: SimulationResult, command: string): ActorError {
  const { seed, violations, traceHash, stats, schedule } = result;
  const names = [...new Set(violations.map(({ promise }) => promise))].join(', ');
  const text = [
    `Seed ${seed} breaks ${names}:`,
    describeViolations(violations),
    `  ${stats.faults} faults in ${stats.virtualMs} virtual ms, trace ${traceHash}. To run it again: ${command}`,
  ].join('\n');
  return new ActorError('ACTOR_ASSERTION', text, {
    details: { seed, violations, traceHash, schedule, command },
  });
}
