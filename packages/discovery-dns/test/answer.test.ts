import { formatAddress, parseAddress } from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, fromAddresses, fromSrv } from '../src/answer.ts';
import { srv } from './scripted.ts';

const shown = ({ nodes }: Answer): string[] => nodes.map(({ address }) => formatAddress(address));

describe('SRV records', () => {
  test('are all nodes: the lowest priority first, then the greatest weight, then by name', () => {
    const records = [
      srv('spare.example', 1, { priority: 20, weight: 90 }),
      srv('b.example', 1, { priority: 10, weight: 5 }),
      srv('c.example', 1, { priority: 10, weight: 60 }),
      srv('a.example', 1, { priority: 10, weight: 5 }),
    ];
    const expected = ['c.example:1', 'a.example:1', 'b.example:1', 'spare.example:1'];
    expect(shown(fromSrv(records, 10))).toEqual(expected);
    expect(shown(fromSrv(records.toReversed(), 10))).toEqual(expected);
  });

  test('for one host and port are one node, in any case, with or without the dot at the end', () => {
    const records = [srv('A.example', 1), srv('a.EXAMPLE.', 1), srv('a.example', 2)];
    expect(shown(fromSrv(records, 10))).toEqual(['a.example:1', 'a.example:2']);
  });

  test('for the root say that there is no service, which is no fault', () => {
    expect(fromSrv([srv('.', 0), srv('', 0)], 10)).toMatchObject({ nodes: [], ignored: [] });
  });

  test.each([
    ['a port that nobody can dial', srv('a.example', 0)],
    ['a port that there is not', srv('a.example', 65_536)],
    ['a name with a space', srv('a b.example', 1)],
    ['a name with an escaped control character', srv('evil\\000\\010com', 1)],
    ['a name that is a URL', srv('a.example/x', 1)],
    ['a name with a port of its own', srv('a.example:99', 1)],
    ['a number, which would be read as an address', srv('2130706433', 1)],
    ['a hexadecimal number', srv('0x7f000001', 1)],
    ['the address of nobody', srv('0.0.0.0', 1)],
    ['a name that is too long', srv(`${'a.'.repeat(127)}a`, 1)],
  ])('with %s are left out and told of', (_, record) => {
    const { nodes, ignored } = fromSrv([record, srv('good.example', 7)], 10);
    expect(nodes).toEqual([{ address: { host: 'good.example', port: 7 } }]);
    expect(ignored).toEqual([`${record.target}:${record.port}`]);
  });
});

describe('addresses', () => {
  test('of both families are nodes at the one port, however they are written, IPv6 in brackets', () => {
    const answer = fromAddresses(
      [{ address: 'fd00::1' }, { address: 'FD00:0::0001' }, { address: '10.0.0.1' }],
      8081,
      10,
    );
    expect(shown(answer)).toEqual(['10.0.0.1:8081', '[fd00::1]:8081']);
    expect(answer.nodes[1]).toEqual({ address: { host: 'fd00::1', port: 8081 } });
  });

  test.each([
    ['any', '0.0.0.0'],
    ['any, in IPv6', '::'],
    ['all', '255.255.255.255'],
    ['a group', '239.1.2.3'],
    ['a group, in IPv6', 'ff02::1'],
    ['a neighbour on an unknown link', 'fe80::1'],
    ['an interface of another machine', 'fd00::1%eth0'],
    ['no address', 'a.example'],
  ])('of %s are left out and told of', (_, address) => {
    const { nodes, ignored } = fromAddresses([{ address }, { address: '127.0.0.1' }], 1, 10);
    expect(nodes).toEqual([{ address: { host: '127.0.0.1', port: 1 } }]);
    expect(ignored).toEqual([address]);
  });
});

describe('a list', () => {
  test('over the limit is cut off, at the same nodes whatever its order', () => {
    const records = Array.from({ length: 2_000 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}`,
    }));
    const answer = fromAddresses(records, 1, 1_000);
    expect(answer.nodes).toHaveLength(1_000);
    expect(answer.cutOff).toBe(1_000);
    expect(fromAddresses(records.toReversed(), 1, 1_000)).toEqual(answer);
  });

  test('is true as long as the shortest time to live in it, and for no time where one is not known', () => {
    const [a, b, c] = [
      { address: '10.0.0.1', ttlMs: 30_000 },
      { address: '10.0.0.2', ttlMs: 5_000 },
      { address: '10.0.0.3' },
    ];
    expect(fromAddresses([a, b], 1, 10).ttlMs).toBe(5_000);
    expect(fromAddresses([a, b, c], 1, 10).ttlMs).toBe(0);
    expect(fromAddresses([{ address: '10.0.0.1', ttlMs: Number.NaN }], 1, 10).ttlMs).toBe(0);
    expect(fromAddresses([], 1, 10).ttlMs).toBe(0);
  });

  test('holds addresses that can be written down and read back, no more than the limit, for any records', () => {
    const text = fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6());
    const record = fc.record({
      target: text,
      port: fc.integer({ min: -1, max: 70_000 }),
      priority: fc.nat(),
      weight: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(record), fc.integer({ min: 1, max: 5 }), (records, recordsMax) => {
        const byName = fromSrv(records, recordsMax);
        const byNumber = fromAddresses(
          records.map(({ target }) => ({ address: target })),
          1,
          recordsMax,
        );
        for (const { nodes } of [byName, byNumber]) {
          expect(nodes.length).toBeLessThanOrEqual(recordsMax);
          for (const { address } of nodes) expect(parseAddress(formatAddress(address))).toEqual(address);
        }
      }),
    );
  });
});
