// A member that has been admitted and then sends frames of its session that are cut, changed, doubled and mixed.

import { actor, ask, Envelope, Method, protocol, stream, tell } from '@actor/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { introductionOf } from '../src/remoting/introduction.ts';
import { defaultRemotingLimits } from '../src/remoting/limits.ts';
import { msgpack } from '../src/remoting/msgpack.ts';
import { type Batch, Outbox } from '../src/remoting/outbox.ts';
import { RemoteRecipient, type Routes } from '../src/remoting/remote-ref.ts';
import { frameHeaderBytes, kind, writeHeader } from '../src/remoting/wire.ts';
import { World } from './remoting-world.ts';

const Box = protocol('box', {
  put: tell<unknown>(),
  echo: ask<unknown, unknown>(),
  count: stream<void, number>(),
});

const routes: Routes = { linkTo: () => undefined, atHome: () => undefined, noRoute: () => 'no-route' };
const box = new RemoteRecipient('memory://b:1/box', undefined, routes);
const put = new Method('put', 'tell');
const payloads = [
  undefined,
  1,
  'text',
  { a: 1, b: [2, 3] },
  { a: 2, b: [] },
  new Uint8Array(9_000),
  new Map([[1, 2]]),
];

const envelope = fc.oneof(
  fc.record({ what: fc.constant('put' as const), payload: fc.nat(payloads.length - 1) }),
  fc.record({
    what: fc.constant('note' as const),
    number: fc.integer({ min: 1, max: 20 }),
    id: fc.nat(300_000),
  }),
  fc.record({ what: fc.constant('watch' as const), id: fc.nat(50) }),
  fc.record({ what: fc.constant('answer' as const), id: fc.nat(50), payload: fc.nat(payloads.length - 1) }),
);
const change = fc.oneof(
  fc.record({ what: fc.constant('cut' as const), at: fc.nat(10_000) }),
  fc.record({ what: fc.constant('byte' as const), at: fc.nat(10_000), value: fc.nat(255) }),
  fc.record({
    what: fc.constant('insert' as const),
    at: fc.nat(200),
    bytes: fc.uint8Array({ maxLength: 40 }),
  }),
  fc.record({ what: fc.constant('none' as const) }),
);
const frames = fc.array(
  fc.record({
    envelopes: fc.array(envelope, { maxLength: 12 }),
    changes: fc.array(change, { maxLength: 3 }),
    sequence: fc.option(fc.nat(40)),
    twice: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

type Changes = readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[];
type Envelopes = readonly (typeof envelope extends fc.Arbitrary<infer T> ? T : never)[];

function write(outbox: Outbox, envelopes: Envelopes): Batch | undefined {
  for (const each of envelopes) {
    if (outbox.isFull) break;
    if (each.what === 'note') outbox.note(each.number, each.id);
    else if (each.what === 'watch') outbox.watch(each.id, 'box', undefined);
    else if (each.what === 'answer') outbox.answer(kind.resolve, each.id, payloads[each.payload]);
    else
      outbox.message(
        box,
        new Envelope(put, payloads[each.payload], undefined, undefined, undefined),
        undefined,
        0,
      );
  }
  return outbox.take();
}

function changed(frame: Buffer, changes: Changes): Buffer {
  return changes.reduce((bytes, each) => {
    if (each.what === 'none' || bytes.length === 0) return bytes;
    const at = each.at % bytes.length;
    if (each.what === 'cut') return bytes.subarray(0, at);
    if (each.what === 'insert') return Buffer.concat([bytes.subarray(0, at), each.bytes, bytes.subarray(at)]);
    const copy = Buffer.from(bytes);
    copy[at] = each.value;
    return copy;
  }, frame);
}

test('for any such frames, nothing is thrown, no message of another node is harmed, and what is kept is bounded', async () => {
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      const world = new World({ limits: { requestsMax: 100, watchesMax: 20 } });
      const [a, b] = await world.pair();
      const c = await world.start('c');
      const got: unknown[] = [];
      const counting = actor(Box, {
        on: {
          put: (ctx, value) => void (ctx.sender === undefined || got.push(value)),
          echo: (_ctx, value) => value,
          async *count() {
            yield 1;
          },
        },
      });
      b.system.spawn(counting, { name: 'box' });
      const ref = a.system.ref(Box, b.at('box'));
      const Sender = protocol('sender', { send: tell<number>() });
      const sender = a.system.spawn(
        actor(Sender, { on: { send: (_ctx, value) => void ref.tell.put(value) } }),
      );
      c.remoting.stop();
      c.host.addresses.learn('b', b.self.address);
      b.remoting.peerUp(c.self);
      const channel = c.host.context.channel('actors', 'user');
      const header = { type: 'actor', session: 1, from: 1, to: 1, ack: 0, greeting: false } as const;
      const introduction = introductionOf({
        serializer: 'msgpack',
        frameMaxBytes: 2 ** 26,
        peerNumberMin: 1,
      });
      const first = Buffer.concat([Buffer.alloc(frameHeaderBytes), introduction]);
      writeHeader(first, 0, { ...header, sequence: 0 });
      channel.send('b', first);
      const outbox = new Outbox({
        limits: defaultRemotingLimits,
        serializer: msgpack(),
        origin: 'memory://c:1',
        channelHeadBytes: 0,
      });
      for (const [index, { envelopes, changes, sequence, twice }] of sent.entries()) {
        sender.tell.send(index);
        const batch = write(outbox, envelopes);
        if (batch === undefined) continue;
        const frame = Buffer.concat([batch.frame, batch.tail ?? Buffer.alloc(0)]);
        writeHeader(frame, 0, { ...header, sequence: sequence ?? index + 1 });
        const hostile = changed(frame, changes);
        for (let i = 0; i < (twice ? 2 : 1); i += 1) channel.send('b', Uint8Array.from(hostile));
        await world.sim.advance(1);
      }
      await world.sim.advance(100);
      expect(got).toEqual(sent.map((_, index) => index));
      expect(await world.sim.settle(ref.ask.echo('still'))).toBe('still');
      expect(a.errors).toEqual([]);
      // It may introduce itself with another serializer, which is said once.
      const others = b.errors.filter((error) => !error.startsWith('Node c encodes payloads as'));
      expect([others, b.errors.length <= 1]).toEqual([[], true]);
      expect(b.warnings.length).toBeLessThan(64);
      b.remoting.peerGone('c', 1, 'dead');
      await world.sim.advance(10);
      expect(a.system.stats()).toMatchObject({ deadLettered: 0, reportedUnknown: 0 });
    }),
    { numRuns: 60, endOnFailure: true },
  );
});
