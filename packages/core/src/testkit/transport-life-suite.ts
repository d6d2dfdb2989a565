// Claims about the life of a transport: start, stop, abort, and who still hears what.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import { rejection } from './case.ts';
import type { TransportClaim } from './transport-bench.ts';

const frame = (text: string): Uint8Array => new TextEncoder().encode(text);

export const transportLifeClaims: readonly TransportClaim[] = [
  {
    name: 'before start it has no address and takes no frame',
    run: async (bench) => {
      const b = await bench.start('b');
      const a = bench.make({ nodeId: 'a' });
      assert.throws(
        () => a.transport.address(),
        (error: unknown) => isActorError(error, 'ACTOR_NODE_NOT_STARTED'),
      );
      assert.equal(a.transport.send(b.address, frame('early'), 'user'), false);
      a.transport.broadcast(frame('early'), 'user');
    },
  },
  {
    name: 'port 0 gives a real port, and the same address for the whole life',
    run: async (bench) => {
      const a = await bench.start('a');
      assert.ok(a.address.port > 0);
      assert.deepEqual(a.address, a.address);
    },
  },
  {
    name: 'an address that is taken fails the start with ACTOR_BIND_FAILED, and frees nothing of the other',
    run: async (bench) => {
      const a = await bench.start('a');
      const late = bench.make({ nodeId: 'late', listen: a.address });
      const error = await bench.fixture.settle(rejection(late.transport.start(), 'the second bind'));
      assert.ok(isActorError(error, 'ACTOR_BIND_FAILED'), String(error));
      await bench.fixture.settle(late.transport.stop());
      await bench.link(await bench.start('c'), a);
    },
  },
  {
    name: 'a start that was aborted before it began rejects with the reason and leaves the address free',
    run: async (bench) => {
      const listen = await bench.deserted();
      const reason = new RangeError('not now');
      const a = bench.make({ nodeId: 'a', listen });
      const start = a.transport.start({ signal: AbortSignal.abort(reason) });
      assert.equal(await bench.fixture.settle(rejection(start, 'the start')), reason);
      await bench.start('b', { listen });
    },
  },
  {
    name: 'a start that is aborted under way ends started or with the reason, never between',
    run: async (bench) => {
      const listen = await bench.deserted();
      const reason = new RangeError('changed my mind');
      const controller = new AbortController();
      const a = bench.make({ nodeId: 'a', listen });
      const start = a.transport.start({ signal: controller.signal }).then(
        () => 'started',
        (error: unknown) => error,
      );
      controller.abort(reason);
      const outcome = await bench.fixture.settle(start);
      assert.ok(outcome === 'started' || outcome === reason, String(outcome));
      if (outcome === 'started') await bench.fixture.settle(a.transport.stop());
      await bench.start('b', { listen });
    },
  },
  {
    name: 'a stop during the start ends stopped, and the address is free',
    run: async (bench) => {
      const listen = await bench.deserted();
      const a = bench.make({ nodeId: 'a', listen });
      const start = a.transport.start().catch(() => {});
      const stop = a.transport.stop();
      await bench.fixture.settle(Promise.all([start, stop]));
      const b = await bench.start('b', { listen });
      const c = await bench.start('c');
      assert.equal(a.transport.send(c.address, frame('no'), 'user'), false);
      await bench.link(c, b);
    },
  },
  {
    name: 'a stop before the start is allowed, and so is a second one, and disposal',
    run: async (bench) => {
      const never = bench.make({ nodeId: 'never' });
      await bench.fixture.settle(never.transport.stop());
      const a = await bench.start('a');
      await bench.fixture.settle(Promise.all([a.transport.stop(), a.transport.stop()]));
      await bench.fixture.settle(a.transport.stop());
      await bench.fixture.settle(a.transport[Symbol.asyncDispose]());
    },
  },
  {
    name: 'an orderly stop delivers what was taken, then both ends see link-down',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      for (let number = 0; number < 100; number += 1) {
        assert.equal(a.transport.send(b.address, frame(`frame ${number}`), 'user'), true);
      }
      await bench.fixture.settle(a.transport.stop({ deadlineMs: 2_000 }));
      await bench.fixture.eventually(() => b.links().includes('-a#1'), 'link-down at the peer');
      assert.equal(b.frames().length, 100);
      assert.equal(b.log.at(-1)?.kind, 'down', 'nothing comes after link-down');
      assert.deepEqual(a.links(), ['+b#1', '-b#1']);
    },
  },
  {
    name: 'after stop it takes no frame and its listeners hear nothing more',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      await bench.fixture.settle(a.transport.stop());
      const heard = a.log.length;
      assert.equal(a.transport.send(b.address, frame('late'), 'user'), false);
      a.transport.broadcast(frame('late'), 'user');
      b.transport.send(b.log[0]?.peer.address ?? b.address, frame('to the dead'), 'user');
      await bench.fixture.pass(100);
      assert.equal(a.log.length, heard);
      assert.deepEqual(b.frames(), []);
    },
  },
  {
    name: 'a stop whose peer takes nothing ends by its deadline',
    run: async (bench) => {
      const a = await bench.start('a', { timing: { maxRetries: 1_000, retryDelayMs: 1_000 } });
      const nowhere = await bench.deserted();
      for (let number = 0; number < 10; number += 1) a.transport.send(nowhere, frame('waits'), 'user');
      await bench.fixture.settle(a.transport.stop({ deadlineMs: 50 }));
    },
  },
  {
    name: 'a listener that has left hears nothing, and the others go on',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const heard: string[] = [];
      const leaveFrames = b.transport.receive(() => heard.push('frame'));
      const leaveLinks = b.transport.onLink(() => heard.push('link'));
      assert.deepEqual(heard, ['link']);
      leaveFrames();
      leaveFrames();
      leaveLinks();
      leaveLinks();
      a.transport.send(b.address, frame('one'), 'user');
      await bench.fixture.eventually(() => b.frames().length === 1, 'the frame');
      await bench.fixture.settle(a.transport.stop());
      await bench.fixture.eventually(() => b.links().includes('-a#1'), 'link-down');
      assert.deepEqual(heard, ['link']);
    },
  },
  {
    name: 'a listener may leave while it is called, and each subscription ends by itself',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const heard: string[] = [];
      const leave = b.transport.receive(() => {
        heard.push('once');
        leave();
      });
      const both = (): void => void heard.push('both');
      const leaveFirst = b.transport.receive(both);
      b.transport.receive(both);
      leaveFirst();
      a.transport.send(b.address, frame('one'), 'user');
      a.transport.send(b.address, frame('two'), 'user');
      await bench.fixture.eventually(() => b.frames().length === 2, 'both frames');
      assert.deepEqual(heard, ['once', 'both', 'both']);
    },
  },
  {
    name: 'a listener that comes while others are told of a link is told of it once',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      const heard: string[] = [];
      a.transport.onLink((_, isUp) => {
        a.transport.onLink((peer, up) =>
          heard.push(`${isUp ? 'early' : 'late'} ${up ? '+' : '-'}${peer.nodeId}`),
        );
      });
      await bench.link(a, b);
      assert.deepEqual(heard, ['early +b']);
      await bench.fixture.settle(b.transport.stop());
      await bench.fixture.eventually(() => a.links().includes('-b#1'), 'link-down');
      assert.deepEqual(heard, ['early +b', 'early -b']);
    },
  },
];
