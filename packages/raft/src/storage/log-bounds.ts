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
  let { base, last } = bounds;
  demand(Number.isInteger(write.group) && write.group >= 0 && write.group < 2 ** 32, write, 'no group');
  if (write.snapshot !== undefined) demandPosition(write, write.snapshot);
  if (write.resetTo !== undefined) {
    demandPosition(write, write.resetTo);
    base = write.resetTo.index;
    last = base;
  }
  if (write.dropThrough !== undefined) {
    demandPosition(write, write.dropThrough);
    const { index } = write.dropThrough;
    demand(index >= base && index <= last, write, `${index} to drop is outside of ${base} to ${last}`);
    base = index;
  }
  if (write.truncateAfter !== undefined) {
    const after = write.truncateAfter;
    demand(Number.isSafeInteger(after), write, 'no index to truncate after');
    demand(
      after >= base && after <= last,
      write,
      `${after} to truncate after is outside of ${base} to ${last}`,
    );
    last = after;
  }
  for (const entry of write.entries ?? []) {
    demandEntry(write, entry, last + 1);
    last = entry.index;
  }
  if (write.hardState !== undefined) {
    demandPosition(write, { index: write.hardState.commit, term: write.hardState.term });
  }
  return { base, last };
}

function demandEntry(write: LogWrite, entry: LogEntry, index: number): void {
  demandPosition(write, entry);
  demand(entry.index === index, write, `entry ${entry.index} where ${index} belongs`);
  demand(Number.isInteger(entry.kind) && entry.kind >= 0 && entry.kind < 256, write, 'no kind of entry');
}

function demandPosition(write: LogWrite, { index, term }: LogPosition): void {
  demand(Number.isSafeInteger(index) && index >= 0, write, `${index} is no index`);
  demand(Number.isSafeInteger(term) && term >= 0, write, `${term} is no term`);
}

function demand(condition: boolean, write: LogWrite, why: string): void {
  if (condition) return;
  throw new ActorError('ACTOR_ASSERTION', `A write does not fit the log of group ${write.group}: ${why}.`, {
    details: { group: write.group },
    outcome: 'none',
  });
}
