// What every discovery must do, as data. A list that is fixed and a registry that fills over time are both one, so much
// depends on a capability, which the case names.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import type { Discovery } from '../plugin/discovery.ts';
import { formatAddress, type NodeAddress, type NodeId, type NodeInfo } from '../plugin/node.ts';
import { type Case, type Passage, rejection } from './case.ts';
import { casesOf, type Claim } from './claim.ts';

/** What a discovery can do beyond answering from what it was configured with. */
export interface DiscoveryFeatures {
  /** What one node registers, another discovers. */
  readonly shared: boolean;
  /** Its source can fail, and the fixture can make it. */
  readonly outages: boolean;
}

export interface DiscoveryFixture extends Passage {
  /** A discovery on the fixture's source, as the named node has it; not started. */
  make(nodeId: NodeId): Discovery;
  /** What is found while nobody has registered. */
  readonly listed: readonly NodeAddress[];
  /** With `outages`: from now on the source can't be asked, or can be again. */
  setOutage?(isOut: boolean): void;
  /** Frees what the fixture holds, after all its discoveries have been stopped. */
  close(): Promise<void>;
}

const info = (nodeId: NodeId, port: number, zone = 'x'): NodeInfo => ({
  nodeId,
  address: { host: '10.0.0.1', port },
  incarnation: 1,
  metadata: { zone },
});
const names = (nodes: readonly NodeInfo[]): string[] =>
  nodes.map(({ address }) => formatAddress(address)).toSorted();
const idsOf = (nodes: readonly NodeInfo[] | undefined): (NodeId | undefined)[] | undefined =>
  nodes?.flatMap(({ nodeId }) => (nodeId === undefined ? [] : [nodeId])).toSorted();

class Bench {
  readonly fixture: DiscoveryFixture;
  readonly #made: Discovery[] = [];
  readonly #watching: Promise<void>[] = [];

  constructor(fixture: DiscoveryFixture) {
    this.fixture = fixture;
  }

  make(nodeId: NodeId): Discovery {
    const discovery = this.fixture.make(nodeId);
    this.#made.push(discovery);
    return discovery;
  }

  async start(nodeId: NodeId): Promise<Discovery> {
    const discovery = this.make(nodeId);
    await this.fixture.settle(discovery.start());
    return discovery;
  }

  async discover(discovery: Discovery): Promise<readonly NodeInfo[]> {
    return this.fixture.settle(discovery.discover());
  }

  /** All that a watcher is told, and whether it has come to its end. */
  watch(
    discovery: Discovery,
    signal?: AbortSignal,
  ): { readonly seen: (readonly NodeInfo[])[]; isOver: boolean } {
    const watcher: { readonly seen: (readonly NodeInfo[])[]; isOver: boolean } = { seen: [], isOver: false };
    const follow = async (): Promise<void> => {
      for await (const nodes of discovery.watch(signal === undefined ? {} : { signal }))
        watcher.seen.push(nodes);
      watcher.isOver = true;
    };
    const following = follow();
    // Reported at the end; until then the rejection must not count as unhandled.
    following.catch(() => {});
    this.#watching.push(following);
    return watcher;
  }

