import { describe, expect, test } from 'vitest';
import type { AppendEntries, AppendReply, Entry, Message } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };
const noOp = (index: number, term: number): Entry => ({ kind: 'no-op', index, term });

/** Node 3 as a follower of 1 in `term`, with this log on its disk. */
function follower(terms: readonly number[], term: number, commit = 0): Cluster {
  const cluster = new Cluster(three);
  const { disk } = cluster.node(3);
  disk.hardState = { term, vote: 0, commit };
  disk.entries = terms.map((entryTerm, at) => noOp(at + 1, entryTerm));
  // What it calls committed was committed by others, whom the test does not have.
  cluster.node(3).seen = commit;
  cluster.restart(3);
  return cluster;
}
const append = (
  term: number,
  prevIndex: number,
  prevTerm: number,
  terms: readonly number[],
  commit = 0,
): AppendEntries => ({
  ...{ kind: 'append-entries', from: 1, to: 3, term, session: 4, prevIndex, prevTerm, commit },
  entries: terms.map((entryTerm, at) => noOp(prevIndex + at + 1, entryTerm)),
});
/** What node 3 answers, once that is durable. */
function answer(cluster: Cluster, message: Message): Message | undefined {
  cluster.network = [];
  cluster.node(3).raft.step(message);
  cluster.take(cluster.node(3));
  cluster.write(cluster.node(3));
  return cluster.network.at(-1);
}
const terms = (cluster: Cluster, id: number): readonly number[] =>
  Array.from({ length: cluster.raft(id).lastIndex }, (_, at) => cluster.raft(id).entryAt(at + 1)?.term ?? 0);

describe('R3: entries of earlier terms', () => {
  test('an old entry on a majority is not committed until one of the own term is, and then both are', () => {
    const cluster = new Cluster(three, { appendMaxBytes: 1 });
    const old: Entry = { kind: 'command', index: 2, term: 2, data: Buffer.from('old') };
    for (const id of [1, 2]) {
      cluster.node(id).disk.hardState = { term: 2, vote: 0, commit: 0 };
      cluster.node(id).disk.entries = id === 1 ? [noOp(1, 1), old] : [noOp(1, 1)];
      cluster.restart(id);
    }
    let isOpen = false;
    // An append that could bring the no-op to node 2 is held back; one that is refused is not.
    cluster.passes = (message) =>
      message.to !== 3 &&
      (isOpen ||
        message.kind !== 'append-entries' ||
        message.prevIndex > cluster.raft(2).lastIndex ||
        message.entries.every(({ term }) => term < 3));
    cluster.elect(1);
    cluster.run(3);
    expect(cluster.raft(1).progress(2)?.match).toBe(2);
    expect(cluster.raft(1)).toMatchObject({ term: 3, lastIndex: 3, commitIndex: 0 });
    isOpen = true;
    cluster.run(3);
    expect(cluster.raft(1).commitIndex).toBe(3);
    expect(cluster.raft(2).commitIndex).toBe(3);
  });
});

describe('R4, R5: what an append does, and what its answer says', () => {
  test('a late, shorter append that matches leaves what follows it alone', () => {
    const cluster = follower([1, 2, 2, 2], 2);
    expect(answer(cluster, append(2, 1, 1, [2]))).toMatchObject({ isRejected: false, index: 2 });
    expect(answer(cluster, append(2, 1, 1, []))).toMatchObject({ isRejected: false, index: 1 });
    expect(terms(cluster, 3)).toEqual([1, 2, 2, 2]);
  });

  test('the first entry of another term takes the place of it and of all behind it', () => {
    const cluster = follower([1, 2, 2, 2], 4);
    expect(answer(cluster, append(4, 1, 1, [2, 4]))).toMatchObject({ isRejected: false, index: 3 });
    expect(terms(cluster, 3)).toEqual([1, 2, 4]);
    expect(cluster.node(3).disk.entries.map((entry) => entry.term)).toEqual([1, 2, 4]);
  });

  test('a conflict with what is committed stops the node', () => {
    const cluster = follower([1, 2, 2], 4, 3);
    expect(() => cluster.raft(3).step(append(4, 2, 2, []))).not.toThrow();
    const lie = { ...append(4, 3, 4, []), prevIndex: 3, prevTerm: 2 };
    expect(() => cluster.raft(3).step(lie)).not.toThrow();
    const fresh = follower([1, 2, 2], 4, 2);
    const conflict = { ...append(4, 2, 2, [4]), entries: [noOp(2, 4)] };
    expect(() => fresh.raft(3).step(conflict)).toThrow(expect.objectContaining({ code: 'ACTOR_ASSERTION' }));
  });

  test('commit goes no further than the entries of the message', () => {
    const cluster = follower([1, 1, 1, 1], 2);
    cluster.node(3).seen = 9;
    answer(cluster, append(2, 1, 1, [1], 4));
    expect(cluster.raft(3).commitIndex).toBe(2);
  });

  test('a rejection moves neither what matches nor what is committed', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    const before = cluster.raft(1).commitIndex;
    const { match, session } = cluster.raft(1).progress(3) ?? { match: 0, session: 0 };
    const stale: AppendReply = {
      ...{ kind: 'append-reply', from: 3, to: 1, term: 1, session, index: 1, isRejected: true },
      ...{ isDamaged: false, hintIndex: 0, hintTerm: 0 },
    };
    cluster.deliver(stale);
    cluster.settle();
    expect(cluster.raft(1).progress(3)).toMatchObject({ match, state: 'replicate' });
    expect(cluster.raft(1).commitIndex).toBe(before);
  });
});

