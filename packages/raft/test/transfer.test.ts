import { describe, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };
const led = (): Cluster => {
  const cluster = new Cluster(three);
  cluster.elect(1);
  return cluster;
};

describe('R20: leadership is handed over', () => {
  test('to a follower that has everything, at once', () => {
    const cluster = led();
    expect(cluster.raft(1).transfer(3)).toEqual({ isAccepted: true });
    cluster.settle();
    expect(cluster.leaders).toEqual([3]);
  });

  test('to a slow follower, when it has caught up', () => {
    const cluster = led();
    cluster.partition([1, 2]);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raft(1).transfer(3);
    cluster.settle();
    expect(cluster.leaders).toEqual([1]);
    cluster.heal();
    cluster.run(3);
    expect(cluster.leaders).toEqual([3]);
    expect(cluster.commands(3)).toEqual(['a']);
  });

  test('a follower that is behind is not called to stand, as it could only raise the term', () => {
    const cluster = led();
    cluster.passes = ({ to, kind }) => to !== 3 || kind !== 'append-entries';
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raft(1).transfer(3);
    cluster.settle();
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raft(3).term).toBe(1);
  });

  test('to itself, to a learner, to a stranger or by a follower it is refused', () => {
    const cluster = new Cluster({ voters: [1, 2], learners: [3] });
    cluster.elect(1);
    for (const to of [1, 3, 9])
      expect(cluster.raft(1).transfer(to)).toMatchObject({ reason: 'not-eligible' });
    expect(cluster.raft(2).transfer(1)).toMatchObject({ reason: 'not-leader', leader: 1 });
  });

  test('nothing is proposed meanwhile, and after one election timeout without success it goes on', () => {
    const cluster = led();
    cluster.passes = ({ to, kind }) => to !== 3 || kind === 'heartbeat';
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raft(1).transfer(3);
    cluster.run(9);
    expect(cluster.propose(1, 'b')).toMatchObject({ reason: 'transferring' });
    expect(cluster.raft(1).proposeConfig({ kind: 'leave-joint' })).toMatchObject({ reason: 'transferring' });
    cluster.run(1);
    expect(cluster.propose(1, 'b')).toMatchObject({ isAccepted: true });
  });

  test('a second transfer takes the place of the first', () => {
    const cluster = led();
    cluster.partition([1, 2]);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raft(1).transfer(3);
    cluster.raft(1).transfer(2);
    cluster.settle();
    expect(cluster.leaders).toEqual([2]);
  });

  test('it ends when the one that it is for is removed, as a change that was under way may do', () => {
    const cluster = led();
    cluster.partition([1, 2]);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raft(1).transfer(3);
    // Time lets it end; then the removal goes through, and 3 is eligible no more.
    cluster.run(9);
    cluster.tick(cluster.node(1));
    cluster.raft(1).proposeConfig({ kind: 'simple', changes: [{ kind: 'remove', id: 3 }] });
    cluster.settle();
    expect(cluster.raft(1).transfer(3)).toMatchObject({ reason: 'not-eligible' });
    expect(cluster.leaders).toEqual([1]);
  });

  test('a vote in a higher term meanwhile ends it', () => {
    const cluster = led();
    cluster.passes = ({ kind }) => kind !== 'timeout-now';
    cluster.raft(1).transfer(3);
    cluster.settle();
    cluster.deliver({
      ...{ kind: 'request-vote', from: 2, to: 1, term: 5, isPreVote: false, isTransfer: true },
      ...{ lastIndex: 1, lastTerm: 1 },
    });
    cluster.settle();
    expect(cluster.raft(1)).toMatchObject({ role: 'follower', term: 5 });
  });

  test('a call to stand that comes to a learner changes nothing', () => {
    const cluster = new Cluster({ voters: [1, 2], learners: [3] });
    cluster.elect(1);
    cluster.deliver({ kind: 'timeout-now', from: 1, to: 3, term: 1 });
    expect(cluster.raft(3)).toMatchObject({ role: 'follower', term: 1 });
  });
});
