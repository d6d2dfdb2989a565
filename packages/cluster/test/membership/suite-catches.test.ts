// The membership suite is only as good as what it refuses. Each membership here breaks the contract in one way, and a
// case that names the breach must fail.
import type { Feed, Membership, MembershipEvent, MembershipFactory } from '@actor/core';
import { membershipSuite, simulatedMembers } from '@actor/core/testkit';
import { memory, memoryFabric } from '@actor/transport-memory';
import { describe, expect, test } from 'vitest';
import { heartbeats } from '../../src/membership/heartbeat-membership.ts';

type Breach = (inner: Membership) => Partial<Membership>;

/** Heartbeats with some of their methods replaced. */
function broken(breach: Breach, factory: MembershipFactory = heartbeats()): MembershipFactory {
  return (context) => {
    const inner = factory(context);
    const methods: Membership = {
      self: () => inner.self(),
      members: () => inner.members(),
      watch: (options) => inner.watch(options),
      join: (seeds, options) => inner.join(seeds, options),
      leave: () => inner.leave(),
      setMetadata: (metadata) => inner.setMetadata(metadata),
      start: (options) => inner.start(options),
      stop: (options) => inner.stop(options),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
    return { ...methods, ...breach(inner) };
  };
}

/** The events as the body makes them. */
function events(
  inner: Membership,
  body: (event: MembershipEvent) => readonly MembershipEvent[],
): Partial<Membership> {
  return {
    watch: (options) => {
      const feed = inner.watch(options);
      async function* changed(): AsyncGenerator<MembershipEvent> {
        for await (const event of feed) yield* body(event);
      }
      return changed() as unknown as Feed<MembershipEvent>;
    },
  };
}
const drop = (kind: MembershipEvent['kind']): Breach => {
  return (inner) => events(inner, (event) => (event.kind === kind ? [] : [event]));
};

const breaches: readonly {
  readonly what: string;
  readonly caught: RegExp;
  readonly make: () => MembershipFactory;
}[] = [
  {
    what: 'tells of a member twice',
    caught: /known to all, once/,
    make: () => broken((inner) => events(inner, (event) => [event, event])),
  },
  {
    what: 'does not tell of new members',
    caught: /two members that join/,
    make: () => broken(drop('member-up')),
  },
  {
    what: 'does not tell of suspicion',
    caught: /suspected by all, then dead/,
    make: () => broken(drop('member-suspect')),
  },
  {
    what: 'does not take suspicion back',
    caught: /refuted in time/,
    make: () => broken(drop('member-reachable')),
  },
  {
    what: 'does not tell of death',
    caught: /suspected by all, then dead/,
    make: () => broken(drop('member-dead')),
  },
  {
    what: 'does not learn that it was found dead',
    caught: /is back as its next life/,
    make: () => broken(drop('declared-dead')),
  },
  {
    what: 'does not tell of new metadata',
    caught: /new metadata reaches all/,
    make: () => broken(drop('member-updated')),
  },
  {
    what: 'makes a new array for each question',
    caught: /the same array/,
    make: () => broken((inner) => ({ members: () => [...inner.members()] })),
  },
  {
    what: 'sorts its members another way',
    caught: /sorted by id/,
    make: () => broken((inner) => ({ members: () => inner.members().toReversed() })),
  },
  {
    what: 'joins without having done so',
    caught: /join rejects with ACTOR_NO_ROUTE|two members that join/,
    make: () =>
      broken((inner) => ({
        join: (seeds) => {
          inner.join(seeds).catch(() => {});
          return Promise.resolve();
        },
      })),
  },
  {
    what: 'leaves without a word',
    caught: /seen to leave by all/,
    make: () => broken(() => ({ leave: () => Promise.resolve() })),
  },
  {
    what: 'takes any metadata',
    caught: /too large is refused/,
    make: () =>
      broken((inner) => ({
        setMetadata: (metadata) => {
          try {
            inner.setMetadata(metadata);
          } catch {
            return;
          }
        },
      })),
  },
  {
    what: 'ignores the signal of a join',
    caught: /an aborted join/,
    make: () => broken((inner) => ({ join: (seeds) => inner.join(seeds) })),
  },
  {
    what: 'does not end its watchers',
    caught: /stop ends all/,
    make: () => broken(() => ({ stop: () => Promise.resolve() })),
  },
];

async function failures(membership: () => MembershipFactory, only: RegExp): Promise<string[]> {
  const suite = membershipSuite(() => {
    const fabric = memoryFabric();
    const crash = (address: Parameters<typeof fabric.crash>[0]): void => void fabric.crash(address);
    return Promise.resolve(
      simulatedMembers({ membership: membership(), transport: memory({ fabric }), crash }),
    );
  });
  const failed: string[] = [];
  for (const one of suite.filter(({ name }) => only.test(name)))
    await one.run().catch(() => failed.push(one.name));
  return failed;
}

describe('the membership suite', () => {
  test('passes sound heartbeats behind the same wrapper', async () => {
    expect(await failures(() => broken(() => ({})), /./)).toEqual([]);
  });

  test.each(breaches)('refuses a membership that $what', async ({ make, caught }) => {
    expect(await failures(make, caught)).not.toEqual([]);
  });
});
