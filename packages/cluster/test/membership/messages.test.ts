import fc from 'fast-check';
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
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
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
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeMessage(bytes.subarray(0, length), limits)).toThrow(
        expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }),
      );
    }
  });

  test('of a later version may go on where this one ends', () => {
    const bytes = joining([member]);
    const later = Uint8Array.from([...bytes, 1, 2, 3]);
    later[0] = 2;
    expect(decodeMessage(later, limits)).toEqual(decodeMessage(bytes, limits));
  });

  test.each([
    ['an unknown type', () => Uint8Array.of(1, 9)],
    ['version 0', () => Uint8Array.of(0, 2, 0)],
    ['more members than there may be', () => joining(Array.from({ length: 41 }, () => member))],
    ['metadata above the limit', () => joining([{ ...member, metadata: { x: 'x'.repeat(600) } }])],
    [
      'an incarnation that leaves no room for the next',
      () => joining([{ ...member, incarnation: 2 ** 53 - 1 }]),
    ],
    ['a port that is none', () => joining([{ ...member, address: { host: 'a', port: 70_000 } }])],
    ['a node without a name', () => joining([{ ...member, nodeId: '' }])],
    ['a rhythm that is none', () => Uint8Array.of(1, 0, 0, 0, 0, 0)],
    [
      'a list said to be endless',
      () => Uint8Array.of(1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
    ],
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
