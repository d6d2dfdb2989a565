import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isActorError, type Member } from '@actor/core';
import { decodeMessage, encodeMessage, type MembershipMessage } from '../../src/membership/messages.ts';

const limits = { membersMax: 20, metadataMaxBytes: 512 };

const member: Member = {
  nodeId: 'node-1',
  incarnation: 1_764_000_000_000,
  version: 3,
  address: { host: 'fd00::1', port: 8081 },
  status: 'suspect',
  metadata: { zone: 'a', weight: 0.5, canary: true, old: false, __proto__x: '' },
};

const ids = fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 5 });
const members: fc.Arbitrary<readonly Member[]> = fc.array(
  fc.record({
    nodeId: fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }),
    incarnation: fc.nat(Number.MAX_SAFE_INTEGER - 1),
    version: fc.nat(1_000_000),
    address: fc.record({ host: fc.string({ maxLength: 20 }), port: fc.nat(65_535) }),
    status: fc.constantFrom('alive' as const, 'suspect' as const, 'left' as const, 'dead' as const),
    metadata: fc.dictionary(
      fc.string({ maxLength: 8 }),
      fc.oneof(fc.string({ maxLength: 8 }), fc.double(), fc.boolean()),
      { maxKeys: 5, noNullPrototype: true },
    ),
  }),
  { maxLength: 5 },
);
const messages: fc.Arbitrary<MembershipMessage> = fc.oneof(
  fc.record({
    type: fc.constant('heartbeat' as const),
    intervalMs: fc.integer({ min: 1, max: 60_000 }),
    heard: ids,
    digest: fc.string({ maxLength: 16 }),
    members,
  }),
  fc.record({
    type: fc.constant('join' as const),
    phase: fc.constantFrom('request' as const, 'accepted' as const, 'refused' as const),
    heard: ids,
    members,
  }),
  fc.record({ type: fc.constant('leave' as const), isAcknowledgement: fc.boolean() }),
);

/** With a checksum that is right, so that what is behind it is read. */
function sealed(...body: number[]): Uint8Array {
  const bytes = Uint8Array.from([0, 0, 0, 0, ...body]);
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)));
  return bytes;
}

const joining = (records: readonly Member[]): Uint8Array =>
  encodeMessage({ type: 'join', phase: 'request', heard: [], members: records });

describe('the bytes of a message', () => {
  test('give back any message', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(encodeMessage(message), limits)).toEqual(message);
      }),
    );
  });

  test('are refused as a bad frame when they are garbage, whatever garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (body, isSealed) => {
        const bytes = isSealed ? sealed(...body) : body;
        try {
          decodeMessage(bytes, limits);
        } catch (error) {
          expect(isActorError(error, 'ACTOR_BAD_FRAME')).toBe(true);
        }
      }),
    );
  });

  test('are refused when they are cut off, wherever that is', () => {
    const bytes = joining([member]);
    for (let length = 4; length < bytes.length; length += 1) {
      expect(() => decodeMessage(sealed(...bytes.subarray(4, length)), limits)).toThrow(
        expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }),
      );
    }
  });

  test('of a later version may go on where this one ends', () => {
    const bytes = joining([member]);
    const later = sealed(2, ...bytes.subarray(5), 1, 2, 3);
    expect(decodeMessage(later, limits)).toEqual(decodeMessage(bytes, limits));
  });

  test('are refused when any bit of them is another', () => {
    const bytes = joining([member]);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeMessage(flipped, limits)).toThrow(
        expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }),
      );
    }
  });

  test.each([
    ['nothing at all', () => new Uint8Array(0)],
    ['an unknown type', () => sealed(1, 9)],
    ['version 0', () => sealed(0, 2, 0)],
    ['more members than there may be', () => joining(Array.from({ length: 41 }, () => member))],
    ['metadata above the limit', () => joining([{ ...member, metadata: { x: 'x'.repeat(600) } }])],
    [
      'an incarnation that leaves no room for the next',
      () => joining([{ ...member, incarnation: 2 ** 53 - 1 }]),
    ],
    ['a port that is none', () => joining([{ ...member, address: { host: 'a', port: 70_000 } }])],
    ['a node without a name', () => joining([{ ...member, nodeId: '' }])],
    ['a rhythm that is none', () => sealed(1, 0, 0, 0, 0, 0)],
    ['a list said to be endless', () => sealed(1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ])('are refused with %s', (_, make) => {
    expect(() => decodeMessage(make(), limits)).toThrow(expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }));
  });

  test('can’t reach the prototype through a key of the metadata', () => {
    const metadata = JSON.parse('{"__proto__":"x"}') as Member['metadata'];
    const decoded = decodeMessage(joining([{ ...member, metadata }]), limits);
    const read = decoded.type === 'join' ? decoded.members[0]?.metadata : undefined;
    expect(Object.keys(read ?? {})).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});