describe('R6: logs that differ', () => {
  test('hundreds of entries of two lost terms cost a round trip per term, not per entry', () => {
    const cluster = new Cluster(three);
    const lost = [1, ...new Array<number>(200).fill(2), ...new Array<number>(200).fill(4)];
    const kept = [1, ...new Array<number>(300).fill(3), 5];
    for (const [id, log] of [
      [1, kept],
      [2, kept],
      [3, lost],
    ] as const) {
      cluster.node(id).disk.hardState = { term: 5, vote: 0, commit: 0 };
      cluster.node(id).disk.entries = log.map((term, at) => noOp(at + 1, term));
      cluster.restart(id);
    }
    let rejections = 0;
    cluster.passes = (message) => {
      if (message.kind === 'append-reply' && message.isRejected) rejections++;
      return true;
    };
    cluster.elect(1);
    expect(terms(cluster, 3)).toEqual([...kept, 6]);
    expect(rejections).toBeLessThanOrEqual(3);
  });
});

describe('R7, R8: answers out of order, and out of date', () => {
  test('answers that come late, double and in reverse leave a full pipeline as it was', () => {
    const cluster = new Cluster(three, { appendMaxBytes: 1, inflightMaxMessages: 8 });
    cluster.elect(1);
    for (const command of 'abcdefgh') cluster.propose(1, command);
    const late: Message[] = [];
    cluster.passes = (message) => {
      if (message.kind === 'append-reply' && message.from === 3) late.push(message);
      return message.from !== 3;
    };
    cluster.settle();
    expect(cluster.raft(1).progress(3)).toMatchObject({ inflights: 8, isPaused: true, match: 1 });
    cluster.heal();
    let highest = 0;
    for (const message of [...late.toReversed(), ...late]) {
      cluster.deliver(message);
      const match = cluster.raft(1).progress(3)?.match ?? 0;
      expect(match).toBeGreaterThanOrEqual(highest);
      highest = match;
    }
    expect(cluster.raft(1).progress(3)).toMatchObject({ inflights: 0, match: 9, state: 'replicate' });
    cluster.take(cluster.node(1));
    const again = cluster.network.filter((m) => m.kind === 'append-entries' && m.entries.length > 0);
    expect(again).toEqual([]);
  });

  test('appends under way are bounded by size as well', () => {
    const cluster = new Cluster(three, { appendMaxBytes: 36, inflightMaxBytes: 72 });
    cluster.elect(1);
    cluster.passes = ({ to }) => to !== 3;
    for (let n = 0; n < 20; n++) cluster.propose(1, 'four');
    cluster.settle();
    expect(cluster.raft(1).progress(3)?.inflights).toBe(2);
  });

  test('an answer from before a member was removed and added again says nothing about the member of now', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    let old: Message | undefined;
    cluster.passes = (message) => {
      if (message.kind === 'append-reply' && message.from === 3) old = message;
      return true;
    };
    cluster.settle();
    cluster.partition([1, 2]);
    for (const kind of ['remove', 'add-voter'] as const) {
      cluster.raft(1).proposeConfig({ kind: 'simple', changes: [{ kind, id: 3 }] });
      cluster.settle();
    }
    expect(old).toMatchObject({ isRejected: false, index: 2, term: 1 });
    if (old !== undefined) cluster.deliver(old);
    expect(cluster.raft(1).progress(3)).toMatchObject({ match: 0, state: 'probe' });
    cluster.heal();
    cluster.run(3);
    expect(cluster.raft(1).progress(3)?.match).toBe(cluster.raft(1).lastIndex);
  });
});

describe('lost messages', () => {
  test('an append that was lost is sent again after a heartbeat', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.passes = ({ kind, to }) => kind !== 'append-entries' || to !== 3;
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.heal();
    cluster.run(2);
    expect(cluster.commands(3)).toEqual(['a']);
  });

  test('R31: commands without a quorum are bounded, and refused beyond the bound', () => {
    const cluster = new Cluster(three, { uncommittedMaxBytes: 72 });
    cluster.elect(1);
    cluster.partition([1]);
    expect(cluster.propose(1, 'four')).toMatchObject({ isAccepted: true });
    expect(cluster.propose(1, 'more')).toMatchObject({ isAccepted: true });
    expect(cluster.propose(1, 'x')).toEqual({ isAccepted: false, reason: 'full', leader: 1 });
    cluster.heal();
    cluster.run(2);
    expect(cluster.propose(1, 'x')).toMatchObject({ isAccepted: true });
  });

  test('a follower refuses a command and names the leader', () => {
    const cluster = new Cluster(three);
    cluster.elect(2);
    expect(cluster.propose(1, 'a')).toEqual({ isAccepted: false, reason: 'not-leader', leader: 2 });
  });
});
