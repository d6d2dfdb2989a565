// How a follower takes a leader's entries and snapshots into its log. Everything here is about the log; who the leader
// is, and when to answer, is the node's business.
import { assert } from '@actor/core';
import type { SnapshotMark } from './entry.ts';
import type { Log } from './log.ts';
import type { AppendEntries, AppendReply } from './message.ts';
import type { Writes } from './writes.ts';

export type AppendAnswer = Pick<AppendReply, 'index' | 'isRejected' | 'hintIndex' | 'hintTerm'>;

/** This much of the log is the leader's. */
export const accepted = (index: number): AppendAnswer => ({
  ...{ index, isRejected: false, hintIndex: 0, hintTerm: 0 },
});

/** Takes the entries, if the log has what comes before them (Raft §5.3). */
export function takeEntries(log: Log, writes: Writes, message: AppendEntries): AppendAnswer {
  const { prevIndex, prevTerm, entries, commit } = message;
  // Late: what is committed is the same everywhere, so the leader may know that it is here.
  if (prevIndex < log.commit) return accepted(log.commit);
  if (log.termAt(prevIndex) !== prevTerm) return reject(log, prevIndex, prevTerm);
  const first = log.firstNew(entries);
  if (first !== undefined) {
    if (first <= log.last) {
      log.truncate(first);
      writes.cut(first);
    }
    log.append(entries.slice(first - prevIndex - 1));
  }
  // What this message holds, and no more: entries behind it may be another leader's.
  const index = prevIndex + entries.length;
  log.commitTo(Math.min(commit, index));
  return accepted(index);
}

/** Names the last place where this log and the leader's could agree, so that a whole term is passed over at once. */
function reject(log: Log, prevIndex: number, prevTerm: number): AppendAnswer {
  const hintIndex = log.agreement(prevIndex, prevTerm);
  return { index: prevIndex, isRejected: true, hintIndex, hintTerm: log.termAt(hintIndex) ?? 0 };
}

/**
 * Takes a snapshot, unless the log has as much.
 * @returns Whether the log was replaced.
 */
export function takeSnapshot(log: Log, writes: Writes, snapshot: SnapshotMark): boolean {
  if (snapshot.index <= log.commit) return false;
  if (log.termAt(snapshot.index) === snapshot.term) {
    log.commitTo(snapshot.index);
    return false;
  }
  log.restore(snapshot);
  // No write under way holds anything of the new log.
  writes.cut(1);
  return true;
}

/** Takes the leader's word on what is committed of the entries that it knows to be here. */
export function takeCommit(log: Log, commit: number, isDamaged: boolean): void {
  assert(
    isDamaged || commit <= log.last,
    `entry ${commit} was acknowledged, and the log ends at ${log.last}`,
  );
  log.commitTo(Math.min(commit, log.last));
}
