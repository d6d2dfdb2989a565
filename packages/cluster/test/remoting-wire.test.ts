import {
  ActorError,
  type ActorRef,
  Deadlines,
  type GatewayPort,
  type Inbound,
  isActorError,
  Method,
  refBrand,
} from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inbox } from '../src/remoting/inbox.ts';
import { InboundRequests } from '../src/remoting/inbound-requests.ts';
import { defaultRemotingLimits, limitsWithin } from '../src/remoting/limits.ts';
import { msgpack } from '../src/remoting/msgpack.ts';
import { type Batch, Outbox } from '../src/remoting/outbox.ts';
import { RemoteAsks } from '../src/remoting/remote-ask.ts';
import { RemoteRecipient, type Routes } from '../src/remoting/remote-ref.ts';
import { InboundWatches, RemoteWatches } from '../src/remoting/remote-watch.ts';
import {
  BatchReader,
  BatchWriter,
  frameHeaderBytes,
  kind,
  readHeader,
  writeHeader,
} from '../src/remoting/wire.ts';
import { Envelope } from '@actor/core';

const limits = { ...defaultRemotingLimits, requestsMax: 2 };
const serializer = msgpack();
const routes: Routes = { linkTo: () => undefined, atHome: () => undefined, noRoute: () => 'no-route' };
const refTo = (address: string): ActorRef =>
  ({ [refBrand]: true, address, path: '', uid: undefined }) as unknown as ActorRef;
const clock = { monotonicMs: () => 0, after: () => ({ cancel: () => {} }) } as never;

/** A writer, a reader, and what the reader makes of what was written. */
function post(): {
  outbox: Outbox;
  inbox: Inbox;
  delivered: Inbound[];
  letters: string[];
  travel: () => void;
} {
  const delivered: Inbound[] = [];
  const letters: string[] = [];
  const port: GatewayPort = {
    local: () => cart,
    deliver: (inbound) => (delivered.push(inbound), 'accepted'),
    ref: refTo,
    watch: () => {},
    unwatch: () => {},
    deadLetter: (letter) => letters.push(`${letter.message.name} to ${letter.recipient}: ${letter.reason}`),
    detach: () => {},
  };
  const outbox = new Outbox({ limits, serializer, origin: 'tcp://a:1', channelHeadBytes: 0 });
  const back = new Outbox({ limits, serializer, origin: 'tcp://b:1', channelHeadBytes: 0 });
  const written = (): void => {};
  const inbox = new Inbox({
    limits,
    serializer,
    port,
    origin: 'tcp://b:1',
    peerOrigin: 'tcp://a:1',
    ownsBytes: false,
    asks: new RemoteAsks({ outbox: back, requestsMax: 10, written, onVoid: written }),
    requests: new InboundRequests({
      outbox: back,
      deadlines: new Deadlines(clock),
      written,
      isClogged: () => false,
    }),
    watches: new RemoteWatches({ watch: () => true, unwatch: written }),
    watched: new InboundWatches(port, 10, written),
  });
  const travel = (): void => {
    const batch = outbox.take();
    if (batch !== undefined) inbox.read(whole(batch), frameHeaderBytes, 0);
  };
  return { outbox, inbox, delivered, letters, travel };
}

/** As it travels: the frame, and behind it what was not copied. */
const whole = ({ frame, tail }: Batch): Uint8Array =>
  Buffer.concat(tail === undefined ? [frame] : [frame, tail]);

const add = new Method('add', 'tell');
const cart = new RemoteRecipient('tcp://b:1/shop/cart', 7, routes);
const note = (payload: unknown, sender?: ActorRef, headers?: Record<string, string>): Envelope =>
  new Envelope(add, payload, sender, undefined, headers);

