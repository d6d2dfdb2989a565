import { Buffer } from 'node:buffer';
import { type ActorError, type ActorRef, isActorError, refBrand } from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadDecoder, PayloadEncoder } from '../src/remoting/msgpack.ts';

const limits = { depthMax: 64, elementsMax: 100_000 };
class TestRef {
  readonly [refBrand] = true;
}
const made: unknown[] = [];
const ref = (address: string, options: object): ActorRef => {
  made.push({ address, ...options });
  return Object.assign(new TestRef(), { address, ...options }) as unknown as ActorRef;
};

function pair(): { travel: (value: unknown) => unknown; encoder: PayloadEncoder; decoder: PayloadDecoder } {
  const encoder = new PayloadEncoder({ limits, sharesShapes: true });
  const decoder = new PayloadDecoder({ limits, ref, ownsBytes: false });
  const travel = (value: unknown): unknown => decoder.decode(...encoded(encoder, decoder, value));
  return { travel, encoder, decoder };
}

function encoded(encoder: PayloadEncoder, decoder: PayloadDecoder, value: unknown): [Buffer, number, number] {
  encoder.encode(value);
  const bytes = Buffer.concat([encoder.lead, encoder.bytes.subarray(encoder.start, encoder.end)]);
  for (let keys; (keys = encoder.nextShape()) !== undefined;) decoder.define(keys);
  return [bytes, 0, bytes.length];
}

