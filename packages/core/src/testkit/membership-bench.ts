// The members of one case of the membership suite, and what holds for the events of every watcher in every case.

import { strict as assert } from 'node:assert';

import type { Member, MembershipEvent } from '../plugin/membership.ts';
import type { NodeId } from '../plugin/node.ts';
import type { Claim } from './claim.ts';
import type { MemberOptions, MembershipFixture, SimulatedMember } from './membership-fixture.ts';

/** A case before it has a fixture. */
export type MembershipClaim = Claim<MembershipBench, never>;

const nameOf = ({ nodeId, incarnation }: Member): string => `${nodeId}#${incarnation}`;

/** The members of one case. */
export class MembershipBench {
  readonly fixture: MembershipFixture;
  readonly #members: SimulatedMember[] = [];

  constructor(fixture: MembershipFixture) {
    this.fixture = fixture;
  }

  async start(nodeId: NodeId, options: Omit<MemberOptions, 'nodeId'> = {}): Promise<SimulatedMember> {
    const member = await this.fixture.start({ ...options, nodeId });
    this.#members.push(member);
    return member;
  }

  async join(member: SimulatedMember, ...seeds: readonly SimulatedMember[]): Promise<void> {
    await this.fixture.settle(member.membership.join(seeds.map(({ address }) => address)));
  }

  /** Members that all know each other. */
  async cluster(...nodeIds: readonly NodeId[]): Promise<readonly SimulatedMember[]> {
    const members: SimulatedMember[] = [];
    for (const nodeId of nodeIds) members.push(await this.start(nodeId));
    const [first, ...others] = members;
    assert.ok(first !== undefined);
    for (const member of others) await this.join(member, first);
    await this.converged(members);
    return members;
  }

  /** Waits until each of the members sees exactly all of them, alive and as who they are now. */
  async converged(members: readonly SimulatedMember[]): Promise<void> {
    const names = members
      .map(({ nodeId }) => nodeId)
      .toSorted()
      .join();
    const isConverged = (): boolean => {
      const lives = members
        .map(({ membership }) => nameOf(membership.self()))
        .toSorted()
        .join();
      return members.every(({ membership }) => {
        const seen = membership.members();
        return seen.every(({ status }) => status === 'alive') && seen.map(nameOf).toSorted().join() === lives;
      });
    };
    await this.fixture.eventually(isConverged, `${names} see each other alive`);
  }

  async sees(observer: SimulatedMember, entry: string): Promise<void> {
    await this.fixture.eventually(() => observer.log().includes(entry), `${observer.nodeId} sees "${entry}"`);
  }

  async close(): Promise<void> {
    await this.fixture.close();
    for (const { nodeId, lives } of this.#members) for (const life of lives) checkEvents(nodeId, life);
  }
}

/** The grammar of events, which holds for every watcher in every case. */
function checkEvents(observer: NodeId, events: readonly MembershipEvent[]): void {
  const states = new Map<string, 'alive' | 'suspect' | 'over'>();
  const present = new Map<NodeId, number>();
  for (const event of events) {
    if (event.kind === 'declared-dead') continue;
    const { kind, member } = event;
    // What a member is told of itself is its implementation's own affair.
    if (member.nodeId === observer) continue;
    const name = nameOf(member);
    const before = states.get(name);
    const why = `${observer} was told ${kind} of ${name}, which was ${before ?? 'unknown'}`;
    switch (kind) {
      case 'member-up':
        assert.equal(before, undefined, why);
        assert.equal(present.get(member.nodeId), undefined, `${why}; an older life of it is still a member`);
        present.set(member.nodeId, member.incarnation);
        states.set(name, 'alive');
        break;
      case 'member-suspect':
        assert.equal(before, 'alive', why);
        states.set(name, 'suspect');
        break;
      case 'member-reachable':
        assert.equal(before, 'suspect', why);
        states.set(name, 'alive');
        break;
      case 'member-updated':
        assert.ok(before === 'alive' || before === 'suspect', why);
        break;
      case 'member-left':
      case 'member-dead':
        assert.ok(before === 'alive' || before === 'suspect', why);
        states.set(name, 'over');
        present.delete(member.nodeId);
        break;
    }
  }
}
