import { describe, expect, test } from 'vitest';
import { configuration, enterJoint, type ConfigChange, type Entry } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };
const add = (id: number): ConfigChange => ({ kind: 'add-voter', id });
const remove = (id: number): ConfigChange => ({ kind: 'remove', id });
const simple = (...changes: readonly ConfigChange[]) => ({ kind: 'simple', changes }) as const;
const joint = (autoLeave: boolean, ...changes: readonly ConfigChange[]) =>
  ({ kind: 'enter-joint', changes, autoLeave }) as const;

describe('R10: one change at a time', () => {
  test('a new leader refuses a change until an entry of its term is committed', () => {
    const cluster = new Cluster(three);
    cluster.passes = ({ kind }) => kind !== 'append-entries';
    cluster.elect(1);
    expect(cluster.raft(1).proposeConfig(simple(add(4)))).toMatchObject({ reason: 'too-early' });
    cluster.heal();
    cluster.run(2);
    expect(cluster.raft(1).proposeConfig(simple(add(4)))).toMatchObject({ isAccepted: true });
  });

  test('a second change is refused while the first is not committed', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.partition([1]);
    cluster.raft(1).proposeConfig(simple(add(4)));
    expect(cluster.raft(1).proposeConfig(simple(add(5)))).toMatchObject({ reason: 'in-flight' });
    cluster.heal();
    cluster.run(2);
    expect(cluster.raft(1).proposeConfig(simple(add(5)))).toMatchObject({ isAccepted: true });
  });

  test('a follower refuses a change', () => {
    const cluster = new Cluster(three);
    expect(cluster.raft(1).proposeConfig(simple(add(4)))).toMatchObject({ reason: 'not-leader' });
  });
});

describe('R11: a change that is lost', () => {
  const config = (index: number, term: number, voters: readonly number[]): Entry => ({
    ...{ kind: 'config', index, term },
    configuration: configuration(voters),
  });
  const stacked = (): Cluster => {
    const cluster = new Cluster(three);
    const { disk } = cluster.node(3);
    disk.hardState = { term: 4, vote: 0, commit: 0 };
    disk.entries = [config(1, 1, [1, 2, 3, 4]), config(2, 2, [1, 2, 3, 5]), config(3, 3, [1, 2, 3, 6])];
    cluster.restart(3);
    return cluster;
  };
  const overwrite = (cluster: Cluster, index: number): void =>
    cluster.raft(3).step({
      ...{ kind: 'append-entries', from: 1, to: 3, term: 4, session: 1, commit: 0 },
      ...{ prevIndex: index - 1, prevTerm: index - 1, entries: [{ kind: 'no-op', index, term: 4 }] },
    });

  test.each([
    [3, [1, 2, 3, 5]],
    [2, [1, 2, 3, 4]],
    [1, [1, 2, 3]],
  ])('after the entries from %i on are gone, what is left of the log says who votes', (index, voters) => {
    const cluster = stacked();
    expect(cluster.raft(3).configuration.voters).toEqual([1, 2, 3, 6]);
    overwrite(cluster, index);
    expect(cluster.raft(3).configuration).toEqual(configuration(voters));
  });
});

describe('R12: snapshots and configurations', () => {
  test('a snapshot from elsewhere takes the place of an uncommitted change with a higher index', () => {
    const cluster = new Cluster(three);
    const { disk } = cluster.node(3);
    disk.hardState = { term: 2, vote: 0, commit: 0 };
    disk.entries = Array.from({ length: 9 }, (_, at) => ({ kind: 'no-op', index: at + 1, term: 1 }));
    disk.entries.push({ kind: 'config', index: 10, term: 2, configuration: configuration([1, 3]) });
    cluster.restart(3);
    const mark = { index: 5, term: 3, configuration: configuration([1, 2, 3, 4]) };
    cluster.raft(3).step({
      ...{ kind: 'install-snapshot', from: 1, to: 3, term: 3, session: 1 },
      snapshot: mark,
    });
    expect(cluster.raft(3).configuration).toEqual(mark.configuration);
    expect(cluster.raft(3)).toMatchObject({ lastIndex: 5, commitIndex: 5 });
    // The longer log that was durable says nothing about this one: the machine waits for the write.
    const batch = cluster.raft(3).ready();
    expect(batch?.persist).toMatchObject({ snapshot: mark, entries: [] });
    expect(batch?.apply).toBeUndefined();
  });

  test('a snapshot holds the configuration that was committed at its index, joint half and learners included', () => {
    const cluster = new Cluster({ voters: [1, 2, 3], learners: [4] });
    cluster.elect(1);
    cluster.raft(1).proposeConfig(joint(false, { kind: 'add-learner', id: 3 }));
    cluster.settle();
    const expected = enterJoint(configuration([1, 2, 3], [4]), [{ kind: 'add-learner', id: 3 }], false);
    cluster.partition([1]);
    cluster.raft(1).proposeConfig({ kind: 'leave-joint' });
    cluster.settle();
    expect(cluster.raft(1).markAt(cluster.raft(1).appliedIndex).configuration).toEqual(expected);
    expect(cluster.raft(1).configuration).toEqual(configuration([1, 2], [3, 4]));
  });
});

