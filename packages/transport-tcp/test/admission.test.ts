import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit, checkPeer, confirm, type Standing } from '../src/admission.ts';
import { helloOf, type Self } from '../src/hello.ts';

const node = (nodeId: string, incarnation = 1, more: Partial<Self> = {}): Self => ({
  clusterName: 'shop',
  clusterId: '',
  identity: { nodeId, incarnation, address: { host: nodeId, port: 1 } },
  frameMaxBytes: 1_024,
  ...more,
});
const hello = (from: Self, isFresh = false) =>
  helloOf(from, { kind: 'hello', lane: 'control', linkId: '0'.repeat(16), isFresh });
const standing = (state: Standing['state'], isDialledHere: boolean, incarnation = 1): Standing => ({
  peer: { incarnation },
  state,
  isDialledHere,
});

describe('a peer', () => {
  test.each([
    ['none', node('b')],
    ['foreign-cluster', node('b', 1, { clusterName: 'bank' })],
    ['foreign-cluster-id', node('b', 1, { clusterId: 'two' })],
    ['self', node('a')],
    ['node-id-taken', node('a', 2)],
  ] as const)('is judged "%s"', (reason, peer) => {
    expect(checkPeer(node('a', 1, { clusterId: 'one' }), hello(peer))).toBe(reason);
  });

  test('of other versions is refused before anything else is looked at', () => {
    const peer = { ...hello(node('a', 1, { clusterName: 'bank' })), versionMin: 5, versionMax: 6 };
    expect(checkPeer(node('a'), peer)).toBe('version');
  });
});

describe('a dial', () => {
  test('by an older life than the one that is linked is refused, fresh or not', () => {
    const linked = standing('up', false, 5);
    expect(admit(node('b'), hello(node('a', 4)), linked, false)).toBe('old-incarnation');
    expect(admit(node('b'), hello(node('a', 4), true), linked, false)).toBe('old-incarnation');
  });

  test('by a newer life is let in, whatever there is', () => {
    fc.assert(
      fc.property(fc.constantFrom('opening', 'up', 'ending'), fc.boolean(), (state, isDialledHere) => {
        expect(admit(node('b'), hello(node('a', 2)), standing(state, isDialledHere), false)).toBe('none');
      }),
    );
  });

  test('beside a link that is up is a duplicate, unless the peer knows of none', () => {
    expect(admit(node('b'), hello(node('a')), standing('up', true), false)).toBe('duplicate');
    expect(admit(node('b'), hello(node('a'), true), standing('up', true), false)).toBe('none');
  });
});

describe('one node that dials another by two names at once', () => {
  test.each(['a', 'c'])('opens the first of them only (%s)', (nodeId) => {
    expect(admit(node('b'), hello(node(nodeId)), standing('opening', false), false)).toBe('duplicate');
    expect(confirm(node(nodeId), hello(node('b')), standing('opening', true))).toBe('use-other');
  });
});

describe('two nodes that dial each other at once', () => {
  test.each(['dialling', 'opening'] as const)(
    'agree on the dial of the lower id, when both are %s',
    (stage) => {
      const [a, b] = [node('a'), node('b')];
      const own = stage === 'opening' ? standing('opening', true) : undefined;
      expect(admit(a, hello(b), own, own === undefined)).toBe('duplicate');
      expect(admit(b, hello(a), own, own === undefined)).toBe('none');
    },
  );

  test('keep one link when each was welcomed while it let the other in', () => {
    expect(confirm(node('a'), hello(node('b')), standing('opening', false))).toBe('use-mine');
    expect(confirm(node('b'), hello(node('a')), standing('opening', false))).toBe('use-other');
  });
});

describe('a welcome', () => {
  test.each([
    ['use-mine', undefined],
    ['use-mine', standing('up', false, 1)],
    ['use-other', standing('up', false, 2)],
    ['use-mine', standing('ending', false, 2)],
    ['old-incarnation', standing('up', false, 3)],
  ] as const)('means "%s"', (verdict, there) => {
    expect(confirm(node('b'), hello(node('a', 2)), there)).toBe(verdict);
  });
});
