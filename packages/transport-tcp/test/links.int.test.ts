import type { Lane } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { joined } from '../src/frame.ts';
import { encodeHello } from '../src/hello.ts';
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

const mebibyte = 1024 ** 2;

describe('a start', () => {
  test('on a port that is taken says which and why', async () => {
    const a = await start({}, { nodeId: 'a' });
    await expect(start({}, { nodeId: 'b', listen: a.address })).rejects.toMatchObject({
      code: 'ACTOR_BIND_FAILED',
      details: a.address,
      cause: { code: 'EADDRINUSE' },
    });
  });

  test('on a name that is not one of this machine fails to bind', async () => {
    await expect(
      start({ secret }, { nodeId: 'a', listen: { host: '192.0.2.1', port: 0 } }),
    ).rejects.toMatchObject({
      code: 'ACTOR_BIND_FAILED',
    });
  });

  test('on a name that turns out to be a routable address is refused without authentication', async () => {
    const listen = { host: '0', port: 0 };
    await expect(start({ advertise: { host: 'localhost' } }, { nodeId: 'a', listen })).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      message: expect.stringContaining('0.0.0.0'),
    });
    await expect(start({ secret }, { nodeId: 'a', listen })).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      message: expect.stringContaining('transport.advertise.host'),
    });
  });

  test('on every address advertises what it was told, and is reached there', async () => {
    const listen = { host: '0.0.0.0', port: 0 };
    const a = await start({ secret, advertise: { host: 'localhost' } }, { nodeId: 'a', listen });
    const b = await start({ secret }, { nodeId: 'b' });
    expect(a.address.host).toBe('localhost');
    say(b, a, 'hi');
    await until(() => heard(a).includes('hi'), 'the frame');
  });
});

describe('addresses', () => {
  test('several names of one node lead over one link', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    for (const host of ['127.0.0.1', 'localhost', '::ffff:127.0.0.1']) {
      a.transport.send({ host, port: b.address.port }, Buffer.from(host), 'user');
    }
    await until(() => heard(b).length === 3, 'all frames');
    a.transport.send({ host: 'localhost', port: b.address.port }, Buffer.from('again'), 'user');
    await until(() => heard(b).includes('again'), 'the frame');
    expect([links(a), links(b)]).toEqual([['+b#1'], ['+a#1']]);
  });

  test('a name that is not the one that the node advertises leads there by itself', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    a.transport.send({ host: 'localhost', port: b.address.port }, Buffer.from('by name'), 'user');
    await until(() => heard(b).includes('by name'), 'the frame');
  });

  test('another name of the node itself is refused as such', async () => {
    const a = await start({}, { nodeId: 'a' });
    a.transport.send({ host: 'localhost', port: a.address.port }, Buffer.from('me'), 'user');
    expect(await dialFailure(a)).toMatchObject({
      code: 'ACTOR_PROTOCOL_MISMATCH',
      details: { reason: 'self' },
    });
  });

  test.each([
    ['a name that does not exist', { host: 'no-such-host.invalid', port: 1 }],
    ['a port that can not be', { host: '127.0.0.1', port: 70_000 }],
  ])('%s fails the dial and nothing else', async (_, to) => {
    const a = await start({}, { nodeId: 'a' });
    expect(a.transport.send(to, Buffer.from('hi'), 'user')).toBe(true);
    expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_NO_ROUTE', cause: expect.anything() });
  });
});

