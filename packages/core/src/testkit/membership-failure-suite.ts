// Claims about members that fail, or only seem to: crashes, restarts, stalls and partitions.

import { strict as assert } from 'node:assert';

import type { SimulatedMember } from './membership-fixture.ts';
import type { MembershipBench, MembershipClaim } from './membership-bench.ts';

const has = (observer: SimulatedMember, entry: string): boolean => observer.log().includes(entry);
const dead = (observer: SimulatedMember): string[] =>
  observer.log().filter((entry) => entry.startsWith('member-dead') || entry.startsWith('declared-dead'));

export const membershipFailureClaims: readonly MembershipClaim[] = [
  {
    name: 'a member that crashed is suspected by all, then dead, and a member until then',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      b.crash();
      for (const observer of [a, c]) {
        await bench.sees(observer, 'member-suspect b#1');
        if (!has(observer, 'member-dead b#1')) assert.equal(observer.find('b')?.status, 'suspect');
        await bench.sees(observer, 'member-dead b#1');
        assert.equal(observer.find('b'), undefined);
        assert.equal(observer.log('b').at(-2), 'member-suspect b#1');
        const event = observer.events.find(({ kind }) => kind === 'member-dead');
        assert.equal(event?.kind === 'member-dead' ? event.reason : undefined, 'unreachable');
      }
      await bench.converged([a, c]);
    },
  },
  {
    name: 'a crash takes down nobody else',
    run: async (bench) => {
      const members = await bench.cluster('a', 'b', 'c', 'd', 'e');
      const [a, b, ...others] = members;
      assert.ok(a !== undefined && b !== undefined);
      b.crash();
      const survivors = [a, ...others];
      for (const observer of survivors) await bench.sees(observer, 'member-dead b#1');
      await bench.fixture.pass(30_000);
      for (const observer of survivors) assert.deepEqual(dead(observer), ['member-dead b#1']);
      await bench.converged(survivors);
    },
  },
  {
    name: 'the last two of five go on when the others crash at once',
    run: async (bench) => {
      const [a, b, ...others] = await bench.cluster('a', 'b', 'c', 'd', 'e');
      assert.ok(a !== undefined && b !== undefined);
      for (const member of others) member.crash();
      await bench.converged([a, b]);
    },
  },
  {
    name: 'a member that restarts at the same address replaces its older life before that is found dead',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      const listen = b.address;
      b.crash();
      const again = await bench.start('b', { incarnation: 2, listen });
      await bench.join(again, a);
      await bench.converged([a, again, c]);
      for (const observer of [a, c]) {
        assert.equal(observer.log('b').at(-1), 'member-up b#2');
        const replaced = observer.events.find(({ kind }) => kind === 'member-dead');
        assert.equal(replaced?.kind === 'member-dead' ? replaced.reason : undefined, 'replaced');
      }
    },
  },
  {
    name: 'a member that restarts at another address replaces its older life as well',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      b.crash();
      const again = await bench.start('b', { incarnation: 2 });
      await bench.join(again, c);
      await bench.converged([a, again, c]);
      assert.deepEqual(a.find('b')?.address, again.address);
      assert.equal(a.find('b')?.incarnation, 2);
    },
  },
  {
    name: 'a member that stalls for three heartbeats is not found dead, and finds nobody dead',
    run: async (bench) => {
      const members = await bench.cluster('a', 'b', 'c');
      await bench.fixture.pass(10_000);
      bench.fixture.simulation.pause('b', bench.fixture.timing.heartbeatIntervalMs * 3);
      await bench.fixture.pass(30_000);
      for (const observer of members) assert.deepEqual(dead(observer), []);
      await bench.converged(members);
    },
  },
  {
    name: 'a member that wakes from a long stall accuses nobody',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      await bench.fixture.pass(10_000);
      bench.fixture.simulation.pause('b', 60_000);
      await bench.fixture.pass(90_000);
      await bench.converged([a, b, c]);
      const accused = b.log().filter((entry) => /^member-(suspect|dead)/.test(entry));
      assert.deepEqual(accused, []);
      for (const observer of [a, c]) assert.ok(!has(observer, `member-dead ${observer === a ? 'c' : 'a'}#1`));
    },
  },
  {
    name: 'a suspicion that is refuted in time ends with member-reachable',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      bench.fixture.network.isolate('b');
      await bench.sees(a, 'member-suspect b#1');
      bench.fixture.network.heal();
      await bench.sees(a, 'member-reachable b#1');
      await bench.converged([a, b, c]);
      assert.deepEqual(dead(a), []);
    },
  },
  ...[
    ['a', 'b'],
    ['a', 'b', 'c'],
  ].map((ids) => ({
    name: `an outage between all of ${ids.join('')} that is over before a death ends with all of them reachable, for good`,
    run: async (bench: MembershipBench) => {
      const members = await bench.cluster(...ids);
      const [a] = members;
      assert.ok(a !== undefined);
      await bench.fixture.pass(5_000);
      bench.fixture.network.partition(...ids.map((id) => [id]));
      for (const observer of members) {
        await bench.sees(observer, `member-suspect ${observer === a ? 'b' : 'a'}#1`);
      }
      bench.fixture.network.heal();
      await bench.converged(members);
      await bench.fixture.pass(5_000);
      const logs = members.map((member) => member.log());
      await bench.fixture.pass(30_000);
      assert.deepEqual(
        members.map((member) => member.log()),
        logs,
      );
      for (const observer of members) assert.deepEqual(dead(observer), []);
    },
  })),
  {
    name: 'a member that one other cannot hear, but the rest can, is not found dead',
    run: async (bench) => {
      const members = await bench.cluster('a', 'b', 'c', 'd');
      await bench.fixture.pass(5_000);
      bench.fixture.network.oneWay(['a'], ['b']);
      await bench.fixture.pass(60_000);
      for (const observer of members) assert.deepEqual(dead(observer), []);
      bench.fixture.network.heal();
      await bench.converged(members);
    },
  },
  {
    name: 'two members whose link is cut, but who share a third, are not found dead',
    run: async (bench) => {
      const members = await bench.cluster('a', 'b', 'c');
      await bench.fixture.pass(5_000);
      bench.fixture.network.partition(['a'], ['b']);
      await bench.fixture.pass(60_000);
      for (const observer of members) assert.deepEqual(dead(observer), []);
      bench.fixture.network.heal();
      await bench.converged(members);
    },
  },
  {
    name: 'a member that was found dead learns it when the partition heals, and is back as its next life',
    run: async (bench) => {
      const [a, b, c, d] = await bench.cluster('a', 'b', 'c', 'd');
      assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
      bench.fixture.network.isolate('d');
      for (const observer of [a, b, c]) await bench.sees(observer, 'member-dead d#1');
      await bench.fixture.pass(10_000);
      bench.fixture.network.heal();
      await bench.converged([a, b, c, d]);
      assert.equal(d.log().filter((entry) => entry.startsWith('declared-dead')).length, 1);
      assert.ok((a.find('d')?.incarnation ?? 0) > 1);
      for (const observer of [a, b, c])
        assert.equal(observer.lives.length, 1, 'the larger side keeps its life');
    },
  },
  {
    name: 'declared-dead names an accuser and an incarnation that a next life must exceed',
    run: async (bench) => {
      const [a, b] = await bench.cluster('a', 'b', 'c');
      const d = await bench.start('d', { incarnation: 9, isReborn: false });
      assert.ok(a !== undefined && b !== undefined);
      await bench.join(d, a);
      bench.fixture.network.isolate('d');
      await bench.sees(a, 'member-dead d#9');
      await bench.sees(b, 'member-dead d#9');
      bench.fixture.network.heal();
      const accusation = (): boolean => d.events.some(({ kind }) => kind === 'declared-dead');
      await bench.fixture.eventually(accusation, 'declared-dead');
      const event = d.events.find(({ kind }) => kind === 'declared-dead');
      assert.ok(event?.kind === 'declared-dead' && event.incarnation >= 9 && event.by !== 'd');
    },
  },
  {
    name: 'halves that lost each other become one again when the partition heals, with no help',
    run: async (bench) => {
      const members = await bench.cluster('a', 'b', 'c', 'd', 'e');
      bench.fixture.network.partition(['a', 'b'], ['c', 'd', 'e']);
      const [a, b, c, d, e] = members;
      assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined && e !== undefined);
      await bench.converged([a, b]);
      await bench.converged([c, d, e]);
      await bench.fixture.pass(30_000);
      bench.fixture.network.heal();
      await bench.converged(members);
    },
  },
  {
    name: 'a partition that nobody is told of is found out, and heals as well',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      bench.fixture.network.oneWay(['c'], ['a', 'b']);
      bench.fixture.network.oneWay(['a', 'b'], ['c']);
      await bench.sees(a, 'member-dead c#1');
      await bench.fixture.pass(10_000);
      bench.fixture.network.heal();
      await bench.converged([a, b, c]);
    },
  },
  {
    name: 'a member that can speak but not hear takes down nobody',
    run: async (bench) => {
      const [a, b, c, d] = await bench.cluster('a', 'b', 'c', 'd');
      assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
      await bench.fixture.pass(5_000);
      bench.fixture.network.oneWay(['a', 'b', 'c'], ['d']);
      await bench.fixture.pass(60_000);
      for (const observer of [a, b, c]) {
        const others = dead(observer).filter((entry) => !entry.startsWith('member-dead d#'));
        assert.deepEqual(others, [], `${observer.nodeId} believed the deaf member`);
      }
      bench.fixture.network.heal();
      await bench.converged([a, b, c, d]);
    },
  },
];
