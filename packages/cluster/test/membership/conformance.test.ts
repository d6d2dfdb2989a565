import { describe, test } from 'vitest';
import type { NodeAddress } from '@actor/core';
import { membershipSuite, simulatedMembers } from '@actor/core/testkit';
import { memory, memoryFabric } from '@actor/transport-memory';
import { heartbeats } from '../../src/membership/heartbeat-membership.ts';

describe.each([1, 2, 3])('membership conformance, seed %i', (seed) => {
  const suite = membershipSuite(() => {
    const fabric = memoryFabric();
    const crash = (address: NodeAddress): void => void fabric.crash(address);
    return Promise.resolve(
      simulatedMembers({ membership: heartbeats(), transport: memory({ fabric }), crash, seed }),
    );
  });
  for (const c of suite) test(c.name, () => c.run());
});