describe('a link', () => {
  test('that is half open on the other side is replaced by a new dial of the same life', async () => {
    const a = await start({ keepAliveMs: 60_000 }, { nodeId: 'a' });
    await rawLink(a.address, 'x');
    // The same node again, which has lost the link and does not know of it.
    const again = new RawSocket(a.address);
    again.write(encodeHello(rawHello('x', { linkId: 'b'.repeat(16) })));
    expect(await again.answer()).toMatchObject({
      kind: 'refusal',
      reason: 'duplicate',
      identity: { nodeId: 'a' },
    });
    await rawLink(a.address, 'x', { linkId: 'c'.repeat(16), isFresh: true });
    await until(() => links(a).length === 3, 'the new link');
    expect(links(a)).toEqual(['+x#1', '-x#1', '+x#1']);
  });

  test('refuses lanes that belong to another', async () => {
    const a = await start({}, { nodeId: 'a' });
    const control = new RawSocket(a.address);
    control.write(encodeHello(rawHello('x')));
    await control.answer();
    const stolen = new RawSocket(a.address);
    stolen.write(encodeHello(rawHello('x', { lane: 'user', linkId: 'b'.repeat(16) })));
    expect(await stolen.answer()).toMatchObject({ reason: 'no-such-link' });
  });

  test('keeps what was not written when it is lost, and delivers it over the next', async () => {
    const a = await start({}, { nodeId: 'a', timing: { maxRetries: 100, retryDelayMs: 10 } });
    const b = await start({}, { nodeId: 'b' });
    say(a, b, 'first');
    await until(() => heard(b).length === 1, 'the first frame');
    await b.transport.stop({ deadlineMs: 1_000 });
    await until(() => links(a).includes('-b#1'), 'link-down');
    for (const text of ['one', 'two', 'three']) say(a, b, text);
    const again = await start({}, { nodeId: 'b', incarnation: 2, listen: b.address });
    await until(() => heard(again).length === 3, 'the frames that waited');
    expect(heard(again)).toEqual(['one', 'two', 'three']);
  });

  test('carries what waited for it before what its listeners send', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    a.transport.onLink(() => say(a, b, 'second'));
    say(a, b, 'first');
    await until(() => heard(b).length === 2, 'both frames');
    expect(heard(b)).toEqual(['first', 'second']);
  });

  test('is read to its end when the peer ends it, however long that takes', async () => {
    const a = await start({}, { nodeId: 'a' });
    const [control, user, bulk] = await rawLink(a.address, 'x');
    await until(() => links(a).length === 1, 'the link');
    control?.socket.end();
    bulk?.socket.end();
    const text = 'a frame that takes longer than a second';
    const frame = Buffer.concat([joined([Buffer.from(text)])]);
    const sinceMs = performance.now();
    for (let piece = 0; piece < 6; piece += 1) {
      await until(() => performance.now() - sinceMs > piece * 300, 'the next piece');
      user?.write(frame.subarray(piece * 9, piece === 5 ? frame.length : piece * 9 + 9));
    }
    user?.socket.end();
    await until(() => links(a).includes('-x#1'), 'link-down');
    expect(heard(a)).toEqual([text]);
  });

  test('that is lost while a listener sends again delivers the older frames first', async () => {
    const a = await start({ queueMaxBytes: 64 * mebibyte }, { nodeId: 'a' });
    const to = { host: '127.0.0.1', port: 1 };
    const [, stalled] = await rawLink(a.address, 'x', { frameMaxBytes: 64 * mebibyte });
    await until(() => links(a).length === 1, 'the link');
    a.transport.onLink((_, up) => up || a.transport.send(to, Buffer.from('younger'), 'user'));
    stalled?.socket.pause();
    a.transport.send(to, Buffer.alloc(32 * mebibyte), 'user');
    a.transport.send(to, Buffer.from('older'), 'user');
    await until(() => (stalled?.socket.readableLength ?? 0) > 0, 'the large frame to be under way');
    stalled?.socket.destroy();
    await until(() => links(a).includes('-x#1'), 'link-down');
    const [, user] = await rawLink(a.address, 'x', { linkId: 'b'.repeat(16) });
    await until(() => user?.received.includes('younger') === true, 'both frames');
    expect(user?.received).toEqual(joined([Buffer.from('older'), Buffer.from('younger')]));
  });

  test('whose listener throws carries its frames all the same', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    for (const { transport } of [a, b]) {
      transport.onLink(() => {
        throw new RangeError('a bug of a link listener');
      });
    }
    b.transport.receive(() => {
      throw new RangeError('a bug of a receiver');
    });
    for (const text of ['one', 'two']) say(a, b, text);
    await until(() => heard(b).length === 2, 'both frames');
    expect([links(a), links(b)]).toEqual([['+b#1'], ['+a#1']]);
  });

  test('takes no frame that the peer would not', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({ frameMaxBytes: 2_000 }, { nodeId: 'b' })];
    expect(say(a, b, 'x'.repeat(3_000))).toBe(true);
    say(a, b, 'small');
    await until(() => heard(b).length === 1, 'the small frame');
    expect([say(a, b, 'x'.repeat(2_001)), say(a, b, 'x'.repeat(2_000))]).toEqual([false, true]);
    a.transport.broadcast(Buffer.alloc(2_001), 'user');
    say(a, b, 'the last');
    await until(() => heard(b).includes('the last'), 'the last frame');
    expect(heard(b).map((text) => text.length)).toEqual([5, 2_000, 8]);
    expect([links(a), links(b)]).toEqual([['+b#1'], ['+a#1']]);
  });

  test('is one, for many rounds of nodes that dial each other at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
      say(a, b, 'a');
      say(b, a, 'b');
      await until(() => heard(a).length === 1 && heard(b).length === 1, 'both frames');
      expect([links(a), links(b)]).toEqual([['+b#1'], ['+a#1']]);
      await Promise.all([a.transport.stop(), b.transport.stop()]);
    }
  });
});