function failure(body: () => unknown): ActorError {
  try {
    body();
  } catch (error) {
    if (isActorError(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('payloads', () => {
  test('arrive as they were sent, with the types that users expect', () => {
    const { travel } = pair();
    const value = {
      text: 'naïve 🐟',
      none: null,
      nothing: undefined,
      big: 2n ** 80n,
      small: -7n,
      date: new Date(1_700_000_000_123),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [2, { deep: new Set([1, 'x']) }],
      ]),
      bytes: new Uint8Array([1, 2, 3]),
      floats: new Float64Array([0.5, -1]),
      buffer: Buffer.from('abc'),
      list: [1.5, -1, 70, 300, 70_000, 2 ** 40, Infinity],
    };
    expect(travel(value)).toEqual(value);
    expect(travel(undefined)).toBe(undefined);
    const error = travel(new RangeError('too far', { cause: 'wind' })) as Error;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('too far');
    expect(error.cause).toBe('wind');
  });

  test('for any JSON-like values, one after the other over one pair, arrive equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.anything({ withDate: true, withBigInt: true, withMap: true, withSet: true }), {
          maxLength: 12,
        }),
        (values) => {
          const { travel } = pair();
          for (const value of values) expect(travel({ value })).toEqual(renamed({ value }));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of many bytes arrive as what they were', () => {
    const { travel } = pair();
    for (const value of [
      new Uint8Array(70_000).fill(3),
      Buffer.alloc(70_000, 4),
      new Float64Array(9_000).fill(0.5),
    ]) {
      const arrived = travel(value) as Uint8Array;
      expect(arrived.constructor).toBe(value.constructor);
      expect(
        Buffer.from(arrived.buffer).equals(Buffer.from(value.buffer, value.byteOffset, value.byteLength)),
      ).toBe(true);
    }
  });

  test('of many bytes are not copied where their memory is their own, and little of it is anything else', () => {
    const { encoder, decoder } = pair();
    const owner = new PayloadDecoder({ limits, ref, ownsBytes: true });
    for (const value of [new Uint8Array(70_000).fill(3), Buffer.alloc(70_000, 4)]) {
      const [bytes, start, end] = encoded(encoder, decoder, value);
      const isView = (arrived: unknown): boolean => (arrived as Uint8Array).buffer === bytes.buffer;
      const kept = owner.decode(bytes, start, end);
      expect(kept).toEqual(value);
      expect(isView(kept)).toBe(true);
      expect(isView(decoder.decode(bytes, start, end))).toBe(false);
      const amongOthers = Buffer.concat([bytes, Buffer.alloc(100_000)]);
      expect((owner.decode(amongOthers, 0, end) as Uint8Array).buffer).not.toBe(amongOthers.buffer);
    }
  });

  test('of many bytes that are no more than the start of a payload are read with the rest of it', () => {
    const { decoder } = pair();
    const bytes = new Uint8Array(5_000).fill(1);
    const [payload, start, end] = encoded(new PayloadEncoder({ limits, sharesShapes: true }), decoder, bytes);
    expect(failure(() => decoder.decode(Buffer.concat([payload, Buffer.of(1)]), start, end + 1)).code).toBe(
      'ACTOR_BAD_FRAME',
    );
    expect(failure(() => decoder.decode(payload, start, end - 1)).code).toBe('ACTOR_BAD_FRAME');
  });

  test('of a repeated shape travel without their keys', () => {
    const { encoder, decoder } = pair();
    const lengths = [1, 2, 3, 4].map(
      (amount) => encoded(encoder, decoder, { productName: 'book', amount })[2],
    );
    expect(lengths[3]).toBeLessThan((lengths[0] ?? 0) / 2);
  });

  test('of any number of shapes arrive, though only some are shared', () => {
    const { travel } = pair();
    for (let round = 0; round < 5; round += 1) {
      for (let i = 0; i < 200; i += 1) {
        const value = { [`key${i}`]: i, nested: { [`other${i}`]: [{ id: i }] } };
        expect(travel(value)).toEqual(value);
      }
    }
  });

  test('that hold a function, a symbol, a promise or themselves name the place', () => {
    const { travel } = pair();
    const loop: Record<string, unknown> = { a: 1 };
    loop['list'] = [{ loop }];
    const path = (value: unknown): unknown => failure(() => travel(value)).details['path'];
    expect(path({ items: [1, { done: () => {} }] })).toBe('payload.items[1].done');
    expect(path({ items: new Map([['k', Symbol('s')]]) })).toBe('payload.items.get("k")');
    expect(path({ user: Promise.resolve(1) })).toBe('payload.user');
    expect(path(loop)).toBe('payload.list[0].loop');
    expect(failure(() => travel(() => {})).code).toBe('ACTOR_NOT_SERIALIZABLE');
    expect(travel({ a: 1 })).toEqual({ a: 1 });
  });

  test('that their receiver would refuse are refused at their sender', () => {
    const { travel } = pair();
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: [nested(depth - 2)] });
    expect(travel(nested(64))).toEqual(nested(64));
    expect(failure(() => travel(nested(66)))).toMatchObject({
      code: 'ACTOR_NOT_SERIALIZABLE',
      message: expect.stringMatching(
        /^payload(\.a\[0\])+ can't be sent to another node: it nests deeper/,
      ) as string,
    });
    for (const value of [2n ** 70_000n, Array.from({ length: limits.elementsMax + 1 }, () => 0)]) {
      expect(failure(() => travel({ value }))).toMatchObject({ code: 'ACTOR_NOT_SERIALIZABLE' });
    }
    expect(travel('next')).toBe('next');
  });

  test('of which nothing could be read are refused: they would arrive empty', () => {
    const { travel } = pair();
    const throwing = {
      get a(): number {
        throw new RangeError('as told');
      },
    };
    for (const o of [new WeakMap(), new WeakSet(), new Number(5), new String('x'), throwing]) {
      expect(failure(() => travel([{ o }])).details['path']).toMatch(/^payload\[0\]\.o/);
    }
    expect(failure(() => travel(throwing)).message).toBe(
      "payload.a can't be sent to another node: to read it throws: as told.",
    );
  });

  test('can not pollute prototypes', () => {
    const { travel } = pair();
    const hostile: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    for (let i = 0; i < 6; i += 1) {
      const arrived = travel(hostile) as object;
      expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
      expect('polluted' in {}).toBe(false);
    }
  });

  test('carry refs as refs of the receiving system, wherever they are', () => {
    const { travel } = pair();
    const sent = ref('tcp://a:1/cart', { uid: 7, protocolName: 'cart' });
    made.length = 0;
    const arrived = travel({ list: [sent], map: new Map([['x', sent]]), set: new Set([sent]) }) as {
      list: unknown[];
    };
    expect(made).toEqual(Array(3).fill({ address: 'tcp://a:1/cart', uid: 7, protocol: 'cart' }));
    expect((arrived.list[0] as ActorRef).address).toBe('tcp://a:1/cart');
  });

  test('come as plain objects when they were instances of a class', () => {
    class Money {
      readonly amount = 3;
    }
    const arrived = pair().travel(new Money()) as object;
    expect(arrived).toEqual({ amount: 3 });
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
  });
});

