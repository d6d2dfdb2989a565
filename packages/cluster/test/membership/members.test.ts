import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member, MembershipEvent } from '@actor/core';
import { isOver, Members } from '../../src/membership/members.ts';

function record(nodeId: string, changes: Partial<Member> = {}): Member {
  const address = { host: nodeId, port: 1 };
  return { nodeId, incarnation: 1, version: 0, address, status: 'alive', metadata: {}, ...changes };
}
const table = (membersMax = 100): Members => new Members(record('me'), { membersMax });
const kinds = (events: readonly MembershipEvent[]): string[] => events.map((event) => event.kind);

describe('merging a record', () => {
  test('of a stranger makes it a member, once', () => {
    const members = table();
    expect(kinds(members.merge(record('a')))).toEqual(['member-up']);
    expect(members.merge(record('a'))).toEqual([]);
    expect(members.live().map((member) => member.nodeId)).toEqual(['a', 'me']);
  });

  test('of an ended life that was never seen is remembered in silence', () => {
    const members = table();
    expect(members.merge(record('a', { status: 'dead' }))).toEqual([]);
    expect(members.merge(record('a', { version: 7 }))).toEqual([]);
    expect(members.live()).toHaveLength(1);
  });

  test('of a lower incarnation changes nothing', () => {
    const members = table();
    members.merge(record('a', { incarnation: 5 }));
    expect(members.merge(record('a', { incarnation: 4, version: 99 }))).toEqual([]);
  });

  test('with other metadata at a higher version is an update; suspicion of others is their own affair', () => {
    const members = table();
    members.merge(record('a'));
    const changed = record('a', { version: 1, metadata: { zone: 'b' }, status: 'suspect' });
    expect(kinds(members.merge(changed))).toEqual(['member-updated']);
    expect(members.get('a')).toMatchObject({ status: 'alive', metadata: { zone: 'b' } });
    expect(members.merge(record('a', { version: 1, metadata: {} }))).toEqual([]);
  });

  test('that says left after dead, or dead after left, reports no second end', () => {
    const members = table();
    members.merge(record('a'));
    expect(kinds(members.merge(record('a', { status: 'dead' })))).toEqual(['member-dead']);
    expect(members.merge(record('a', { status: 'left' }))).toEqual([]);
    expect(members.get('a')?.status).toBe('left');
    expect(members.merge(record('a', { status: 'dead' }))).toEqual([]);
    expect(members.get('a')?.status).toBe('left');
  });

  test('of an earlier life at an address where a later one lives is taken as ended', () => {
    const members = table();
    members.merge(record('new', { incarnation: 9, address: { host: 'x', port: 1 } }));
    expect(members.merge(record('old', { incarnation: 3, address: { host: 'x', port: 1 } }))).toEqual([]);
    expect(members.get('old')?.status).toBe('dead');
  });

  test('that ends a life nobody saw ends the one that was seen before it', () => {
    const members = table();
    members.merge(record('a'));
    const events = members.merge(record('a', { incarnation: 2, status: 'left' }));
    expect(events).toMatchObject([{ kind: 'member-dead', reason: 'replaced', member: { incarnation: 1 } }]);
  });
});

test('the list of members is one array until something changes', () => {
  const members = table();
  members.merge(record('a'));
  const before = members.live();
  members.merge(record('a'));
  expect(members.live()).toBe(before);
  members.suspect('a');
  expect(members.live()).not.toBe(before);
});

test('ended lives are remembered up to membersMax, then the earliest are forgotten', () => {
  const members = table(3);
  for (const id of 'abcde') members.merge(record(id, { status: 'dead' }));
  expect(members.ended().map((member) => member.nodeId)).toEqual(['c', 'd', 'e']);
});

test('suspicion is not part of the digest, versions and lives are', () => {
  const members = table();
  members.merge(record('a'));
  const before = members.digest();
  members.suspect('a');
  expect(members.digest()).toBe(before);
  members.merge(record('a', { version: 1 }));
  expect(members.digest()).not.toBe(before);
});

const records = fc.array(
  fc
    .record({
      nodeId: fc.constantFrom('a', 'b', 'c'),
      incarnation: fc.integer({ min: 1, max: 3 }),
      version: fc.nat(2),
      status: fc.constantFrom('alive' as const, 'suspect' as const, 'left' as const, 'dead' as const),
    })
    .map(({ nodeId, ...changes }) => record(nodeId, changes)),
  { maxLength: 20 },
);

test('two nodes that heard the same in any order agree, for any history', () => {
  fc.assert(
    fc.property(
      records.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([one, other]) => {
        const [left, right] = [table(), table()];
        for (const each of one) left.merge(each);
        for (const each of other) right.merge(each);
        const lives = (members: Members) =>
          ['a', 'b', 'c'].map((id) => {
            const member = members.get(id);
            return member === undefined ? undefined : [member.incarnation, isOver(member)];
          });
        expect(lives(left)).toEqual(lives(right));
        expect(left.digest()).toBe(right.digest());
      },
    ),
  );
});

test('each life is reported up once and ended at most once, for any history', () => {
  fc.assert(
    fc.property(records, (all) => {
      const members = table();
      const seen = new Map<string, string>();
      for (const event of all.flatMap((each) => members.merge(each))) {
        if (event.kind === 'declared-dead') continue;
        const life = `${event.member.nodeId}/${event.member.incarnation}`;
        const before = seen.get(life);
        if (event.kind === 'member-up') expect(before).toBeUndefined();
        else expect(before).toBe('live');
        seen.set(life, event.kind === 'member-dead' || event.kind === 'member-left' ? 'over' : 'live');
      }
    }),
  );
});
