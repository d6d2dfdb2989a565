import { describe, expect, test } from 'vitest';
import type { Message, RequestVote } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };

const ask = (from: number, term: number, lastIndex = 9, lastTerm = 1): RequestVote => ({
  ...{ kind: 'request-vote', from, to: 3, term, isPreVote: false, isTransfer: false },
  ...{ lastIndex, lastTerm },
});
/** What node 3 says to one message, when its disk has done its part. */
function answer(cluster: Cluster, message: Message): Message | undefined {
  cluster.network = [];
  cluster.deliver(message);
  cluster.take(cluster.node(3));
  cluster.write(cluster.node(3));
  return cluster.network[0];
}

describe('elections', () => {
  test('a follower that hears of no leader stands, and is elected', () => {
    const cluster = new Cluster(three);
    cluster.run(10);
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raft(3)).toMatchObject({ leader: 1, term: 1, role: 'follower' });
  });

  test('a single voter leads when its own vote is durable, not before', () => {
    const cluster = new Cluster({ voters: [1] });
    cluster.node(1).isStalled = true;
    cluster.raft(1).campaign();
    cluster.settle();
    expect(cluster.raft(1).role).toBe('candidate');
    cluster.node(1).isStalled = false;
    cluster.settle();
    expect(cluster.raft(1).role).toBe('leader');
  });
});

describe('R1: one vote in a term', () => {
  test('a node that granted a vote refuses another candidate of the term after a restart', () => {
    const cluster = new Cluster(three);
    expect(answer(cluster, ask(1, 5))).toMatchObject({ kind: 'vote-reply', to: 1, isGranted: true });
    cluster.crash(3);
    cluster.restart(3);
    expect(answer(cluster, ask(2, 5))).toMatchObject({ kind: 'vote-reply', to: 2, isGranted: false });
  });

  test('a vote that is given later in the term is written as well', () => {
    const cluster = new Cluster(three);
    const { disk } = cluster.node(3);
    disk.entries = [{ kind: 'no-op', index: 1, term: 1 }];
    disk.hardState = { term: 1, vote: 0, commit: 0 };
    cluster.restart(3);
    expect(answer(cluster, ask(1, 5, 0, 0))).toMatchObject({ isGranted: false });
    expect(answer(cluster, ask(2, 5))).toMatchObject({ isGranted: true });
    expect(disk.hardState).toMatchObject({ term: 5, vote: 2 });
  });

  test('the grant leaves only when it is durable', () => {
    const cluster = new Cluster(three);
    cluster.deliver(ask(1, 5));
    cluster.take(cluster.node(3));
    expect(cluster.network).toEqual([]);
    cluster.crash(3);
    cluster.restart(3);
    expect(answer(cluster, ask(2, 5))).toMatchObject({ kind: 'vote-reply', to: 2, isGranted: true });
  });

  test('a candidate asks for votes only when its term is durable', () => {
    const cluster = new Cluster(three);
    cluster.node(1).isStalled = true;
    cluster.raft(1).campaign();
    cluster.settle();
    expect(cluster.raft(1)).toMatchObject({ role: 'candidate', term: 1 });
    expect(cluster.raft(2).term).toBe(0);
  });
});

describe('R2: whose log is ahead', () => {
  test.each([
    [9, 2, false],
    [2, 4, true],
    [5, 3, true],
    [4, 3, false],
    [6, 3, true],
  ])(
    'to a log of 5 entries up to term 3, a candidate with %i up to term %i: %j',
    (index, term, isGranted) => {
      const cluster = new Cluster(three);
      const { disk } = cluster.node(3);
      disk.hardState = { term: 7, vote: 0, commit: 0 };
      disk.entries = Array.from({ length: 5 }, (_, at) => ({ kind: 'no-op', index: at + 1, term: 3 }));
      cluster.restart(3);
      expect(answer(cluster, ask(1, 8, index, term))).toMatchObject({ kind: 'vote-reply', isGranted });
    },
  );
});

describe('R13, R14: who may stand', () => {
  test('a node that believes that it is a learner votes by the rules, and never stands', () => {
    const cluster = new Cluster({ voters: [1, 2], learners: [3] });
    cluster.raft(3).campaign();
    cluster.tick(cluster.node(3), 50);
    cluster.settle();
    expect(cluster.raft(3).role).toBe('follower');
    expect(answer(cluster, ask(1, 4, 0, 0))).toMatchObject({ kind: 'vote-reply', isGranted: true });
  });

  test('a promoted learner whose promoter died is elected by the configuration that it has appended', () => {
    const cluster = new Cluster({ voters: [1, 2], learners: [3] });
    cluster.elect(1);
    cluster.passes = ({ from, to }) => from === 1 && to === 3;
    cluster.raft(1).proposeConfig({ kind: 'simple', changes: [{ kind: 'add-voter', id: 3 }] });
    cluster.settle();
    expect(cluster.raft(3)).toMatchObject({ lastIndex: 2, commitIndex: 1 });
    cluster.crash(1);
    cluster.heal();
    cluster.run(40);
    expect(cluster.leaders).toEqual([3]);
  });
});

