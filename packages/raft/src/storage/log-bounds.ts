// Where a group's log begins and ends, and whether a write fits it. Both storages check with this before they take
// anything, so that a write is taken as a whole or not at all.

import { ActorError, type LogEntry, type LogPosition, type LogWrite } from '@actor/core';

export interface LogBounds {
  /** The index of the last entry that was dropped. */
  readonly base: number;
  readonly last: number;
}

export const emptyBounds: LogBounds = { base: 0, last: 0 };

/** @throws {@link ActorError} ACTOR_ASSERTION when the write does not fit. */
export function advance(bounds: LogBounds, write: LogWrite): LogBounds {
  const { group, snapshot, resetTo, dropThrough, truncateAfter, entries, hardState } = write;
  let { base, last } = bounds;
  if (!isWhole(group, 2 ** 32)) throw misfit(write, 'no group');
  if (snapshot !== undefined) demandPosition(write, snapshot);
  if (resetTo !== undefined) {
    demandPosition(write, resetTo);
    base = resetTo.index;
    last = base;
  }
  if (dropThrough !== undefined) {
    demandPosition(write, dropThrough);
    demandInside(write, dropThrough.index, { base, last });
    base = dropThrough.index;
  }
  if (truncateAfter !== undefined) {
    demandInside(write, truncateAfter, { base, last });
    last = truncateAfter;
  }
  if (entries !== undefined) last = demandEntries(write, entries, last);
  if (hardState !== undefined) demandPosition(write, { index: hardState.commit, term: hardState.term });
  return { base, last };
}

const isWhole = (value: number, limit: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value < limit;

/** Returns the index of the last one. */
function demandEntries(write: LogWrite, entries: readonly LogEntry[], last: number): number {
  let index = last;
  for (const entry of entries) {
    index += 1;
    demandPosition(write, entry);
    if (entry.index !== index) throw misfit(write, `entry ${entry.index} where ${index} belongs`);
    if (!isWhole(entry.kind, 256)) throw misfit(write, `${entry.kind} is no kind of entry`);
  }
  return index;
}

function demandInside(write: LogWrite, index: number, { base, last }: LogBounds): void {
  if (Number.isSafeInteger(index) && index >= base && index <= last) return;
  throw misfit(write, `${index} is outside of ${base} to ${last}`);
}

function demandPosition(write: LogWrite, { index, term }: LogPosition): void {
  if (isWhole(index, Infinity) && isWhole(term, Infinity)) return;
  throw misfit(write, `index ${index} and term ${term} are no place in a log`);
}

function misfit(write: LogWrite, why: string): ActorError {
  return new ActorError('ACTOR_ASSERTION', `A write does not fit the log of group ${write.group}: ${why}.`, {
    details: { group: write.group },
    outcome: 'none',
  });
}
