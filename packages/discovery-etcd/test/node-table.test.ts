import { expect, test } from 'vitest';
import type { EtcdEntry, EtcdEvent } from '../src/index.ts';
import { NodeTable } from '../src/node-table.ts';
import { encodeNode } from '../src/node-value.ts';

const prefix = '/actor/shop/nodes/';

function make(limits: { readonly nodesMax?: number; readonly valueMaxBytes?: number } = {}) {
  const ignored: string[] = [];
  const note = (key: string, why: string) => void ignored.push(`${key}: ${why}`);
  const table = new NodeTable({ prefix, nodesMax: 100, valueMaxBytes: 1_000, ...limits, ignored: note });
  return { table, ignored, ids: () => table.nodes().map(({ nodeId }) => nodeId) };
}

const entry = (nodeId: string, port = 1): EtcdEntry => ({
  key: prefix + nodeId,
  value: encodeNode({ nodeId, address: { host: 'h', port } }),
});
const put = (revision: number, each: EtcdEntry, isNew = true): EtcdEvent => {
  return { kind: 'put', revision, isNew, ...each };
};
const gone = (revision: number, nodeId: string): EtcdEvent => {
  return { kind: 'delete', revision, isNew: false, key: prefix + nodeId, value: '' };
};

test('a listing is the whole truth, and events move it on', () => {
  const { table, ids } = make();
  expect(table.reset({ revision: 5, count: 1, entries: [entry('a')] })).toBe(true);
  expect(table.apply([put(6, entry('b')), gone(7, 'a')])).toBe(true);
  expect(ids()).toEqual(['b']);
  expect([table.revision, table.count]).toEqual([7, 1]);
  expect(table.reset({ revision: 9, count: 1, entries: [entry('c')] })).toBe(true);
  expect(ids()).toEqual(['c']);
});

test('a first listing is news even when it is empty, a second equal one is none', () => {
  const { table } = make();
  expect(table.reset({ revision: 1, count: 0, entries: [] })).toBe(true);
  expect(table.reset({ revision: 2, count: 0, entries: [] })).toBe(false);
});

test('an event that the listing had already changes nothing', () => {
  const { table, ids } = make();
  table.reset({ revision: 5, count: 1, entries: [entry('a')] });
  expect(table.apply([gone(4, 'a'), put(5, entry('z'))])).toBe(false);
  expect(ids()).toEqual(['a']);
  expect([table.revision, table.count]).toEqual([5, 1]);
});

test('a value that is written again as it was is no news', () => {
  const { table } = make();
  table.reset({ revision: 5, count: 1, entries: [entry('a')] });
  expect(table.apply([put(6, entry('a'), false)])).toBe(false);
  expect(table.apply([put(7, entry('a', 2), false)])).toBe(true);
  expect(table.count).toBe(1);
});

test('a foreign entry counts, is told of, and is no node', () => {
  const { table, ids, ignored } = make();
  table.reset({ revision: 5, count: 2, entries: [entry('a'), { key: `${prefix}b`, value: 'hello' }] });
  expect(ids()).toEqual(['a']);
  expect(table.count).toBe(2);
  expect(ignored).toEqual([`${prefix}b: it is not a JSON object`]);
  expect(table.apply([gone(6, 'b')])).toBe(false);
  expect(table.count).toBe(1);
});

test('a node whose value turns foreign is no node any more', () => {
  const { table, ids } = make();
  table.reset({ revision: 5, count: 1, entries: [entry('a')] });
  expect(table.apply([put(6, { key: `${prefix}a`, value: '{}' }, false)])).toBe(true);
  expect(ids()).toEqual([]);
});

test('an entry below the key of another node is foreign: a key names its nodeId', () => {
  const { table, ids, ignored } = make();
  table.reset({ revision: 5, count: 1, entries: [{ key: `${prefix}b`, value: entry('a').value }] });
  expect(ids()).toEqual([]);
  expect(ignored).toEqual([`${prefix}b: its key does not name its nodeId`]);
});

test('a hostile nodeId of half a character is passed over, and is no error', () => {
  const { table, ids } = make();
  const value = '{"version":1,"nodeId":"\\ud800","address":"h:1"}';
  table.reset({ revision: 5, count: 2, entries: [{ key: `${prefix}x`, value }, entry('a')] });
  expect(ids()).toEqual(['a']);
});

test('a value that is too large is passed over', () => {
  const { table, ids, ignored } = make({ valueMaxBytes: 20 });
  table.reset({ revision: 5, count: 1, entries: [entry('a')] });
  expect(ids()).toEqual([]);
  expect(ignored).toHaveLength(1);
});

test('nodes beyond nodesMax are passed over, whether listed or told of', () => {
  const { table, ids, ignored } = make({ nodesMax: 2 });
  table.reset({ revision: 5, count: 3, entries: [entry('a'), entry('b')] });
  expect(ignored).toEqual([`${prefix}: there are more than nodesMax`]);
  table.apply([put(6, entry('c'))]);
  expect(ids()).toEqual(['a', 'b']);
  expect(table.count).toBe(4);
  table.apply([gone(7, 'a'), put(8, entry('c', 2), false)]);
  expect(ids()).toEqual(['b', 'c']);
});