describe('who was taken out', () => {
  test('a leader that crashed before anybody had its own demotion is elected with it, and hands over', () => {
    const cluster = new Cluster({ voters: [1, 2] });
    cluster.elect(1);
    cluster.partition([1], [2]);
    cluster.raft(1).proposeConfig({ kind: 'simple', changes: [{ kind: 'add-learner', id: 1 }] });
    cluster.settle();
    cluster.crash(1);
    cluster.restart(1);
    cluster.heal();
    cluster.run(60);
    expect(cluster.leaders).toEqual([2]);
    expect(cluster.raft(2).configuration).toMatchObject({ voters: [2], learners: [1] });
  });
});

describe('R17, R18: who returns, and who is stuck', () => {
  test('a node that was cut off returns without a new term or a new leader', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.partition([1, 2], [3]);
    cluster.run(100);
    cluster.heal();
    cluster.run(30);
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raft(3)).toMatchObject({ term: 1, leader: 1 });
  });

  test('a removed node that returns disturbs nobody', () => {
    const cluster = new Cluster({ voters: [1, 2, 3, 4] });
    cluster.elect(1);
    cluster.partition([1, 2, 3], [4]);
    cluster.raft(1).proposeConfig({ kind: 'simple', changes: [{ kind: 'remove', id: 4 }] });
    cluster.run(50);
    cluster.heal();
    cluster.run(50);
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raft(1).term).toBe(1);
  });

  test('a vote asked in a higher term is ignored while a leader is heard of, unless that leader asked for it', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.deliver(ask(2, 9));
    expect(cluster.raft(3).term).toBe(1);
    cluster.deliver({ ...ask(2, 9), isTransfer: true });
    expect(cluster.raft(3).term).toBe(9);
  });

  test('a node stuck in a higher term with a shorter log is freed by the leader that it answers', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.partition([1, 2], [3]);
    cluster.settle();
    cluster.crash(3);
    cluster.node(3).disk.hardState = { term: 9, vote: 3, commit: 0 };
    cluster.restart(3);
    cluster.heal();
    cluster.run(60);
    const [leader = 0] = cluster.leaders;
    expect(cluster.raft(leader).term).toBeGreaterThan(9);
    expect(cluster.commands(3)).toEqual(['a']);
  });

  test('a lower term with a longer log and a higher term with a shorter one find a leader', () => {
    const cluster = new Cluster({ voters: [1, 2] });
    cluster.elect(1);
    cluster.crash(1);
    cluster.crash(2);
    cluster.node(2).disk.hardState = { term: 6, vote: 2, commit: 0 };
    cluster.node(1).disk.entries.push({ kind: 'no-op', index: 2, term: 1 });
    cluster.restart(1);
    cluster.restart(2);
    cluster.run(60);
    expect(cluster.leaders).toEqual([1]);
  });

  test('a split pre-vote is over within a few election timeouts', () => {
    const cluster = new Cluster({ voters: [1, 2, 3, 4] });
    for (const node of cluster.nodes) node.raft.campaign();
    cluster.settle();
    cluster.run(60);
    expect(cluster.leaders).toHaveLength(1);
  });
});

describe('R19, R23: a leader that only keeps others from leading', () => {
  test('a leader that can send and not receive steps down within one election timeout, and drops its reads', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.passes = ({ to }) => to !== 1;
    cluster.raft(1).readIndex(7);
    cluster.run(9);
    expect(cluster.raft(1).role).toBe('leader');
    cluster.run(1);
    expect(cluster.raft(1).role).toBe('follower');
    expect(cluster.node(1).reads).toEqual([{ id: 7, isServed: false }]);
  });

  test('a leader whose disk stalls steps down after one election timeout, and another one leads', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.node(1).isStalled = true;
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.run(10);
    expect(cluster.raft(1).role).toBe('follower');
    cluster.run(30);
    expect(cluster.leaders).toHaveLength(1);
    expect(cluster.leaders).not.toContain(1);
    expect(cluster.commands(2)).toEqual(['a']);
  });

  test('followers that hear and can not write are no quorum', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.node(2).isStalled = cluster.node(3).isStalled = true;
    cluster.propose(1, 'a');
    cluster.run(25);
    expect(cluster.raft(1).role).toBe('follower');
  });
});
