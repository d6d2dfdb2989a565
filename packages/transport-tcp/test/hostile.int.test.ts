import { createServer, Server } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { encodeHello, type Hello, helloMaxBytes } from '../src/hello.ts';
import {
  dialFailure,
  heard,
  links,
  RawSocket,
  rawHello,
  rawLink,
  say,
  secret,
  start,
  until,
} from './nodes.ts';

const framed = (text: string, length = text.length, kind = 0): Buffer => {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(length);
  header[4] = kind;
  return Buffer.concat([header, Buffer.from(text)]);
};

describe('before the hello', () => {
  test.each([
    ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['zeros', Buffer.alloc(100_000)],
    ['the magic and garbage', Buffer.concat([Buffer.from('ACTR'), Buffer.alloc(100_000, 0xff)])],
    ['a TLS hello', Buffer.from('16030100a5010000a1', 'hex')],
  ])('%s is refused, and harms nobody else', async (_, bytes) => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    const raw = new RawSocket(a.address);
    raw.write(bytes);
    expect(await raw.answer()).toMatchObject({ kind: 'refusal', reason: 'malformed' });
    await raw.closed();
    say(b, a, 'fine');
    await until(() => heard(a).includes('fine'), 'a frame of a good peer');
    expect(a.refusals).toEqual(['malformed']);
  });

  test('connections that the system can not accept are logged, however many they are', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    const a = await start({}, { nodeId: 'a' });
    const server = listen.mock.contexts[0] as Server;
    listen.mockRestore();
    // As Node does it when the process has no more file handles.
    for (let times = 0; times < 3; times += 1) server.emit('error', new Error('accept ENFILE'));
    expect(a.refusals).toEqual(['not-accepted']);
    const b = await start({}, { nodeId: 'b' });
    say(b, a, 'fine');
    await until(() => heard(a).includes('fine'), 'a frame of a good peer');
  });

  test('a connection that ends in the middle of its hello costs nothing', async () => {
    const a = await start({ pendingMax: 1 }, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.socket.end(encodeHello(rawHello('x')).subarray(0, 20));
    await raw.closed();
    const b = await start({}, { nodeId: 'b' });
    say(b, a, 'fine');
    await until(() => heard(a).includes('fine'), 'a frame of a good peer');
  });

  test.each([
    ['without authentication', {}],
    ['with a secret', { secret }],
  ])('a slow or silent peer is closed by the deadline, %s', async (_, options) => {
    const a = await start({ ...options, handshakeTimeoutMs: 100 }, { nodeId: 'a' });
    const [silent, slow] = [new RawSocket(a.address), new RawSocket(a.address)];
    slow.write('secret' in options ? '\x16' : 'A');
    await Promise.all([silent.closed(), slow.closed()]);
    expect(a.refusals).toContain('too-slow');
    expect(a.log).toEqual([]);
  });

  test('no more than pendingMax connections wait, and later ones are closed at once', async () => {
    const options = { pendingMax: 3, pendingPerAddressMax: 3, handshakeTimeoutMs: 30_000 };
    const a = await start(options, { nodeId: 'a' });
    const sockets = Array.from({ length: 20 }, () => new RawSocket(a.address));
    await until(() => sockets.filter((socket) => socket.isClosed).length === 17, 'the others to be closed');
    expect(a.refusals).toEqual(['too-many-pending']);
    for (const { socket } of sockets) socket.destroy();
    const b = await start({}, { nodeId: 'b' });
    say(b, a, 'fine');
    await until(() => heard(a).includes('fine'), 'room for a good peer');
  });

  test('no more than pendingPerAddressMax wait of one address', async () => {
    const a = await start({ pendingPerAddressMax: 2, handshakeTimeoutMs: 30_000 }, { nodeId: 'a' });
    const sockets = Array.from({ length: 10 }, () => new RawSocket(a.address));
    await until(() => sockets.filter((socket) => socket.isClosed).length === 8, 'the others to be closed');
    expect(a.refusals).toEqual(['too-many-pending-of-address']);
  });

  test('a peer that was refused and does not go is closed by the deadline', async () => {
    const a = await start({ handshakeTimeoutMs: 100 }, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.socket.allowHalfOpen = true;
    raw.write('garbage');
    await raw.answer();
    // Half of the connection is still open; writing into what was closed shows it.
    await until(() => {
      raw.write('more');
      return raw.isClosed;
    }, 'the other side to close');
  });
});

