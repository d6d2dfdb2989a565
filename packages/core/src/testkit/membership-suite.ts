// What every membership must do, as data. All of it in virtual time, so the waits are generous and cost nothing.

import type { Case } from './case.ts';
import { casesOf } from './claim.ts';
import { MembershipBench } from './membership-bench.ts';
import { membershipFailureClaims } from './membership-failure-suite.ts';
import type { MembershipFixture } from './membership-fixture.ts';
import { membershipJoinClaims } from './membership-join-suite.ts';

/**
 * The conformance suite for `Membership`.
 *
 * @example
 * const suite = membershipSuite(() => {
 *   const fabric = memoryFabric();
 *   const crash = (address: NodeAddress) => void fabric.crash(address);
 *   return Promise.resolve(simulatedMembers({ membership: gossip(), transport: memory({ fabric }), crash }));
 * });
 */
export function membershipSuite(make: () => Promise<MembershipFixture>): readonly Case[] {
  return casesOf(
    [...membershipJoinClaims, ...membershipFailureClaims],
    async () => new MembershipBench(await make()),
  );
}