describe('R15: a leader removes itself', () => {
  test.each(['simple', 'joint'])(
    'by a %s change: it commits it without its own vote, and hands over',
    (how) => {
      const cluster = new Cluster(three);
      cluster.elect(1);
      cluster.partition([1, 2]);
      cluster.raft(1).proposeConfig(how === 'simple' ? simple(remove(1)) : joint(true, remove(1)));
      cluster.settle();
      // 1 and 2 have it; of 2 and 3, who decide now, one does.
      expect(cluster.leaders).toEqual([1]);
      cluster.heal();
      cluster.run(3);
      expect(cluster.raft(1).role).toBe('follower');
      expect(cluster.leaders).toHaveLength(1);
      const [leader = 0] = cluster.leaders;
      expect(cluster.raft(leader).configuration).toEqual(configuration([2, 3]));
      cluster.propose(leader, 'a');
      cluster.run(2);
      expect(cluster.commands(2)).toEqual(['a']);
    },
  );
});

describe('R16: joint configurations', () => {
  test('a change of several voters goes through both majorities, and ends by itself', () => {
    const cluster = new Cluster({ ...three, spare: [4, 5] });
    cluster.elect(1);
    cluster.raft(1).proposeConfig(joint(true, add(4), add(5), remove(2), remove(3)));
    cluster.run(5);
    expect(cluster.raft(5).configuration).toEqual(configuration([1, 4, 5]));
    expect(cluster.raft(1).proposeConfig(simple(add(2)))).toMatchObject({ isAccepted: true });
  });

  test('neither half decides alone', () => {
    const cluster = new Cluster({ ...three, spare: [4, 5] });
    cluster.elect(1);
    cluster.partition([1, 4, 5]);
    cluster.raft(1).proposeConfig(joint(true, add(4), add(5), remove(2), remove(3)));
    cluster.run(5);
    expect(cluster.raft(1).commitIndex).toBe(1);
    cluster.heal();
    cluster.run(5);
    expect(cluster.raft(1).configuration).toEqual(configuration([1, 4, 5]));
  });

  test('the next leader leaves the joint configuration that a crashed one left behind', () => {
    const cluster = new Cluster({ ...three, spare: [4] });
    cluster.elect(1);
    // The others hear of the joint configuration, and not that it is committed.
    cluster.passes = (message) => message.from !== 1 || !('commit' in message) || message.commit < 2;
    cluster.raft(1).proposeConfig(joint(true, add(4)));
    cluster.settle();
    cluster.crash(1);
    cluster.heal();
    cluster.run(60);
    const [leader = 0] = cluster.leaders;
    expect(cluster.raft(leader).configuration).toEqual(configuration([1, 2, 3, 4]));
  });

  test('a joint configuration without autoLeave stays until it is left', () => {
    const cluster = new Cluster({ ...three, spare: [4] });
    cluster.elect(1);
    cluster.raft(1).proposeConfig(joint(false, add(4)));
    cluster.run(5);
    expect(cluster.raft(4).configuration.outgoing).toEqual([1, 2, 3]);
    cluster.raft(1).proposeConfig({ kind: 'leave-joint' });
    cluster.run(5);
    expect(cluster.raft(4).configuration).toEqual(configuration([1, 2, 3, 4]));
  });

  test('what can not be changed so is refused at the proposal', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    const refused = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' });
    expect(() => cluster.raft(1).proposeConfig({ kind: 'leave-joint' })).toThrow(refused);
    expect(() => cluster.raft(1).proposeConfig(joint(true, remove(1), remove(2), remove(3)))).toThrow(
      refused,
    );
    expect(cluster.raft(1).lastIndex).toBe(1);
  });
});