describe('a hello', () => {
  const refused: readonly (readonly [string, Partial<Hello>])[] = [
    ['version', { versionMin: 8, versionMax: 9 }],
    ['foreign-cluster', { clusterName: 'bank' }],
    ['malformed', { kind: 'welcome' }],
    ['no-such-link', { lane: 'user' }],
    ['self', { identity: { nodeId: 'a', incarnation: 1, address: { host: 'x', port: 1 } } }],
    ['node-id-taken', { identity: { nodeId: 'a', incarnation: 2, address: { host: 'x', port: 1 } } }],
  ];
  test.each(refused)('is refused with "%s", and says so to the dialler', async (reason, part) => {
    const a = await start({}, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.write(encodeHello(rawHello('x', part)));
    expect(await raw.answer()).toMatchObject({ kind: 'refusal', reason });
    await raw.closed();
    expect(a.refusals).toEqual([reason]);
    expect(a.log).toEqual([]);
  });

  test('of later versions and with unknown features is answered in the common ones', async () => {
    const a = await start({}, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.write(encodeHello(rawHello('x', { versionMax: 9, features: 0xffff_ffff })));
    expect(await raw.answer()).toMatchObject({ kind: 'welcome', versionMin: 1, versionMax: 1, features: 0 });
  });

  test('of one node more than linksMax is refused', async () => {
    const a = await start({ linksMax: 1 }, { nodeId: 'a' });
    await rawLink(a.address, 'x');
    await expect(rawLink(a.address, 'y')).rejects.toThrow('too-many-links');
  });

  test('that is never followed by the other lanes makes no link, and is dropped', async () => {
    const a = await start({ handshakeTimeoutMs: 100 }, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.write(encodeHello(rawHello('x')));
    expect(await raw.answer()).toMatchObject({ kind: 'welcome' });
    await raw.closed();
    expect(a.log).toEqual([]);
  });
});

describe('an answer', () => {
  const answering = async (bytes: Uint8Array): Promise<{ readonly host: string; readonly port: number }> => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  };

  test.each([
    ['ACTOR_PROTOCOL_MISMATCH', Buffer.from('220 smtp ready\r\n')],
    ['ACTOR_PROTOCOL_MISMATCH', Buffer.alloc(helloMaxBytes * 4, 0x41)],
    [
      'ACTOR_PROTOCOL_MISMATCH',
      encodeHello(rawHello('x', { kind: 'refusal', reason: 'version', versionMin: 8, versionMax: 9 })),
    ],
    ['ACTOR_UNAUTHENTICATED', encodeHello(rawHello('x', { kind: 'refusal', reason: 'identity' }))],
    ['ACTOR_NO_ROUTE', encodeHello(rawHello('x', { kind: 'refusal', reason: 'too-many-links' }))],
    ['ACTOR_NO_ROUTE', encodeHello(rawHello('x')).subarray(0, 10)],
  ])('gives the dialler %s', async (code, bytes) => {
    const a = await start({}, { nodeId: 'a' });
    a.transport.send(await answering(bytes), Buffer.from('hi'), 'user');
    expect(await dialFailure(a)).toMatchObject({ code });
  });
});

describe('after the hello', () => {
  test.each([
    ['a frame over the limit', framed('', 2_000_000_000)],
    ['a frame of an unknown kind', framed('', 0, 77)],
  ])('%s ends that link and no other', async (_, bytes) => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    say(b, a, 'before');
    const [, user] = await rawLink(a.address, 'x');
    user?.write(Buffer.concat([framed('good'), bytes]));
    await until(() => links(a).includes('-x#1'), 'link-down');
    say(b, a, 'after');
    await until(() => heard(a).includes('after'), 'a frame of a good peer');
    expect(heard(a)).toEqual(expect.arrayContaining(['before', 'good', 'after']));
    expect(links(a)).not.toContain('-b#1');
  });

  test('a frame that stops in its middle is dropped with its link', async () => {
    const a = await start({}, { nodeId: 'a' });
    const [control, user, bulk] = await rawLink(a.address, 'x');
    user?.write(framed('half of it', 1_000));
    for (const socket of [control, user, bulk]) socket?.socket.end();
    await until(() => links(a).includes('-x#1'), 'link-down');
    expect(heard(a)).toEqual([]);
  });

  test('a peer that gives no sign of life is dropped after keepAliveMissesMax intervals', async () => {
    const a = await start({ keepAliveMs: 20, keepAliveMissesMax: 2 }, { nodeId: 'a' });
    const [control] = await rawLink(a.address, 'x');
    await until(() => links(a).includes('-x#1'), 'link-down');
    expect(control?.received.subarray(0, 5)).toEqual(framed('', 0, 1));
  });

  test('a peer that answers is kept', async () => {
    const [a, b] = [
      await start({ keepAliveMs: 10, keepAliveMissesMax: 1 }, { nodeId: 'a' }),
      await start({}, { nodeId: 'b' }),
    ];
    say(a, b, 'hi');
    await until(() => links(a).length > 0, 'a link');
    const sinceMs = performance.now();
    await until(() => performance.now() - sinceMs > 300, 'thirty intervals');
    expect(links(a)).toEqual(['+b#1']);
  });

  test('a peer that reads nothing fills its queue and no more', async () => {
    const a = await start({ queueMaxBytes: 100_000 }, { nodeId: 'a' });
    const sockets = await rawLink(a.address, 'x', { frameMaxBytes: 1_000_000 });
    for (const { socket } of sockets) socket.pause();
    const to = { host: '127.0.0.1', port: 1 };
    const frame = Buffer.alloc(10_000);
    const before = process.memoryUsage().arrayBuffers;
    let taken = 0;
    const isFull = (): boolean => {
      let refusals = 0;
      for (let times = 0; times < 100; times += 1) {
        if (a.transport.send(to, Buffer.from(frame), 'user')) taken += 1;
        else refusals += 1;
      }
      return refusals === 100;
    };
    await until(isFull, 'the queue to stay full');
    expect(taken).toBeGreaterThan(10);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    expect(a.transport.send(to, Buffer.from('urgent'), 'control')).toBe(true);
  });
});
