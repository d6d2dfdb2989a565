import { describe, expect, test } from 'vitest';
import type { InstallSnapshot } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };

/** Node 3 missed so much that only a snapshot helps. */
function behind(): Cluster {
  const cluster = new Cluster(three);
  cluster.elect(1);
  cluster.partition([1, 2]);
  for (const command of 'abcdef') cluster.propose(1, command);
  cluster.run(3);
  for (const id of [1, 2]) cluster.compact(id);
  return cluster;
}
const state = (cluster: Cluster, id: number): string => cluster.node(id).machine.state;
/** Lets things happen until a snapshot would be delivered, and holds it back. */
function catchSnapshot(cluster: Cluster): InstallSnapshot {
  let caught: InstallSnapshot | undefined;
  cluster.reports = false;
  cluster.passes = (message) => {
    if (message.kind === 'install-snapshot') caught = message;
    return message.kind !== 'install-snapshot';
  };
  cluster.run(2);
  cluster.reports = true;
  cluster.heal();
  if (caught === undefined) throw new Error('no snapshot was sent');
  return caught;
}

describe('R28: snapshots', () => {
  test('a follower past the end of the leader’s log gets a snapshot, and then entries', () => {
    const cluster = behind();
    cluster.heal();
    cluster.run(3);
    cluster.propose(1, 'g');
    cluster.run(2);
    expect(state(cluster, 3)).toBe(state(cluster, 1));
    expect(cluster.raft(1).progress(3)).toMatchObject({ state: 'replicate', match: 8 });
  });

  test('a crash between installing and writing leaves the old log, and the snapshot comes again', () => {
    const cluster = behind();
    cluster.heal();
    cluster.node(3).isStalled = true;
    cluster.run(2);
    expect(cluster.raft(3).lastIndex).toBe(7);
    expect(cluster.node(3).machine.index).toBe(1);
    cluster.crash(3);
    cluster.node(3).isStalled = false;
    cluster.restart(3);
    expect(cluster.raft(3).lastIndex).toBe(1);
    cluster.run(3);
    expect(state(cluster, 3)).toBe(state(cluster, 1));
  });

  test('a second snapshot while the first is being installed takes its place', () => {
    const cluster = behind();
    cluster.heal();
    cluster.node(3).isStalled = true;
    cluster.run(2);
    cluster.propose(1, 'g');
    cluster.run(2);
    cluster.compact(1);
    const { raft } = cluster.node(1);
    cluster.deliver({
      ...{ kind: 'install-snapshot', from: 1, to: 3, term: raft.term },
      session: raft.progress(3)?.session ?? 0,
      snapshot: { ...cluster.node(1).disk.snapshot },
    });
    cluster.node(3).isStalled = false;
    cluster.run(3);
    expect(state(cluster, 3)).toBe(state(cluster, 1));
  });

  test('an old snapshot takes nothing back', () => {
    const cluster = behind();
    const late = catchSnapshot(cluster);
    cluster.raft(1).snapshotReported(3, false);
    cluster.run(3);
    cluster.propose(1, 'g');
    cluster.run(2);
    const before = cluster.raft(3).lastIndex;
    // The log of node 3 begins behind it by now.
    cluster.compact(3);
    cluster.deliver(late);
    cluster.settle();
    expect(cluster.raft(3)).toMatchObject({ lastIndex: before, commitIndex: before });
  });

  test('a snapshot of what the log holds already only commits it', () => {
    const cluster = behind();
    const { entries, hardState } = cluster.node(3).disk;
    expect(entries).toHaveLength(1);
    const mark = { ...cluster.node(1).disk.snapshot, index: 1 };
    cluster.crash(3);
    cluster.node(3).disk.hardState = { ...hardState, commit: 0 };
    cluster.restart(3);
    cluster.deliver({ kind: 'install-snapshot', from: 1, to: 3, term: 1, session: 1, snapshot: mark });
    expect(cluster.raft(3).commitIndex).toBe(1);
    expect(cluster.raft(3).ready()?.persist?.snapshot).toBeUndefined();
  });

  test('the follower’s own answer ends the transfer, although its report was lost', () => {
    const cluster = behind();
    cluster.heal();
    cluster.reports = false;
    cluster.run(3);
    expect(cluster.raft(1).progress(3)).toMatchObject({ state: 'replicate', match: 7 });
  });

  test('compaction while a snapshot is under way does not stop it: what it left out is sent after it', () => {
    const cluster = behind();
    const held = catchSnapshot(cluster);
    cluster.propose(1, 'g');
    cluster.run(2);
    cluster.compact(1);
    cluster.deliver(held);
    cluster.run(4);
    expect(state(cluster, 3)).toBe(state(cluster, 1));
  });

  test('a follower that is a little behind gets entries that were kept, and no snapshot', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.partition([1, 2]);
    for (const command of 'abc') cluster.propose(1, command);
    cluster.run(3);
    cluster.compact(1, 3);
    let snapshots = 0;
    cluster.passes = ({ kind }) => {
      if (kind === 'install-snapshot') snapshots++;
      return true;
    };
    cluster.run(3);
    expect(cluster.commands(3)).toEqual(['a', 'b', 'c']);
    expect(snapshots).toBe(0);
  });
});