describe('a batch', () => {
  test('brings each message with its path, life, name, sender, headers and payload', () => {
    const { outbox, delivered, travel } = post();
    const sender = refTo('tcp://a:1/buyer');
    for (let i = 0; i < 5; i += 1)
      outbox.message(cart, note({ i }, sender, { trace: `t${i}` }), undefined, 0);
    outbox.message(cart, note(undefined, refTo('tcp://c:9/far')), undefined, 0);
    travel();
    expect(delivered.map((inbound) => inbound.payload)).toEqual([
      { i: 0 },
      { i: 1 },
      { i: 2 },
      { i: 3 },
      { i: 4 },
      undefined,
    ]);
    expect(delivered[4]).toMatchObject({
      path: 'shop/cart',
      uid: 7,
      kind: 'tell',
      method: 'add',
      headers: { trace: 't4' },
    });
    expect(delivered.map((inbound) => inbound.sender?.address)).toEqual([
      ...Array<string>(5).fill('tcp://a:1/buyer'),
      'tcp://c:9/far',
    ]);
  });

  test('names each path once; later messages are small', () => {
    const { outbox } = post();
    outbox.message(cart, note(1), undefined, 0);
    const first = outbox.bytes;
    outbox.message(cart, note(1), undefined, 0);
    expect(outbox.bytes - first).toBeLessThan(8);
  });

  test('leaves no trace of a message with a name that is too long for the other side', () => {
    const { outbox, delivered, travel } = post();
    const long = 'x'.repeat(2_000);
    const name = new Envelope(new Method(long, 'tell'), 1, undefined, undefined, undefined);
    const unsendable: readonly [RemoteRecipient, Envelope][] = [
      [new RemoteRecipient(`tcp://b:1/${long}`, undefined, routes), note(1)],
      [cart, name],
      [cart, note(1, refTo(`tcp://a:1/${long}`))],
      [cart, note(1, undefined, { [long]: '' })],
      [cart, note(1, undefined, { trace: long })],
    ];
    for (const [recipient, envelope] of unsendable) {
      expect(() => outbox.message(recipient, envelope, undefined, 0)).toThrow('A path, name or header has');
      outbox.message(cart, note('next', refTo('tcp://a:1/buyer')), undefined, 0);
    }
    travel();
    expect(delivered.map(({ path, method, payload }) => [path, method, payload])).toEqual(
      unsendable.map(() => ['shop/cart', 'add', 'next']),
    );
  });

  test('is closed before it has more envelopes than the other side reads', () => {
    const roomy = new Outbox({
      serializer,
      limits: { ...limits, batchMaxBytes: 10_000_000 },
      origin: 'tcp://a:1',
      channelHeadBytes: 0,
    });
    for (let id = 0; id < 65_536; id += 1) {
      expect(roomy.isFull).toBe(false);
      roomy.note(kind.unwatch, 1);
    }
    expect(roomy.isFull).toBe(true);
  });

  test.each([1_024, 8_192, 2_000_000])(
    'fits a frame of %i bytes with whatever comes in addition: shapes, errors, watches',
    (frameMaxBytes) => {
      const outbox = new Outbox({
        serializer,
        limits: limitsWithin(frameMaxBytes, {}),
        origin: 'tcp://a:1',
        channelHeadBytes: 30,
      });
      const frames: number[] = [];
      const take = (isDue: boolean): void => {
        const batch = isDue ? outbox.take() : undefined;
        if (batch !== undefined) frames.push(batch.frame.length + (batch.tail?.length ?? 0));
      };
      const long = 'ä'.repeat(3_000);
      const wide = (at: number): object =>
        Object.fromEntries(Array.from({ length: 60 }, (_, key) => [`${key}${'k'.repeat(10)}${at}`, 1]));
      const attempts = [
        (at: number) => outbox.message(cart, note(wide(at % 7)), undefined, 0),
        (at: number) => outbox.message(cart, note(new Uint8Array(at * 2_000)), undefined, 0),
        (at: number) =>
          outbox.message(cart, note(long, undefined, { long: 'h'.repeat(at * 10) }), undefined, 0),
        (at: number) => outbox.watch(at, 'w'.repeat(at * 10), undefined),
        (at: number) => outbox.answer(kind.resolve, at, wide(at)),
        (at: number) => outbox.reject(at, new ActorError('ACTOR_REMOTE', long, { details: { long, at } })),
        (at: number) => outbox.message(cart, note('s'.repeat(at * 20_000)), undefined, 0),
      ];
      for (let at = 0; at < 700; at += 1) {
        try {
          attempts[at % attempts.length]?.(Math.floor(at / attempts.length));
        } catch (error) {
          if (!isActorError(error)) throw error;
        }
        take(outbox.isFull);
      }
      take(true);
      expect(Math.max(...frames)).toBeLessThanOrEqual(frameMaxBytes);
      expect(frames.length).toBeGreaterThan(5);
    },
  );

  test('does not copy many bytes, and nothing follows them in their batch', () => {
    const { outbox, delivered, travel } = post();
    const bytes = new Uint8Array(20_000).fill(7);
    outbox.message(cart, note('before'), undefined, 0);
    expect(outbox.isFull).toBe(false);
    outbox.message(cart, note(bytes), undefined, 0);
    expect(outbox.isFull).toBe(true);
    expect(outbox.bytes).toBeGreaterThan(bytes.length);
    travel();
    expect(outbox.bytes).toBe(0);
    outbox.message(cart, note(bytes.subarray(1)), undefined, 0);
    expect(outbox.take()?.tail?.buffer).toBe(bytes.buffer);
    outbox.message(cart, note('after'), undefined, 0);
    expect(outbox.take()?.tail).toBe(undefined);
    expect(delivered.map(({ payload }) => payload)).toEqual(['before', bytes]);
  });

  test('leaves no trace of a message that was too large', () => {
    const { outbox, delivered, travel } = post();
    const small = new Outbox({
      serializer,
      limits: { ...limits, batchMaxBytes: 1_000, frameMaxBytes: 1_000 + frameHeaderBytes + 100 },
      origin: 'tcp://a:1',
      channelHeadBytes: 0,
    });
    expect(() => small.message(cart, note('x'.repeat(200)), undefined, 0)).toThrow(ActorError);
    expect(() => small.message(cart, note(new Uint8Array(9_000)), undefined, 0)).toThrow(ActorError);
    expect(small.bytes).toBe(0);
    expect(small.take()).toBe(undefined);
    outbox.message(cart, note('fits'), undefined, 0);
    travel();
    expect(delivered).toHaveLength(1);
  });

  test('loses only the message whose payload is no value, and accounts for it', () => {
    const { outbox, delivered, letters, inbox } = post();
    outbox.message(cart, note({ price: 5 }), undefined, 0);
    outbox.message(cart, note('broken'), undefined, 0);
    outbox.message(cart, note('whole'), undefined, 0);
    const frame = Uint8Array.from(outbox.take()?.frame.subarray(frameHeaderBytes) ?? []);
    const at = Buffer.from(frame).indexOf('broken');
    frame[at - 1] = 0xc1;
    inbox.read(frame, 0, 0);
    expect(delivered.map((inbound) => inbound.payload)).toEqual([{ price: 5 }, 'whole']);
    expect(letters).toEqual(['add to tcp://b:1/shop/cart: undecodable']);
  });

  test('for any garbage, is read or is ACTOR_BAD_FRAME', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(20), fc.nat(255)), { maxLength: 60 }), (garbage) => {
        expectBadFrame(() => post().inbox.read(Uint8Array.from(garbage), 0, 0));
      }),
      { numRuns: 1_000 },
    );
  });

  test('for any changed byte or lost end of a good one, is read or is ACTOR_BAD_FRAME', () => {
    const { outbox } = post();
    outbox.message(
      cart,
      note({ i: 1, map: new Map([['a', [1n]]]) }, refTo('tcp://a:1/buyer'), { a: 'b' }),
      undefined,
      0,
    );
    outbox.watch(1, 'shop/cart', 3);
    outbox.reject(4, new ActorError('ACTOR_REMOTE', 'no', { details: { a: 1 } }));
    outbox.answer(kind.resolve, 5, { total: 3 });
    outbox.note(kind.cancel, 5, 300);
    const good = Uint8Array.from(outbox.take()?.frame.subarray(frameHeaderBytes) ?? []);
    expectBadFrame(() => post().inbox.read(good.slice(), 0, 0));
    for (let at = 0; at < good.length; at += 1) {
      expectBadFrame(() => post().inbox.read(good.slice(0, at), 0, 0));
      for (let value = 0; value < 256; value += 17) {
        const bad = good.slice();
        bad[at] = value;
        expectBadFrame(() => post().inbox.read(bad, 0, 0));
      }
    }
  });
});

