// Claims about links: who is linked with whom, when, and who is refused.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import type { NodeAddress } from '../plugin/node.ts';
import type { TransportBench, TransportClaim } from './transport-bench.ts';
import type { TransportRecorder } from './transport-recorder.ts';

const frame = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (recorder: TransportRecorder): string[] =>
  recorder.frames().map((bytes) => new TextDecoder().decode(bytes));

/** Sends again and again, as a user would whose frames may be lost with a link, until one has arrived. */
async function sendUntilHeard(
  bench: TransportBench,
  from: TransportRecorder,
  to: TransportRecorder,
  text: string,
): Promise<void> {
  for (let tries = 0; tries < 200 && !texts(to).includes(text); tries += 1) {
    from.transport.send(to.address, frame(text), 'user');
    await bench.fixture.pass(25);
  }
  assert.ok(texts(to).includes(text), `"${text}" never arrived`);
}

const claims: readonly TransportClaim[] = [
  {
    name: 'the first send dials, and both ends learn who the other proved to be',
    run: async (bench) => {
      const a = await bench.start('a', { incarnation: 3 });
      const b = await bench.start('b', { incarnation: 5 });
      await bench.link(a, b);
      assert.deepEqual(a.links(), ['+b#5']);
      assert.deepEqual(b.links(), ['+a#3']);
      assert.deepEqual(a.log[0]?.peer.address, b.address);
      assert.deepEqual(b.log[0]?.peer.address, a.address, 'it is where the dialler listens, not its dial');
    },
  },
  {
    name: 'an answer to the address of the identity goes over the link that is there',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const back = b.log[0]?.peer.address as NodeAddress;
      assert.equal(b.transport.send(back, frame('back'), 'user'), true);
      await bench.fixture.eventually(() => texts(a).includes('back'), 'the answer');
      assert.deepEqual([a.links(), b.links()], [['+b#1'], ['+a#1']]);
    },
  },
  {
    name: 'a listener that comes later is told of the links that are up, at once',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const late: string[] = [];
      a.transport.onLink((peer, up) => late.push(`${up ? '+' : '-'}${peer.nodeId}`));
      assert.deepEqual(late, ['+b']);
      await bench.fixture.settle(b.transport.stop());
      await bench.fixture.eventually(() => late.length === 2, 'link-down');
      assert.deepEqual(late, ['+b', '-b']);
      const later: string[] = [];
      a.transport.onLink((peer) => later.push(peer.nodeId));
      assert.deepEqual(later, []);
    },
  },
  {
    name: 'two nodes that dial each other at once end with one link',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      for (let number = 0; number < 20; number += 1) {
        a.transport.send(b.address, frame(`a${number}`), 'user');
        b.transport.send(a.address, frame(`b${number}`), 'user');
      }
      const isLinked = (): boolean => a.isLinked('b') && b.isLinked('a');
      await bench.fixture.eventually(isLinked, 'a link');
      await bench.fixture.pass(100);
      assert.ok(isLinked(), 'the link stays');
      await sendUntilHeard(bench, a, b, 'after, from a');
      await sendUntilHeard(bench, b, a, 'after, from b');
      for (const [recorder, prefix] of [
        [b, 'a'],
        [a, 'b'],
      ] as const) {
        const numbers = texts(recorder).filter((text) => new RegExp(`^${prefix}\\d`).test(text));
        const inOrder = numbers.toSorted((x, y) => Number(x.slice(1)) - Number(y.slice(1)));
        assert.deepEqual(numbers, inOrder);
        assert.equal(new Set(numbers).size, numbers.length, 'no frame came twice');
      }
    },
  },
  {
    name: 'several nodes link with each other, each pair once',
    run: async (bench) => {
      const nodes: TransportRecorder[] = [];
      for (const nodeId of ['a', 'b', 'c', 'd', 'e']) nodes.push(await bench.start(nodeId));
      for (const from of nodes) {
        for (const to of nodes) if (from !== to) from.transport.send(to.address, frame('hello'), 'user');
      }
      const isMesh = (): boolean =>
        nodes.every((node) => node.links().filter((link) => link.startsWith('+')).length >= 4);
      await bench.fixture.eventually(isMesh, 'a full mesh');
    },
  },
  {
    name: 'sending to the own address is refused with false',
    run: async (bench) => {
      const a = await bench.start('a');
      assert.equal(a.transport.send(a.address, frame('me'), 'user'), false);
      await bench.fixture.pass(50);
      assert.deepEqual(a.log, []);
    },
  },
  {
    name: 'a peer where nobody is costs its frames and nothing else',
    run: async (bench) => {
      const a = await bench.start('a');
      const nowhere = await bench.deserted();
      for (let number = 0; number < 20; number += 1) a.transport.send(nowhere, frame('lost'), 'user');
      await bench.fixture.pass(400);
      a.transport.send(nowhere, frame('lost too'), 'control');
      const b = await bench.start('b');
      await bench.link(a, b);
      assert.deepEqual(a.links(), ['+b#1']);
    },
  },
  {
    name: 'a failed dial is reported with its address and cause',
    requires: 'dialFailures',
    run: async (bench) => {
      const a = await bench.start('a');
      const nowhere = await bench.deserted();
      a.transport.send(nowhere, frame('lost'), 'user');
      await bench.fixture.eventually(() => a.dialFailures.length > 0, 'a report');
      const [failure] = a.dialFailures;
      assert.deepEqual(failure?.to, nowhere);
      assert.ok(isActorError(failure?.error, 'ACTOR_NO_ROUTE'), `not ${failure?.error.code}`);
    },
  },
  {
    name: 'what waits for a peer that comes late is delivered while dials are retried',
    run: async (bench) => {
      const address = await bench.deserted();
      const a = await bench.start('a', { timing: { maxRetries: 100, retryDelayMs: 20 } });
      assert.equal(a.transport.send(address, frame('early'), 'user'), true);
      await bench.fixture.pass(60);
      const b = await bench.start('b', { listen: address });
      await bench.fixture.eventually(() => texts(b).includes('early'), 'the frame that waited');
    },
  },
  {
    name: 'a node of another cluster is refused, and no frame of it reaches a listener',
    run: async (bench) => {
      const a = await bench.start('a');
      const b = await bench.start('b', { clusterName: 'another' });
      a.transport.send(b.address, frame('foreign'), 'user');
      b.transport.send(a.address, frame('foreign'), 'user');
      await bench.fixture.pass(200);
      assert.deepEqual([a.log, b.log], [[], []]);
    },
  },
  {
    name: 'the refusal of another cluster is reported as such to the dialler',
    requires: 'dialFailures',
    run: async (bench) => {
      const a = await bench.start('a');
      const b = await bench.start('b', { clusterName: 'another' });
      a.transport.send(b.address, frame('foreign'), 'user');
      await bench.fixture.eventually(() => a.dialFailures.length > 0, 'a report');
      const code = a.dialFailures[0]?.error.code ?? 'none';
      assert.ok(['ACTOR_PROTOCOL_MISMATCH', 'ACTOR_UNAUTHENTICATED'].includes(code), `not ${code}`);
    },
  },
  {
    name: 'a peer that was restarted at the same address is reached again, as its new incarnation',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const { address } = b;
      await bench.fixture.settle(b.transport.stop());
      await bench.fixture.eventually(() => a.links().includes('-b#1'), 'link-down');
      const again = await bench.start('b', { incarnation: 2, listen: address });
      await sendUntilHeard(bench, a, again, 'to the new one');
      assert.deepEqual(a.links(), ['+b#1', '-b#1', '+b#2']);
      assert.deepEqual(again.links(), ['+a#1']);
    },
  },
  {
    name: 'a newer incarnation of a peer replaces the link of the older one, which stays out',
    run: async (bench) => {
      const [a, old] = await bench.pair();
      const fresh = await bench.start('b', { incarnation: 2 });
      await bench.link(fresh, a);
      await bench.fixture.eventually(() => a.links().length >= 3, 'the replacement');
      assert.deepEqual(a.links(), ['+b#1', '-b#1', '+b#2']);
      for (let tries = 0; tries < 10; tries += 1) {
        old.transport.send(a.address, frame('from the old one'), 'user');
        await bench.fixture.pass(20);
      }
      assert.deepEqual(a.links(), ['+b#1', '-b#1', '+b#2']);
      assert.deepEqual(texts(a), []);
      a.transport.send(fresh.address, frame('to the new one'), 'user');
      await bench.fixture.eventually(() => texts(fresh).includes('to the new one'), 'a frame to the new one');
    },
  },
];

/** The claims about links, with one for each host that transports can listen on. */
export function transportLinkClaims(hosts: readonly string[]): readonly TransportClaim[] {
  const reached = hosts.map((host): TransportClaim => ({
    name: `a node that listens on ${host} is reached there, and reaches others`,
    run: async (bench) => {
      const listen = { host, port: 0 };
      const [a, b] = [await bench.start('a', { listen }), await bench.start('b', { listen })];
      await bench.link(a, b);
      b.transport.send(a.address, frame('back'), 'user');
      await bench.fixture.eventually(() => texts(a).includes('back'), 'the answer');
      assert.deepEqual([a.links(), b.links()], [['+b#1'], ['+a#1']]);
    },
  }));
  return [...claims, ...reached];
}
