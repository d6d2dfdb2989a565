import { describe, expect, test } from 'vitest';
import { configuration, Raft, type RaftOptions } from '../src/core/index.ts';
import { Cluster } from './cluster.ts';

const founding = { index: 0, term: 0, configuration: configuration([1, 2, 3]) };
const start = (options: Partial<RaftOptions>): Raft =>
  new Raft({ id: 1, random: () => 0, snapshot: founding, ...options });

describe('the start of a node', () => {
  test.each<[string, Partial<RaftOptions>]>([
    ['raft.id', { id: 0 }],
    ['raft.electionTicks', { electionTicks: 1 }],
    ['raft.heartbeatTicks', { heartbeatTicks: 0.5 }],
    ['raft.readsMax', { readsMax: 0 }],
    ['raft.leaseDriftTicks', { lease: true, leaseDriftTicks: 8 }],
    ['leaves no voter', { snapshot: { ...founding, configuration: configuration([]) } }],
  ])('an option that makes no sense is refused by its name: %s', (why, options) => {
    expect(() => start(options)).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', message: expect.stringContaining(why) }),
    );
  });

  test.each<[string, Partial<RaftOptions>]>([
    ['a commit index beyond its end', { hardState: { term: 1, vote: 0, commit: 3 } }],
    ['a term of which the disk knows nothing', { entries: [{ kind: 'no-op', index: 1, term: 2 }] }],
    [
      'a hole',
      { hardState: { term: 1, vote: 0, commit: 0 }, entries: [{ kind: 'no-op', index: 2, term: 1 }] },
    ],
    ['less than what was applied', { applied: 4 }],
  ])('a log with %s is not believed', (_, options) => {
    expect(() => start(options)).toThrow(expect.objectContaining({ code: 'ACTOR_ASSERTION' }));
  });

  test('a node that has nothing to do has no batch, after it has said what it is', () => {
    const raft = start({});
    expect(raft.ready()).toEqual({
      ...{ send: [], persist: undefined, apply: undefined, reads: [] },
      softState: { role: 'follower', leader: 0, term: 0, isDamaged: false },
    });
    expect(raft.ready()).toBeUndefined();
  });

  test('R32: nodes that start together have a leader within two election timeouts, nearly always', () => {
    let late = 0;
    for (let seed = 1; seed <= 200; seed++) {
      let state = seed;
      const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
      const cluster = new Cluster({ voters: [1, 2, 3, 4, 5] }, { random });
      cluster.run(20);
      if (cluster.leaders.length !== 1) late++;
    }
    expect(late).toBeLessThanOrEqual(2);
  });
});