describe('bytes of a peer', () => {
  const decode = (...bytes: number[]): unknown => pair().decoder.decode(Buffer.from(bytes), 0, bytes.length);

  test('that nest, count or announce too much are refused before anything is made of them', () => {
    const nested = Buffer.alloc(1_000, 0x91);
    expect(failure(() => pair().decoder.decode(nested, 0, 1_000)).code).toBe('ACTOR_BAD_FRAME');
    expect(failure(() => decode(0xdd, 0xff, 0xff, 0xff, 0xff)).code).toBe('ACTOR_BAD_FRAME');
    expect(failure(() => decode(0xc6, 0x7f, 0xff, 0xff, 0xff)).code).toBe('ACTOR_BAD_FRAME');
    const many = Buffer.alloc(200_000, 1);
    many.set([0xdd, 0, 3, 0x0d, 0x3b]);
    expect(failure(() => pair().decoder.decode(many, 0, 5 + 200_000 - 5)).message).toContain('values');
  });

  test('can not redefine a shared shape, nor use one that is not defined', () => {
    expect(failure(() => decode(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1)).code).toBe('ACTOR_BAD_FRAME');
    expect(failure(() => decode(0x41)).code).toBe('ACTOR_BAD_FRAME');
    expect(decode(0xd4, 0x72, 0x60, 0x91, 0xa1, 0x61, 1)).toEqual({ a: 1 });
  });

  test('for any garbage, give a value or ACTOR_BAD_FRAME, and the next payload is whole', () => {
    const { encoder, decoder } = pair();
    const value = { sku: 'book', qty: 2, tags: ['a', 'b'] };
    for (let i = 0; i < 4; i += 1) encoded(encoder, decoder, value);
    const interesting = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x40, 0x60, 0x72, 0xd4, 0xd5, 0xc7, 0x41, 0x73, 0x65, 0x74, 0x78),
    );
    fc.assert(
      fc.property(fc.array(interesting, { maxLength: 40 }), (garbage) => {
        try {
          decoder.decode(Buffer.from(garbage), 0, garbage.length);
        } catch (error) {
          expect(isActorError(error, 'ACTOR_BAD_FRAME')).toBe(true);
        }
        expect(decoder.decode(...encoded(encoder, decoder, value))).toEqual(value);
      }),
      { numRuns: 3_000 },
    );
  });

  test('for any flipped byte of a good payload, give a value or ACTOR_BAD_FRAME', () => {
    const { encoder, decoder } = pair();
    const value = {
      list: [1, { a: new Map([[1n, new Date(5)]]) }],
      bytes: new Uint16Array(4),
      text: 'x'.repeat(40),
    };
    const [good] = encoded(encoder, decoder, value);
    for (let at = 0; at < good.length; at += 1) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ bit;
        try {
          decoder.decode(bad, 0, bad.length);
        } catch (error) {
          expect(isActorError(error, 'ACTOR_BAD_FRAME')).toBe(true);
        }
      }
    }
  });
});

/** What becomes of the keys that would pollute, and of the zero that MessagePack does not know. */
function renamed(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return Array.from(value, renamed);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [renamed(key), renamed(part)]));
  if (value instanceof Set) return new Set([...value].map(renamed));
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key === '__proto__' ? '__proto_' : key, renamed(part)]),
  );
}
