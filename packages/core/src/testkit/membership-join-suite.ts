// Claims about members that work: who joins, what is known of them, and how they go.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import { rejection } from './case.ts';
import type { MembershipClaim } from './membership-bench.ts';

export const membershipJoinClaims: readonly MembershipClaim[] = [
  {
    name: 'a member that is alone sees itself, alive, as its host made it',
    run: async (bench) => {
      const a = await bench.start('a', { incarnation: 7, metadata: { zone: 'x', spot: true, cores: 4 } });
      const self = a.membership.self();
      assert.equal(self.nodeId, 'a');
      assert.equal(self.incarnation, 7);
      assert.equal(self.status, 'alive');
      assert.deepEqual(self.address, a.address);
      assert.deepEqual(self.metadata, { zone: 'x', spot: true, cores: 4 });
      assert.deepEqual(a.membership.members(), [self]);
    },
  },
  {
    name: 'two members that join see each other, with all that each said of itself',
    run: async (bench) => {
      const a = await bench.start('a', { incarnation: 3, metadata: { zone: 'x' } });
      const b = await bench.start('b', { incarnation: 5, metadata: { zone: 'y' } });
      await bench.join(b, a);
      assert.ok(b.find('a') !== undefined, 'join resolves when the view has been merged');
      await bench.converged([a, b]);
      await bench.sees(a, 'member-up b#5');
      await bench.sees(b, 'member-up a#3');
      assert.deepEqual(a.find('b')?.metadata, { zone: 'y' });
      assert.deepEqual(a.find('b')?.address, b.address);
      assert.deepEqual(b.find('a')?.metadata, { zone: 'x' });
    },
  },
  {
    name: 'who joins through one seed is known to all, once, and knows all',
    run: async (bench) => {
      const members = await bench.cluster('c', 'a', 'e', 'b', 'd');
      await bench.fixture.pass(5_000);
      await bench.converged(members);
      for (const observer of members) {
        for (const { nodeId } of members) {
          if (nodeId === observer.nodeId) continue;
          assert.deepEqual(observer.log(nodeId), [`member-up ${nodeId}#1`]);
        }
      }
    },
  },
  {
    name: 'members are sorted by id, and the same array until something changes',
    run: async (bench) => {
      const [c] = await bench.cluster('c', 'a', 'b');
      assert.ok(c !== undefined);
      const before = c.membership.members();
      assert.deepEqual(
        before.map(({ nodeId }) => nodeId),
        ['a', 'b', 'c'],
      );
      await bench.fixture.pass(3_000);
      assert.equal(c.membership.members(), before);
      c.membership.setMetadata({ changed: true });
      const after = c.membership.members();
      assert.notEqual(after, before);
      assert.deepEqual(
        before.find(({ nodeId }) => nodeId === 'c')?.metadata,
        {},
        'an old array stays as it was',
      );
      assert.deepEqual(after.find(({ nodeId }) => nodeId === 'c')?.metadata, { changed: true });
    },
  },
  {
    name: 'join passes over the own address and those where nobody is',
    run: async (bench) => {
      const [a, gone, b] = [await bench.start('a'), await bench.start('gone'), await bench.start('b')];
      const nowhere = gone.address;
      await bench.fixture.settle(gone.stop());
      await bench.fixture.settle(b.membership.join([b.address, nowhere, a.address]));
      await bench.converged([a, b]);
    },
  },
  {
    name: 'join rejects with ACTOR_NO_ROUTE when nobody answers, and the member goes on alone',
    run: async (bench) => {
      const [a, gone] = [await bench.start('a'), await bench.start('gone')];
      const nowhere = gone.address;
      await bench.fixture.settle(gone.stop());
      const error = await bench.fixture.settle(rejection(a.membership.join([nowhere]), 'the join'));
      assert.ok(isActorError(error, 'ACTOR_NO_ROUTE'), String(error));
      assert.deepEqual(a.alive(), ['a']);
      const b = await bench.start('b');
      await bench.join(a, b);
      await bench.converged([a, b]);
    },
  },
  {
    name: 'join rejects with the code of a refusal when another cluster answers',
    run: async (bench) => {
      const a = await bench.start('a');
      const foreign = await bench.start('foreign', { clusterName: 'another' });
      const error = await bench.fixture.settle(
        rejection(a.membership.join([foreign.address]), 'the join of another cluster'),
      );
      const isRefusal =
        isActorError(error, 'ACTOR_PROTOCOL_MISMATCH') || isActorError(error, 'ACTOR_UNAUTHENTICATED');
      assert.ok(isRefusal, String(error));
      assert.deepEqual([a.alive(), foreign.alive()], [['a'], ['foreign']]);
    },
  },
  {
    name: "an aborted join rejects with the signal's reason",
    run: async (bench) => {
      const [a, gone] = [await bench.start('a'), await bench.start('gone')];
      const nowhere = gone.address;
      await bench.fixture.settle(gone.stop());
      const reason = new RangeError('enough');
      const early = a.membership.join([nowhere], { signal: AbortSignal.abort(reason) });
      assert.equal(await bench.fixture.settle(rejection(early, 'the join')), reason);
      const controller = new AbortController();
      const join = rejection(a.membership.join([nowhere], { signal: controller.signal }), 'the join');
      controller.abort(reason);
      assert.equal(await bench.fixture.settle(join), reason);
    },
  },
  {
    name: 'two clusters of one name become one when a member of one joins the other',
    run: async (bench) => {
      const left = await bench.cluster('a', 'b');
      const right = await bench.cluster('c', 'd');
      const [[a], [c]] = [left, right];
      assert.ok(a !== undefined && c !== undefined);
      await bench.join(a, c);
      await bench.converged([...left, ...right]);
    },
  },
  {
    name: 'new metadata reaches all with a higher version, and one that is too large is refused',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      const version = b.find('a')?.version ?? 0;
      a.membership.setMetadata({ load: 3 });
      for (const observer of [b, c]) {
        await bench.sees(observer, 'member-updated a#1');
        assert.deepEqual(observer.find('a')?.metadata, { load: 3 });
        assert.ok((observer.find('a')?.version ?? 0) > version);
      }
      assert.throws(
        () => a.membership.setMetadata({ large: 'x'.repeat(4 * 1_048_576) }),
        (error: unknown) => isActorError(error, 'ACTOR_CONFIG_INVALID'),
      );
      assert.deepEqual(a.membership.self().metadata, { load: 3 });
    },
  },
  {
    name: 'a member that leaves is seen to leave by all, and never to die',
    run: async (bench) => {
      const [a, b, c] = await bench.cluster('a', 'b', 'c');
      assert.ok(a !== undefined && b !== undefined && c !== undefined);
      await bench.fixture.settle(b.membership.leave());
      await bench.fixture.settle(b.stop());
      for (const observer of [a, c]) {
        await bench.sees(observer, 'member-left b#1');
        assert.equal(observer.find('b'), undefined);
      }
      await bench.fixture.pass(60_000);
      for (const observer of [a, c]) {
        assert.deepEqual(observer.log('b'), ['member-up b#1', 'member-left b#1']);
        assert.deepEqual(observer.alive(), ['a', 'c']);
      }
    },
  },
  {
    name: 'a member that left may come back as a new incarnation',
    run: async (bench) => {
      const [a, b] = await bench.cluster('a', 'b');
      assert.ok(a !== undefined && b !== undefined);
      const listen = b.address;
      await bench.fixture.settle(b.membership.leave());
      await bench.fixture.settle(b.stop());
      const again = await bench.start('b', { incarnation: 2, listen });
      await bench.join(again, a);
      await bench.converged([a, again]);
      assert.deepEqual(a.log('b'), ['member-up b#1', 'member-left b#1', 'member-up b#2']);
    },
  },
  {
    name: 'watchers are independent; a signal ends one, stop ends all',
    run: async (bench) => {
      const a = await bench.start('a');
      const controller = new AbortController();
      const seen: string[] = [];
      const watch = async (name: string, signal?: AbortSignal): Promise<void> => {
        for await (const { kind } of a.membership.watch(signal === undefined ? {} : { signal })) {
          seen.push(`${name} ${kind}`);
        }
        seen.push(`${name} ended`);
      };
      const watching = [watch('one', controller.signal), watch('two')];
      const b = await bench.start('b');
      await bench.join(b, a);
      await bench.fixture.eventually(() => seen.length >= 2, 'both watchers see member-up');
      controller.abort();
      await bench.fixture.eventually(() => seen.includes('one ended'), 'the end of the first');
      await bench.fixture.settle(a.stop());
      await bench.fixture.settle(Promise.all(watching));
      assert.equal(seen.filter((entry) => entry === 'two ended').length, 1);
    },
  },
  {
    name: 'stop may come twice and before any join, and ends without a word',
    run: async (bench) => {
      const a = await bench.start('a');
      await bench.fixture.settle(Promise.all([a.membership.stop(), a.membership.stop()]));
      await bench.fixture.settle(a.membership[Symbol.asyncDispose]());
      const events = a.events.length;
      await bench.fixture.pass(5_000);
      assert.equal(a.events.length, events);
    },
  },
];
