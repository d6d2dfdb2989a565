// docs/wire-protocol.md says what the code does: its example, its tables and its numbers are read and compared.
import { expect, test } from 'vitest';
import { serializerNameMaxBytes } from '../packages/cluster/src/remoting/introduction.ts';
import {
  envelopesMax,
  field,
  frameHeaderBytes,
  kind,
  readHeader,
  textMaxBytes,
  textsMax,
} from '../packages/cluster/src/remoting/wire.ts';
import { frameKind } from '../packages/transport-tcp/src/framing.ts';
import { encodeHello, helloMaxBytes, refusalReasons } from '../packages/transport-tcp/src/hello.ts';
import { read } from './workspace.ts';

const page = read('docs/wire-protocol.md');

/** `at` and `bytes` of the table's rows, as they follow each other. */
function layout(heading: string): readonly (readonly [number, number])[] {
  const section = page.slice(page.indexOf(`## ${heading}`));
  const rows = [...section.slice(0, section.indexOf('\n## ', 1)).matchAll(/^\| (\d+) +\| (\d+|…) /gm)];
  return rows.map(([, at, bytes]) => [Number(at), bytes === '…' ? 0 : Number(bytes)]);
}

test('the example of a hello is what a node sends', () => {
  const [hex = ''] = /(?:^(?:[0-9a-f]{2} ?)+\n)+/m.exec(page) ?? [];
  const hello = encodeHello({
    kind: 'hello',
    versionMin: 1,
    versionMax: 1,
    reason: 'none',
    features: 0,
    lane: 'control',
    isFresh: false,
    linkId: '0123456789abcdef',
    frameMaxBytes: 64 * 1024 ** 2,
    clusterName: 'shop',
    clusterId: '',
    identity: { nodeId: 'node-1', incarnation: 1_763_942_400_000, address: { host: '10.0.0.1', port: 8081 } },
  });
  expect(hex.trim().split(/\s+/).join(' ')).toBe(hello.toString('hex').replace(/..(?!$)/g, '$& '));
  expect(page).toContain(`at most ${helloMaxBytes.toLocaleString('en')}`);
});

test.each([
  ['Hello', 40],
  ['Actors', frameHeaderBytes],
])('the fields of "%s" follow each other without a gap', (heading, size) => {
  let next = 0;
  for (const [at, bytes] of layout(heading)) {
    expect(at).toBe(next);
    next = at + bytes;
  }
  expect(next).toBe(size);
});

test('the reasons of refusals are listed in their order', () => {
  const [, list = ''] = /Reasons, from 0: ([^.]*)\./.exec(page) ?? [];
  expect([...list.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason)).toEqual(refusalReasons);
});

test('the kinds of frames and envelopes and the flags of a head have the numbers of the code', () => {
  for (const [name, number] of Object.entries(frameKind)) expect(page).toContain(`${number} ${name}`);
  const table = page.slice(page.indexOf('| kind '), page.indexOf('_head_ is'));
  const cells = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(','));
  const numbered = cells.flatMap((cell) => {
    const [, number, name] = /(\d+) (\w+)/.exec(cell) ?? [];
    return name === undefined ? [] : [[name, Number(number)] as const];
  });
  expect(Object.fromEntries(numbered)).toEqual(kind);
  for (const [name, bit] of Object.entries(field)) expect(page).toMatch(new RegExp(`[(, ]${bit} ${name}\\b`));
  expect(page).toContain(`a serializer's name of at most ${serializerNameMaxBytes} bytes`);
  for (const bound of [envelopesMax, textMaxBytes, textsMax])
    expect(page).toContain(bound.toLocaleString('en'));
});

test('the header of a session is read where the page says', () => {
  const bytes = Buffer.alloc(frameHeaderBytes);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(1, 1);
  bytes.writeUInt32BE(9, 2);
  for (const [index, at] of [6, 14, 22, 30].entries()) bytes.writeDoubleBE(10 + index, at);
  expect(readHeader(bytes)).toEqual({
    type: 'actor',
    greeting: true,
    session: 9,
    from: 10,
    to: 11,
    sequence: 12,
    ack: 13,
  });
});