  async close(): Promise<void> {
    for (const discovery of this.#made) await this.fixture.settle(discovery.stop({ deadlineMs: 1_000 }));
    await this.fixture.settle(Promise.all(this.#watching));
    await this.fixture.close();
  }
}

const claims: readonly Claim<Bench, keyof DiscoveryFeatures>[] = [
  {
    name: 'it finds what it was configured with, and no more while nobody has registered',
    run: async (bench) => {
      const found = await bench.discover(await bench.start('a'));
      assert.deepEqual(names(found), bench.fixture.listed.map(formatAddress).toSorted());
    },
  },
  {
    name: 'it says whether it lists all first nodes, always the same',
    run: async (bench) => {
      const a = bench.make('a');
      const before = a.complete;
      await bench.fixture.settle(a.start());
      assert.equal(a.complete, before);
    },
  },
  {
    name: 'an answer is a snapshot, and asking again gives an equal one',
    run: async (bench) => {
      const a = await bench.start('a');
      const first = await bench.discover(a);
      const copy = structuredClone(first);
      await bench.fixture.settle(a.register(info('a', 1)));
      await bench.discover(a);
      assert.deepEqual(first, copy);
      await bench.fixture.settle(a.deregister('a'));
      assert.deepEqual(names(await bench.discover(a)), names(first));
    },
  },
  {
    name: "a discover with an aborted signal rejects with the signal's reason",
    run: async (bench) => {
      const a = await bench.start('a');
      const reason = new RangeError('enough');
      const asked = rejection(a.discover({ signal: AbortSignal.abort(reason) }), 'discover');
      assert.equal(await bench.fixture.settle(asked), reason);
    },
  },
  {
    name: 'a watcher is told at once, and ends with its signal',
    run: async (bench) => {
      const a = await bench.start('a');
      const controller = new AbortController();
      const watcher = bench.watch(a, controller.signal);
      await bench.fixture.eventually(() => watcher.seen.length === 1, 'the nodes now');
      assert.deepEqual(names(watcher.seen[0] ?? []), bench.fixture.listed.map(formatAddress).toSorted());
      assert.equal(watcher.isOver, false);
      controller.abort();
      await bench.fixture.eventually(() => watcher.isOver, 'the end of the watch');
    },
  },
  {
    name: 'a watch whose signal was aborted before ends at once',
    run: async (bench) => {
      const watcher = bench.watch(await bench.start('a'), AbortSignal.abort());
      await bench.fixture.eventually(() => watcher.isOver, 'the end of the watch');
    },
  },
  {
    name: 'stop ends every watch',
    run: async (bench) => {
      const a = await bench.start('a');
      const watchers = [bench.watch(a), bench.watch(a)];
      await bench.fixture.eventually(() => watchers.every(({ seen }) => seen.length === 1), 'the nodes now');
      await bench.fixture.settle(a.stop());
      await bench.fixture.eventually(() => watchers.every(({ isOver }) => isOver), 'the end of both watches');
    },
  },
  {
    name: 'deregistering a node that nobody registered is no error',
    run: async (bench) => {
      const a = await bench.start('a');
      await bench.fixture.settle(a.deregister('nobody'));
    },
  },
  {
    name: 'stop may come twice, before start and during it',
    run: async (bench) => {
      const never = bench.make('never');
      await bench.fixture.settle(never.stop());
      const during = bench.make('during');
      const start = during.start().catch(() => {});
      await bench.fixture.settle(Promise.all([start, during.stop(), during.stop()]));
      await bench.fixture.settle(during[Symbol.asyncDispose]());
    },
  },
  {
    name: "a start with an aborted signal rejects with the signal's reason",
    run: async (bench) => {
      const a = bench.make('a');
      const reason = new RangeError('not now');
      const start = rejection(a.start({ signal: AbortSignal.abort(reason) }), 'the start');
      assert.equal(await bench.fixture.settle(start), reason);
    },
  },
  {
    name: 'a node that registers is found by others, with all that it said, until it deregisters',
    requires: 'shared',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      await bench.fixture.settle(a.register(info('a', 1)));
      const found = (await bench.discover(b)).find(({ nodeId }) => nodeId === 'a');
      assert.deepEqual(found, info('a', 1));
      await bench.fixture.settle(a.deregister('a'));
      assert.deepEqual(idsOf(await bench.discover(b)), []);
    },
  },
  {
    name: 'a second registration of a node replaces the first',
    requires: 'shared',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      await bench.fixture.settle(a.register(info('a', 1)));
      await bench.fixture.settle(a.register({ ...info('a', 2, 'y'), incarnation: 2 }));
      const found = (await bench.discover(b)).filter(({ nodeId }) => nodeId === 'a');
      assert.deepEqual(found, [{ ...info('a', 2, 'y'), incarnation: 2 }]);
    },
  },
  {
    name: 'a watcher is told of each node that comes and goes',
    requires: 'shared',
    run: async (bench) => {
      const [a, b, c] = [await bench.start('a'), await bench.start('b'), await bench.start('c')];
      const watcher = bench.watch(c);
      const now = (): string => String(idsOf(watcher.seen.at(-1)));
      await bench.fixture.eventually(() => watcher.seen.length > 0, 'the nodes now');
      await bench.fixture.settle(a.register(info('a', 1)));
      await bench.fixture.eventually(() => now() === 'a', 'a is told of');
      await bench.fixture.settle(b.register(info('b', 2)));
      await bench.fixture.eventually(() => now() === 'a,b', 'b is told of');
      await bench.fixture.settle(a.deregister('a'));
      await bench.fixture.eventually(() => now() === 'b', 'a is gone');
    },
  },
  {
    name: 'a discovery that stops in order takes its registration with it',
    requires: 'shared',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      await bench.fixture.settle(a.register(info('a', 1)));
      await bench.fixture.settle(a.stop());
      assert.deepEqual(idsOf(await bench.discover(b)), []);
    },
  },
  {
    name: 'a source that can not be asked is ACTOR_DISCOVERY_UNAVAILABLE, and no more than that',
    requires: 'outages',
    run: async (bench) => {
      const a = await bench.start('a');
      bench.fixture.setOutage?.(true);
      const error = await bench.fixture.settle(rejection(a.discover(), 'discover'));
      assert.ok(isActorError(error, 'ACTOR_DISCOVERY_UNAVAILABLE'), String(error));
      bench.fixture.setOutage?.(false);
      const isBack = async (): Promise<boolean> => {
        const found = await a.discover().catch(() => undefined);
        return (
          found !== undefined &&
          names(found).join() === bench.fixture.listed.map(formatAddress).toSorted().join()
        );
      };
      for (let tries = 0; !(await bench.fixture.settle(isBack())); tries += 1) {
        assert.ok(tries < 200, 'the source is asked again');
        await bench.fixture.pass(100);
      }
    },
  },
  {
    name: 'a watch outlives an outage of the source',
    requires: 'outages',
    run: async (bench) => {
      bench.fixture.setOutage?.(true);
      const a = await bench.start('a');
      const watcher = bench.watch(a);
      await bench.fixture.pass(200);
      assert.equal(watcher.isOver, false);
      bench.fixture.setOutage?.(false);
      await bench.fixture.eventually(() => watcher.seen.length > 0, 'the nodes, after the outage');
    },
  },
];

/**
 * The conformance suite for `Discovery`.
 *
 * @example
 * const suite = discoverySuite(fixture).filter(({ requires }) => requires === undefined);
 * describe('discovery conformance', () => { for (const c of suite) test(c.name, () => c.run()); });
 */
export function discoverySuite(
  make: () => Promise<DiscoveryFixture>,
): readonly Case<keyof DiscoveryFeatures>[] {
  return casesOf(claims, async () => new Bench(await make()));
}
