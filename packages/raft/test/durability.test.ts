import { describe, expect, test } from 'vitest';
import type { Entry, Message } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };
const noOp = (index: number, term: number): Entry => ({ kind: 'no-op', index, term });

describe('R26: durable before it is said', () => {
  test('a single voter commits when its own disk has it', () => {
    const cluster = new Cluster({ voters: [1] });
    cluster.elect(1);
    cluster.node(1).isStalled = true;
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.raft(1)).toMatchObject({ lastIndex: 2, commitIndex: 1 });
    cluster.node(1).isStalled = false;
    cluster.settle();
    expect(cluster.raft(1).commitIndex).toBe(2);
    expect(cluster.commands(1)).toEqual(['a']);
  });

  test('a leader sends before it writes, and counts itself only when it has written', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.node(1).isStalled = true;
    cluster.partition([1, 2]);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.raft(2).lastIndex).toBe(2);
    expect(cluster.raft(1).commitIndex).toBe(1);
    cluster.heal();
    cluster.run(2);
    // Two followers are a majority without it; yet its machine waits for its own disk.
    expect(cluster.raft(1).commitIndex).toBe(2);
    expect(cluster.commands(1)).toEqual([]);
    expect(cluster.commands(2)).toEqual(['a']);
  });

  test('a follower acknowledges what is durable, also what came twice while it was being written', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.node(3).isStalled = true;
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.run(3);
    expect(cluster.raft(3).lastIndex).toBe(2);
    expect(cluster.raft(1).progress(3)?.match).toBe(1);
    cluster.node(3).isStalled = false;
    cluster.settle();
    expect(cluster.raft(1).progress(3)?.match).toBe(2);
  });

  test('several writes are under way at once, up to a bound', () => {
    const cluster = new Cluster(three, { writesMax: 3 });
    cluster.elect(1);
    cluster.node(1).isStalled = true;
    for (let n = 0; n < 6; n++) {
      cluster.propose(1, `c${n}`);
      cluster.settle();
    }
    expect(cluster.node(1).disk.pending).toHaveLength(3);
    cluster.node(1).isStalled = false;
    cluster.settle();
    expect(cluster.commands(1)).toHaveLength(6);
  });
});

describe('R27: writes that were overtaken', () => {
  const append = (term: number, prevIndex: number, prevTerm: number, ...entries: Entry[]): Message => ({
    ...{ kind: 'append-entries', from: 1, to: 3, term, session: 1, prevIndex, prevTerm, entries, commit: 0 },
  });

  test('a notice of what was overwritten and written again makes nothing durable, and a later one releases all', () => {
    const cluster = new Cluster(three);
    const node = cluster.node(3);
    const seqs: [number, number][] = [];
    for (const message of [
      append(1, 0, 0, noOp(1, 1), noOp(2, 1)),
      append(2, 0, 0, noOp(1, 2)),
      append(3, 0, 0, noOp(1, 1), noOp(2, 1)),
    ]) {
      node.raft.step(message);
      const persist = node.raft.ready()?.persist;
      if (persist !== undefined) seqs.push([persist.seq, persist.term]);
    }
    const [first, second, third] = seqs;
    node.raft.persisted(...(first ?? [0, 0]));
    expect(node.raft.durableIndex).toBe(0);
    node.raft.persisted(...(second ?? [0, 0]));
    expect(node.raft.durableIndex).toBe(0);
    node.raft.persisted(...(third ?? [0, 0]));
    expect(node.raft.durableIndex).toBe(2);
  });

  test('a write of the term itself says nothing about what its leader has overwritten since', () => {
    const cluster = new Cluster(three);
    const { raft } = cluster.node(3);
    raft.step(append(1, 0, 0, noOp(1, 1), noOp(2, 1)));
    raft.ready();
    // Term 2 begins, and its write covers the two entries of term 1.
    raft.step({ kind: 'heartbeat', from: 1, to: 3, term: 2, session: 1, commit: 0, round: 1 });
    const covering = raft.ready()?.persist;
    raft.step(append(2, 0, 0, noOp(1, 2), noOp(2, 2)));
    raft.ready();
    raft.persisted(covering?.seq ?? 0, covering?.term ?? 0);
    expect(raft.durableIndex).toBe(0);
  });

  test('a notice of an earlier term is ignored, and the write of the new term covers what it held', () => {
    const cluster = new Cluster(three);
    const { raft } = cluster.node(3);
    raft.step(append(1, 0, 0, noOp(1, 1), noOp(2, 1)));
    const first = raft.ready()?.persist;
    raft.step({ kind: 'heartbeat', from: 1, to: 3, term: 2, session: 1, commit: 0, round: 1 });
    raft.persisted(first?.seq ?? 0, 1);
    expect(raft.durableIndex).toBe(0);
    const second = raft.ready()?.persist;
    expect(second).toMatchObject({ term: 2, entries: [] });
    raft.persisted(second?.seq ?? 0, 2);
    expect(raft.durableIndex).toBe(2);
  });

  test('one notice stands for every write before it', () => {
    const cluster = new Cluster({ voters: [1] });
    cluster.elect(1);
    const { raft } = cluster.node(1);
    let last = { seq: 0, term: 0 };
    for (const command of ['a', 'b', 'c']) {
      cluster.propose(1, command);
      last = raft.ready()?.persist ?? last;
    }
    raft.persisted(last.seq, last.term);
    expect(raft.commitIndex).toBe(4);
  });
});

describe('R25: what was lost below the durable mark', () => {
  const damaged = (): Cluster => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    for (const command of ['a', 'b', 'c']) cluster.propose(1, command);
    cluster.run(2);
    cluster.crash(3);
    cluster.node(3).disk.entries.length = 2;
    // What it had noted as committed reaches beyond what is left.
    const { hardState } = cluster.node(3).disk;
    cluster.node(3).disk.hardState = { ...hardState, commit: 4 };
    cluster.restart(3, { damagedThrough: 4 });
    return cluster;
  };

  test('a damaged node neither stands nor votes', () => {
    const cluster = damaged();
    cluster.partition([3]);
    cluster.run(40);
    expect(cluster.raft(3)).toMatchObject({ role: 'follower', isDamaged: true });
    cluster.crash(1);
    cluster.partition([2, 3]);
    cluster.run(60);
    expect(cluster.leaders).toEqual([]);
  });

  test('it gets back from the leader of the same term what it had acknowledged, and is whole again', () => {
    const cluster = damaged();
    cluster.run(5);
    expect(cluster.raft(3)).toMatchObject({ isDamaged: false, lastIndex: 4 });
    expect(cluster.commands(3)).toEqual(['a', 'b', 'c']);
  });
});