describe('lanes', () => {
  test.each([
    ['without authentication', {}],
    ['with a secret', { secret }],
  ])('a 64 MiB user frame does not hold up the control lane, %s', async (_, options) => {
    const [a, b] = [await start(options, { nodeId: 'a' }), await start(options, { nodeId: 'b' })];
    say(a, b, 'hi');
    await until(() => heard(b).length === 1, 'a link');
    const order: Lane[] = [];
    b.transport.receive((_from, _frame, lane) => order.push(lane));
    expect(a.transport.send(b.address, new Uint8Array(64 * mebibyte), 'user')).toBe(true);
    // A heartbeat each time that something else has had its turn.
    let beats = 0;
    while (!order.includes('user')) {
      beats += a.transport.send(b.address, Buffer.from('beat'), 'control') ? 1 : 0;
      await until(() => order.filter((lane) => lane === 'control').length === beats, 'the heartbeat');
    }
    expect(order.indexOf('user')).toBeGreaterThan(2);
  });

  test('bulk does not hold up user', async () => {
    const [a, b] = [await start({}, { nodeId: 'a' }), await start({}, { nodeId: 'b' })];
    say(a, b, 'hi');
    await until(() => heard(b).length === 1, 'a link');
    const order: Lane[] = [];
    b.transport.receive((_from, _frame, lane) => order.push(lane));
    a.transport.send(b.address, new Uint8Array(64 * mebibyte), 'bulk');
    say(a, b, 'quick');
    await until(() => order.length === 2, 'both frames');
    expect(order).toEqual(['user', 'bulk']);
  });

  test('the frames of one turn go out in one write', async () => {
    const a = await start({}, { nodeId: 'a' });
    const [, user] = await rawLink(a.address, 'x');
    const pieces: number[] = [];
    user?.socket.on('data', (piece: Buffer) => pieces.push(piece.length));
    for (let number = 0; number < 50; number += 1) {
      a.transport.send({ host: '127.0.0.1', port: 1 }, Buffer.from(`frame ${number}`), 'user');
    }
    await until(() => pieces.length > 0, 'the bytes');
    expect(pieces).toEqual([50 * 5 + 10 * 7 + 40 * 8]);
  });
});

describe('a stop', () => {
  test('delivers a large frame that was taken before', async () => {
    const [a, b] = [await start({ secret }, { nodeId: 'a' }), await start({ secret }, { nodeId: 'b' })];
    say(a, b, 'hi');
    await until(() => heard(b).length === 1, 'a link');
    a.transport.send(b.address, new Uint8Array(16 * mebibyte), 'user');
    say(a, b, 'goodbye', 'control');
    await a.transport.stop({ deadlineMs: 10_000 });
    await until(() => links(b).includes('-a#1'), 'link-down');
    expect(heard(b).map((text) => text.length)).toEqual(expect.arrayContaining([16 * mebibyte, 7]));
  });

  test('with a peer that does not read ends by its deadline', async () => {
    const a = await start({}, { nodeId: 'a' });
    for (const { socket } of await rawLink(a.address, 'x', { frameMaxBytes: 64 * mebibyte })) socket.pause();
    a.transport.send({ host: '127.0.0.1', port: 1 }, new Uint8Array(64 * mebibyte), 'user');
    await a.transport.stop({ deadlineMs: 50 });
    expect(links(a)).toEqual(['+x#1', '-x#1']);
  });
});
