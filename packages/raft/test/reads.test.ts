import { describe, expect, test } from 'vitest';
import type { HeartbeatReply, RequestVote } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const three = { voters: [1, 2, 3] };
const served = (id: number, index: number) => ({ id, isServed: true, index });
const dropped = (id: number) => ({ id, isServed: false });

describe('R21: reads by index', () => {
  test('a new leader answers only when an entry of its term is committed', () => {
    const cluster = new Cluster(three);
    cluster.passes = ({ kind }) => kind !== 'append-entries';
    cluster.elect(1);
    expect(cluster.raft(1).readIndex(7)).toEqual({ isAccepted: true });
    cluster.run(3);
    expect(cluster.node(1).reads).toEqual([]);
    cluster.heal();
    cluster.run(2);
    expect(cluster.node(1).reads).toEqual([served(7, 1)]);
  });

  test('reads that come together share one round of heartbeats', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    for (let id = 1; id <= 50; id++) cluster.raft(1).readIndex(id);
    let heartbeats = 0;
    cluster.passes = ({ kind }) => {
      if (kind === 'heartbeat') heartbeats++;
      return true;
    };
    cluster.settle();
    expect(cluster.node(1).reads).toHaveLength(50);
    expect(heartbeats).toBe(2);
  });

  test('a leader that nobody follows any more answers no read, while another one commits', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.partition([1], [2, 3]);
    cluster.tick(cluster.node(3), 10);
    cluster.tick(cluster.node(2), 11);
    cluster.settle();
    const [leader = 0] = cluster.leaders.filter((id) => id !== 1);
    cluster.propose(leader, 'new');
    cluster.settle();
    expect(cluster.raft(1).role).toBe('leader');
    cluster.raft(1).readIndex(7);
    cluster.run(12);
    expect(cluster.node(1).reads).toEqual([dropped(7)]);
  });

  test('an answer to an earlier round confirms no later read', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.passes = ({ kind }) => kind !== 'heartbeat-reply';
    cluster.tick(cluster.node(1));
    cluster.settle();
    const progress = cluster.raft(1).progress(2);
    cluster.raft(1).readIndex(7);
    cluster.take(cluster.node(1));
    cluster.heal();
    cluster.network = [];
    cluster.deliver({
      ...{ kind: 'heartbeat-reply', from: 2, to: 1, term: 1, session: progress?.session ?? 0 },
      ...{ round: 1, isStalled: false, isDamaged: false },
    });
    cluster.settle();
    expect(cluster.node(1).reads).toEqual([]);
    cluster.run(1);
    expect(cluster.node(1).reads).toEqual([served(7, 1)]);
  });

  test('a follower asks the leader, and serves when it has applied the index', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.passes = ({ kind, to }) => to !== 3 || kind !== 'append-entries';
    cluster.settle();
    cluster.raft(3).readIndex(9);
    cluster.settle();
    expect(cluster.node(3).reads).toEqual([]);
    cluster.heal();
    cluster.run(2);
    expect(cluster.node(3).reads).toEqual([served(9, 2)]);
    expect(cluster.commands(3)).toEqual(['a']);
  });

  test('a read whose leader changes is dropped, and told so', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.passes = ({ kind }) => kind !== 'read-reply';
    cluster.raft(3).readIndex(9);
    cluster.settle();
    cluster.raft(1).transfer(2);
    cluster.settle();
    expect(cluster.node(3).reads).toEqual([dropped(9)]);
  });

  test('a read whose request is lost is dropped after an election timeout', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.passes = ({ kind }) => kind !== 'read-request';
    cluster.raft(3).readIndex(9);
    cluster.run(10);
    expect(cluster.node(3).reads).toEqual([dropped(9)]);
  });

  test('a number that is under way is refused, and so is a read without a leader or beyond the bound', () => {
    const cluster = new Cluster(three, { readsMax: 2 });
    expect(cluster.raft(1).readIndex(1)).toMatchObject({ reason: 'not-leader' });
    cluster.elect(1);
    cluster.raft(1).readIndex(1);
    expect(cluster.raft(1).readIndex(1)).toMatchObject({ reason: 'duplicate' });
    cluster.raft(1).readIndex(2);
    expect(cluster.raft(1).readIndex(3)).toMatchObject({ reason: 'full' });
  });
});

