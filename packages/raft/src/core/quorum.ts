// The arithmetic of majorities, for one set of voters and for the two of a joint configuration. Both halves are judged
// apart: a tally over their union would let one half decide alone.
import type { Configuration } from './configuration.ts';
import type { PeerId } from './entry.ts';

export type VoteResult = 'won' | 'lost' | 'pending';

type Voters = Pick<Configuration, 'voters' | 'outgoing'>;

/** No voters agree to everything, so that an empty half of a joint configuration never holds the other one back. */
const everything = Number.MAX_SAFE_INTEGER;

/** The highest index that a majority has acknowledged. */
export function majorityIndex(voters: readonly PeerId[], acknowledged: (id: PeerId) => number): number {
  if (voters.length === 0) return everything;
  const indexes = voters.map(acknowledged).sort((a, b) => b - a);
  return indexes[voters.length >> 1] ?? 0;
}

/** The highest index that a majority of each half has acknowledged. */
export function committedIndex(config: Voters, acknowledged: (id: PeerId) => number): number {
  return Math.min(majorityIndex(config.voters, acknowledged), majorityIndex(config.outgoing, acknowledged));
}

/** How a majority stands; `undefined` is a vote that has not come. */
export function majorityVote(
  voters: readonly PeerId[],
  vote: (id: PeerId) => boolean | undefined,
): VoteResult {
  const needed = (voters.length >> 1) + 1;
  let yes = 0;
  let no = 0;
  for (const id of voters) {
    const answer = vote(id);
    if (answer === true) yes++;
    else if (answer === false) no++;
  }
  if (voters.length === 0 || yes >= needed) return 'won';
  return voters.length - no < needed ? 'lost' : 'pending';
}

/** How an election stands. It is won in both halves, and lost in either. */
export function voteResult(config: Voters, vote: (id: PeerId) => boolean | undefined): VoteResult {
  const incoming = majorityVote(config.voters, vote);
  const outgoing = majorityVote(config.outgoing, vote);
  if (incoming === outgoing) return incoming;
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending';
}
