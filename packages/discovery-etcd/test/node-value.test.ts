import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeInfo } from '@actor/core';
import { nodeKey, nodePrefix } from '../src/node-key.ts';
import { decodeNode, encodeNode } from '../src/node-value.ts';

const node: NodeInfo = {
  nodeId: 'node-1',
  address: { host: 'fd00::1', port: 8081 },
  incarnation: 7,
  metadata: { zone: 'a', weight: 2, canary: false },
};

test('a value is JSON that a person can read', () => {
  expect(encodeNode(node)).toBe(
    '{"version":1,"nodeId":"node-1","address":"[fd00::1]:8081","incarnation":7,"metadata":{"zone":"a","weight":2,"canary":false}}',
  );
});

test('any node is read back as it was written', () => {
  const metadata = fc.dictionary(
    fc.string(),
    fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    ),
  );
  const nodes = fc.record({
    nodeId: fc.string({ minLength: 1 }),
    address: fc.record({
      host: fc.constantFrom('10.0.0.1', '::1', 'node.internal'),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    incarnation: fc.maxSafeNat(),
    metadata,
  });
  fc.assert(
    fc.property(nodes, (each) => {
      expect(decodeNode(encodeNode(each))).toEqual(JSON.parse(JSON.stringify(each)));
    }),
  );
});

test('a node without incarnation and metadata has none when it is read back', () => {
  const { nodeId, address } = { nodeId: 'n', address: { host: 'h', port: 1 } };
  expect(decodeNode(encodeNode({ nodeId, address }))).toEqual({ nodeId, address });
});

test('fields of a later version are passed over', () => {
  expect(decodeNode(encodeNode(node).replace('{', '{"colour":"blue",'))).toEqual(node);
});

describe('what is no node is said to be none', () => {
  const valid = { version: 1, nodeId: 'n', address: 'h:1', incarnation: 1, metadata: {} };
  test.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a version to come', JSON.stringify({ ...valid, version: 2 })],
    ['no version', JSON.stringify({ ...valid, version: undefined })],
    ['no nodeId', JSON.stringify({ ...valid, nodeId: '' })],
    ['a nodeId that is no text', JSON.stringify({ ...valid, nodeId: 7 })],
    ['no address', JSON.stringify({ ...valid, address: undefined })],
    ['an address of no port', JSON.stringify({ ...valid, address: 'h' })],
    ['a port that nobody can dial', JSON.stringify({ ...valid, address: 'h:0' })],
    ['a port out of range', JSON.stringify({ ...valid, address: 'h:70000' })],
    ['an incarnation below zero', JSON.stringify({ ...valid, incarnation: -1 })],
    ['an incarnation that is no number', JSON.stringify({ ...valid, incarnation: '1' })],
    ['metadata that nest', JSON.stringify({ ...valid, metadata: { a: {} } })],
    ['metadata that are a list', JSON.stringify({ ...valid, metadata: [] })],
  ])('%s', (_, text) => expect(decodeNode(text)).toMatch(/^(it|its) .*/));

  test('any text is a node or is none, and never an error', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeNode(text)));
  });

  test('a name that would reach into the prototype is data and no more', () => {
    const hostile = '{"version":1,"nodeId":"n","address":"h:1","metadata":{"__proto__":"x","zone":"a"}}';
    const read = decodeNode(hostile) as NodeInfo;
    expect(Object.getPrototypeOf(read.metadata)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['zone']).toBeUndefined();
  });
});

describe('keys', () => {
  test('are below the namespace and the name of the cluster', () => {
    expect(nodeKey(nodePrefix('/actor', 'shop'), 'node-1')).toBe('/actor/shop/nodes/node-1');
  });

  test('of a name with a slash stay below their own cluster', () => {
    expect(nodeKey(nodePrefix('/actor', 'a/b'), '../x y')).toBe('/actor/a%2Fb/nodes/..%2Fx%20y');
  });

  test('of any name at all can be made, half characters included', () => {
    const names = fc.string({ unit: 'binary' });
    fc.assert(fc.property(names, (each) => void nodeKey(nodePrefix('/actor', each), each)));
    expect(nodeKey('/', '\ud800')).toBe('/%EF%BF%BD');
  });
});
