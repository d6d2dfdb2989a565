import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { committedIndex, majorityIndex, majorityVote, voteResult } from '../src/core/index.ts';

const voters = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 });
const half = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 7 });
const indexes = fc.array(fc.nat(12), { minLength: 10, maxLength: 10 });
const votes = fc.array(fc.option(fc.boolean(), { nil: undefined }), { minLength: 10, maxLength: 10 });

/** By definition: the highest index that more than half of them have reached. */
function bruteIndex(ids: readonly number[], acked: (id: number) => number): number {
  let best = 0;
  for (let index = 0; index <= 12; index++)
    if (ids.filter((id) => acked(id) >= index).length * 2 > ids.length) best = index;
  return best;
}
/** By definition: an outcome is certain when every way in which the missing votes may come gives it. */
function bruteVote(ids: readonly number[], vote: (id: number) => boolean | undefined): string {
  const yes = ids.filter((id) => vote(id) === true).length;
  const open = ids.filter((id) => vote(id) === undefined).length;
  if (yes * 2 > ids.length) return 'won';
  return (yes + open) * 2 > ids.length ? 'pending' : 'lost';
}

describe('R9: quorum arithmetic', () => {
  test('the index of a majority equals brute force, for any voters and indexes', () => {
    fc.assert(
      fc.property(voters, indexes, (ids, acks) => {
        const acked = (id: number): number => acks[id] ?? 0;
        expect(majorityIndex(ids, acked)).toBe(bruteIndex(ids, acked));
      }),
    );
  });

  test('a joint configuration commits what both halves have, for any two halves', () => {
    fc.assert(
      fc.property(voters, half, indexes, (incoming, outgoing, acks) => {
        const acked = (id: number): number => acks[id] ?? 0;
        const expected = Math.min(
          bruteIndex(incoming, acked),
          outgoing.length === 0 ? 12 : bruteIndex(outgoing, acked),
        );
        expect(committedIndex({ voters: incoming, outgoing }, acked)).toBe(expected);
      }),
    );
  });

  test('an election equals brute force, for any voters and answers', () => {
    fc.assert(
      fc.property(voters, votes, (ids, answers) => {
        expect(majorityVote(ids, (id) => answers[id])).toBe(bruteVote(ids, (id) => answers[id]));
      }),
    );
  });

  test('a joint election is won in both halves and lost in either, for any two halves', () => {
    fc.assert(
      fc.property(voters, half, votes, (incoming, outgoing, answers) => {
        const results = [incoming, outgoing]
          .filter((ids) => ids.length > 0)
          .map((ids) => bruteVote(ids, (id) => answers[id]));
        const expected = results.includes('lost') ? 'lost' : results.includes('pending') ? 'pending' : 'won';
        expect(voteResult({ voters: incoming, outgoing }, (id) => answers[id])).toBe(expected);
      }),
    );
  });

  test('half of an even number is no majority', () => {
    expect(majorityIndex([1, 2, 3, 4], (id) => (id <= 2 ? 7 : 0))).toBe(0);
    expect(majorityVote([1, 2, 3, 4], (id) => id <= 2)).toBe('lost');
  });

  test('a large outgoing half is not outvoted by the union', () => {
    const acked = (id: number): number => (id >= 3 ? 5 : 0);
    expect(committedIndex({ voters: [3, 4, 5], outgoing: [1, 2, 3] }, acked)).toBe(0);
  });
});
