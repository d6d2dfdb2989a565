// Changes of members as functions from configuration to configuration (Raft §6, and §4 of the thesis). Each refuses
// what would leave two successive configurations without a common voter in every pair of quorums.
import { ActorError } from '@actor/core';
import { isJoint, membersOf, sorted, type Configuration } from './configuration.ts';
import type { PeerId } from './entry.ts';

export interface ConfigChange {
  /** `add-learner` of a voter demotes it, `add-voter` of a learner promotes it. */
  readonly kind: 'add-voter' | 'add-learner' | 'remove';
  readonly id: PeerId;
}

function refuse(why: string): never {
  throw new ActorError('ACTOR_CONFIG_INVALID', `a change of members that ${why}`);
}

/** The voters and learners while changes are made to them. */
class Draft {
  readonly voters: Set<PeerId>;
  readonly learners: Set<PeerId>;
  readonly learnersNext: Set<PeerId> = new Set();
  readonly #outgoing: ReadonlySet<PeerId>;

  constructor(config: Configuration, outgoing: readonly PeerId[]) {
    this.voters = new Set(config.voters);
    this.learners = new Set(config.learners);
    this.#outgoing = new Set(outgoing);
  }

  apply({ kind, id }: ConfigChange): void {
    if (!Number.isSafeInteger(id) || id < 1) refuse(`names ${id}, which is no peer`);
    this.voters.delete(id);
    this.learners.delete(id);
    this.learnersNext.delete(id);
    if (kind === 'add-voter') this.voters.add(id);
    if (kind !== 'add-learner') return;
    // Who still votes in the outgoing half is a learner only when that half is gone.
    if (this.#outgoing.has(id)) this.learnersNext.add(id);
    else this.learners.add(id);
  }

  finish(outgoing: readonly PeerId[], autoLeave: boolean): Configuration {
    if (this.voters.size === 0) refuse('leaves no voter');
    return {
      voters: sorted(this.voters),
      outgoing,
      learners: sorted(this.learners),
      learnersNext: sorted(this.learnersNext),
      autoLeave,
    };
  }
}

/**
 * Changes at most one voter, without a joint configuration; learners change freely beside it.
 * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` in a joint configuration, for two voters, or when no voter is left.
 */
export function simple(config: Configuration, changes: readonly ConfigChange[]): Configuration {
  if (isJoint(config)) refuse('is simple while a joint one is in force');
  const draft = new Draft(config, []);
  for (const change of changes) draft.apply(change);
  const next = draft.finish([], false);
  const added = next.voters.filter((id) => !config.voters.includes(id)).length;
  const removed = config.voters.filter((id) => !next.voters.includes(id)).length;
  if (added + removed > 1) refuse('touches several voters without being joint');
  return next;
}

/**
 * Any change, by way of a configuration in which old and new majority must agree.
 * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` when joint already, or when no voter is left.
 */
export function enterJoint(
  config: Configuration,
  changes: readonly ConfigChange[],
  autoLeave: boolean,
): Configuration {
  if (isJoint(config)) refuse('enters a joint configuration within another');
  const draft = new Draft(config, config.voters);
  for (const change of changes) draft.apply(change);
  return draft.finish(config.voters, autoLeave);
}

/**
 * Drops the outgoing half, and lets those who waited for it become learners.
 * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` when not joint.
 */
export function leaveJoint(config: Configuration): Configuration {
  if (!isJoint(config)) refuse('leaves a joint configuration where there is none');
  const learners = sorted([...config.learners, ...config.learnersNext]);
  return { voters: config.voters, outgoing: [], learners, learnersNext: [], autoLeave: false };
}

/**
 * A configuration from elsewhere (disk, another node) in normal form.
 * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` when it could not have come out of the changes above.
 */
export function restore(config: Configuration): Configuration {
  const voters = sorted(config.voters);
  const outgoing = sorted(config.outgoing);
  const learners = sorted(config.learners);
  const learnersNext = sorted(config.learnersNext);
  const next = { voters, outgoing, learners, learnersNext, autoLeave: config.autoLeave };
  for (const id of [...membersOf(next), ...learnersNext])
    if (!Number.isSafeInteger(id) || id < 1) refuse(`names ${id}, which is no peer`);
  if (voters.length === 0) refuse('leaves no voter');
  if (learners.some((id) => voters.includes(id) || outgoing.includes(id))) refuse('has a learner that votes');
  if (learnersNext.some((id) => !outgoing.includes(id) || voters.includes(id)))
    refuse('stages a learner that does not leave with the outgoing half');
  if (config.autoLeave && outgoing.length === 0) refuse('leaves by itself what is not joint');
  return next;
}

export type MembersProposal =
  | { readonly kind: 'simple'; readonly changes: readonly ConfigChange[] }
  /** With `autoLeave` the leader, or its successor, leaves the joint configuration by itself. */
  | { readonly kind: 'enter-joint'; readonly changes: readonly ConfigChange[]; readonly autoLeave: boolean }
  | { readonly kind: 'leave-joint' };

/**
 * What a proposal makes of a configuration.
 * @throws {@link ActorError} `ACTOR_CONFIG_INVALID` as the change itself does.
 */
export function changed(config: Configuration, proposal: MembersProposal): Configuration {
  if (proposal.kind === 'simple') return simple(config, proposal.changes);
  if (proposal.kind === 'enter-joint') return enterJoint(config, proposal.changes, proposal.autoLeave);
  return leaveJoint(config);
}
