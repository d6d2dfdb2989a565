import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  commonVersion,
  decodeHello,
  encodeHello,
  type Hello,
  helloMaxBytes,
  isName,
  refusalReasons,
} from '../src/hello.ts';

const name = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(isName);
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
const hellos: fc.Arbitrary<Hello> = fc.record({
  kind: fc.constantFrom('hello', 'welcome', 'refusal'),
  versionMin: fc.constant(1),
  versionMax: fc.integer({ min: 1, max: 65_535 }),
  reason: fc.constantFrom(...refusalReasons),
  features: fc.nat(),
  lane: fc.constantFrom('control', 'user', 'bulk'),
  isFresh: fc.boolean(),
  linkId: fc.stringMatching(/^[0-9a-f]{16}$/),
  frameMaxBytes: fc.nat(),
  clusterName: name,
  clusterId: fc.oneof(name, fc.constant('')),
  identity: fc.record({
    nodeId: name,
    incarnation: fc.maxSafeNat(),
    address: fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }),
  }),
});

const sample: Hello = {
  kind: 'hello',
  versionMin: 1,
  versionMax: 1,
  reason: 'none',
  features: 0,
  lane: 'control',
  isFresh: false,
  linkId: '0123456789abcdef',
  frameMaxBytes: 1_024,
  clusterName: 'shop',
  clusterId: '',
  identity: { nodeId: 'a', incarnation: 1, address: { host: '127.0.0.1', port: 1 } },
};

describe('a hello', () => {
  test('is read as it was written, and what follows is left, for any content', () => {
    fc.assert(
      fc.property(hellos, fc.uint8Array({ maxLength: 20 }), (hello, rest) => {
        const bytes = encodeHello(hello);
        expect(decodeHello(Buffer.concat([bytes, rest]))).toEqual({
          kind: 'complete',
          hello,
          bytes: bytes.length,
        });
      }),
    );
  });

  test('needs all of its bytes', () => {
    const bytes = encodeHello(sample);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeHello(bytes.subarray(0, length))).toEqual({ kind: 'partial' });
    }
  });

  test('that starts with other bytes is none, from the first byte on', () => {
    expect(decodeHello(Buffer.from('G'))).toEqual({ kind: 'malformed' });
    expect(decodeHello(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toEqual({ kind: 'malformed' });
  });

  test('that claims to be larger than any is refused by its size alone', () => {
    const bytes = encodeHello(sample);
    bytes.writeUInt16LE(helloMaxBytes, 4);
    expect(decodeHello(bytes.subarray(0, 6))).toEqual({ kind: 'malformed' });
  });

  test('of versions that this one does not speak is refused without a look at the rest', () => {
    const bytes = encodeHello({ ...sample, versionMin: 7, versionMax: 9 });
    bytes.fill(0xff, 11);
    expect(decodeHello(bytes)).toEqual({ kind: 'version', versionMin: 7, versionMax: 9 });
  });

  test('of a later version that still speaks this one may be longer', () => {
    const bytes = Buffer.concat([encodeHello({ ...sample, versionMax: 2 }), Buffer.from('news')]);
    bytes.writeUInt16LE(bytes.length - 6, 4);
    expect(decodeHello(bytes)).toMatchObject({
      kind: 'complete',
      bytes: bytes.length,
      hello: { versionMax: 2 },
    });
  });

  test('is complete, partial or refused and never throws, for any bytes behind the magic', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeHello(Buffer.concat([Buffer.from('ACTR'), bytes]));
      }),
    );
  });

  const { identity } = sample;
  test.each<[string, Partial<Hello>]>([
    ['of a node without a name', { identity: { ...identity, nodeId: '' } }],
    [
      'of a node whose name would break a line of a log',
      { identity: { ...identity, nodeId: 'a\n{"level":60}' } },
    ],
    ['of a cluster whose name would colour a terminal', { clusterName: '\u001b[31mshop' }],
    ['that names no port', { identity: { ...identity, address: { host: 'a.example', port: 0 } } }],
    ['that names no host', { identity: { ...identity, address: { host: '', port: 1 } } }],
    ['whose host is no host', { identity: { ...identity, address: { host: 'a.example/b', port: 1 } } }],
    [
      'whose host would break a line of a log',
      { identity: { ...identity, address: { host: 'a\u0007', port: 1 } } },
    ],
  ])('%s is malformed', (_, part) => {
    expect(decodeHello(encodeHello({ ...sample, ...part }))).toEqual({ kind: 'malformed' });
  });

  test('with a text that runs over its end is malformed', () => {
    const bytes = encodeHello(sample);
    bytes[40] = 255;
    expect(decodeHello(bytes)).toEqual({ kind: 'malformed' });
  });
});

test('the highest common version is used, or none', () => {
  expect(commonVersion({ versionMin: 1, versionMax: 9 })).toBe(1);
  expect(commonVersion({ versionMin: 2, versionMax: 9 })).toBeUndefined();
  expect(commonVersion({ versionMin: 0, versionMax: 0 })).toBeUndefined();
});
