// Who counts. A configuration is a value: sorted, without duplicates, never changed in place.
import type { PeerId } from './entry.ts';

/**
 * The members of a group. While `outgoing` holds somebody the configuration is *joint*: a decision needs a majority of
 * `voters` and a majority of `outgoing` (Raft §6).
 */
export interface Configuration {
  readonly voters: readonly PeerId[];
  /** The voters of the configuration that is being left; empty when not joint. */
  readonly outgoing: readonly PeerId[];
  /** They receive the log and don't vote. */
  readonly learners: readonly PeerId[];
  /** Voters of `outgoing` that become learners when the joint configuration is left. */
  readonly learnersNext: readonly PeerId[];
  /** The leader leaves the joint configuration by itself, as soon as it is committed. */
  readonly autoLeave: boolean;
}

/** A configuration that is not joint. */
export function configuration(voters: readonly PeerId[], learners: readonly PeerId[] = []): Configuration {
  return {
    voters: sorted(voters),
    outgoing: [],
    learners: sorted(learners),
    learnersNext: [],
    autoLeave: false,
  };
}

/** Ascending and each once. */
export const sorted = (ids: Iterable<PeerId>): readonly PeerId[] => [...new Set(ids)].sort((a, b) => a - b);

export const isJoint = (config: Configuration): boolean => config.outgoing.length > 0;

/** Whether a vote of this node counts, in either half. */
export const isVoter = (config: Configuration, id: PeerId): boolean =>
  config.voters.includes(id) || config.outgoing.includes(id);

/** Everybody who receives the log, ascending. */
export const membersOf = (config: Configuration): readonly PeerId[] =>
  sorted([...config.voters, ...config.outgoing, ...config.learners]);