function expectBadFrame(body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!isActorError(error, 'ACTOR_BAD_FRAME')) throw error;
  }
}

describe('the layout', () => {
  test('carries whole numbers of any size', () => {
    const numbers = [
      0,
      1,
      127,
      128,
      300,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 40 + 5,
      Number.MAX_SAFE_INTEGER,
    ];
    // So small that it takes new memory in between.
    const writer = new BatchWriter({ batchMaxBytes: 1, headBytes: 3 });
    for (const number of numbers) writer.integer(number);
    const reader = new BatchReader(writer.take(), 3);
    expect(numbers.map(() => reader.integer())).toEqual(numbers);
    expect(reader.done).toBe(true);
  });

  test('refuses numbers beyond 2^53 and texts that are not UTF-8', () => {
    expectBadFrame(() => new BatchReader(Buffer.alloc(10, 0xff)).integer());
    expect(() => new BatchReader(Buffer.of(2, 0xc3, 0x28)).text(64)).toThrow('UTF-8');
    expect(() => new BatchReader(Buffer.of(100)).text(64)).toThrow('longer than 64');
  });

  test('refuses a header of another version, and one that is cut short', () => {
    const bytes = Buffer.alloc(frameHeaderBytes);
    const header = {
      type: 'actor',
      session: 7,
      from: 1,
      to: 2 ** 45,
      sequence: 3,
      ack: 4,
      greeting: true,
    } as const;
    writeHeader(bytes, 0, header);
    expect(readHeader(bytes)).toEqual(header);
    expect(() => readHeader(bytes.subarray(1))).toThrow(ActorError);
    bytes[0] = 9;
    expect(() => readHeader(bytes)).toThrow('version 9');
  });
});
