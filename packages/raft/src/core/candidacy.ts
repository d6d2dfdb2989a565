// One campaign: who was asked, and what they said. It ends with the term, or with a leader.
import type { Configuration } from './configuration.ts';
import type { PeerId } from './entry.ts';
import { voteResult, type VoteResult } from './quorum.ts';

export class Candidacy {
  /** Only asks whether it would win. */
  readonly isPreVote: boolean;
  readonly #votes = new Map<PeerId, boolean>();

  constructor(isPreVote: boolean) {
    this.isPreVote = isPreVote;
  }

  /** The first answer of each counts. */
  record(from: PeerId, isGranted: boolean): void {
    if (!this.#votes.has(from)) this.#votes.set(from, isGranted);
  }

  result(config: Configuration): VoteResult {
    return voteResult(config, (id) => this.#votes.get(id));
  }
}