describe('R22: leases', () => {
  const leased = (): Cluster => {
    const cluster = new Cluster(three, { lease: true });
    cluster.tick(cluster.node(1), 10);
    for (const id of [2, 3]) cluster.tick(cluster.node(id), 9);
    for (const id of [2, 3]) cluster.tick(cluster.node(id));
    cluster.settle();
    cluster.run(2);
    expect(cluster.leaders).toEqual([1]);
    return cluster;
  };
  /** Asks with the network down: only a lease can serve it. */
  const reads = (cluster: Cluster): number => {
    cluster.passes = () => false;
    cluster.raft(1).readIndex(100 + cluster.node(1).reads.length);
    cluster.settle();
    return cluster.node(1).reads.filter(({ isServed }) => isServed).length;
  };

  test('a leader that a majority answered lately reads at once', () => {
    expect(reads(leased())).toBe(1);
  });

  test('without the option it never does', () => {
    const cluster = new Cluster(three);
    cluster.elect(1);
    cluster.run(2);
    expect(reads(cluster)).toBe(0);
  });

  test('the lease counts from when the round was sent, not from when it was answered', () => {
    const cluster = leased();
    const held: HeartbeatReply[] = [];
    cluster.passes = (message) => {
      if (message.kind === 'heartbeat-reply') held.push(message);
      return message.kind !== 'heartbeat-reply';
    };
    cluster.run(8);
    for (const reply of held) if (reply.round === held[0]?.round) cluster.deliver(reply);
    expect(reads(cluster)).toBe(0);
  });

  test('it ends with time, with a doubt about the clock, and for good when leadership is handed over', () => {
    const late = leased();
    late.passes = () => false;
    late.tick(late.node(1), 8);
    expect(reads(late)).toBe(0);

    const paused = leased();
    paused.raft(1).voidLease();
    expect(reads(paused)).toBe(0);
    paused.heal();
    paused.run(2);
    expect(reads(paused)).toBeGreaterThan(0);

    const handing = leased();
    handing.passes = ({ kind }) => kind !== 'timeout-now';
    handing.raft(1).transfer(2);
    handing.run(15);
    expect(handing.raft(1).role).toBe('leader');
    expect(reads(handing)).toBe(0);
  });

  test('a follower keeps its promise, although a higher term made it forget the leader', () => {
    const cluster = leased();
    const refusal = { kind: 'vote-reply', isPreVote: true, isGranted: false } as const;
    cluster.deliver({ ...refusal, from: 3, to: 2, term: 9 });
    expect(cluster.raft(2)).toMatchObject({ term: 9, leader: 0 });
    const ask: RequestVote = {
      ...{ kind: 'request-vote', from: 3, to: 2, term: 9, isPreVote: false, isTransfer: false },
      ...{ lastIndex: 99, lastTerm: 8 },
    };
    cluster.network = [];
    for (const term of [9, 10]) cluster.deliver({ ...ask, term });
    cluster.raft(2).campaign();
    expect(cluster.raft(2)).toMatchObject({ term: 9, role: 'follower' });
    cluster.tick(cluster.node(2), 9);
    cluster.deliver(ask);
    cluster.take(cluster.node(2));
    expect(cluster.network).toEqual([]);
    cluster.tick(cluster.node(2));
    cluster.deliver(ask);
    cluster.settle();
    expect(cluster.node(2).disk.hardState).toMatchObject({ term: 9, vote: 3 });
  });

  test('a node that may have promised a lease before it restarted gives no vote for an election timeout', () => {
    const cluster = leased();
    cluster.crash(1);
    cluster.crash(2);
    cluster.restart(2);
    const ask: RequestVote = {
      ...{ kind: 'request-vote', from: 3, to: 2, term: 9, isPreVote: false, isTransfer: false },
      ...{ lastIndex: 99, lastTerm: 8 },
    };
    cluster.deliver(ask);
    expect(cluster.raft(2).term).toBe(1);
    cluster.tick(cluster.node(2), 10);
    cluster.deliver(ask);
    expect(cluster.raft(2).term).toBe(9);
  });
});
