// How the dialling side takes what a listener may answer, with a listener that answers as it is told.

import { createServer, type Socket } from 'node:net';
import type { NodeAddress } from '@actor/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeHello, encodeHello, type Hello } from '../src/hello.ts';
import { overheadBytes } from '../src/lane-queue.ts';
import { dialFailure, links, rawHello, rawLink, say, start, until } from './nodes.ts';

interface Answering {
  readonly address: NodeAddress;
  /** The hellos that came, in order. */
  readonly hellos: Hello[];
  readonly sockets: Socket[];
  /** What came behind the hellos, as text. */
  text(): string;
}

/** Answers each hello with `answer`; undefined is silence. */
async function answering(answer: (hello: Hello, number: number) => Hello | undefined): Promise<Answering> {
  const hellos: Hello[] = [];
  const sockets: Socket[] = [];
  let text = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      const result = decodeHello(bytes);
      if (result.kind !== 'complete') return;
      hellos.push(result.hello);
      const reply = answer(result.hello, hellos.length);
      if (reply !== undefined) socket.write(encodeHello(reply));
      socket.on('data', (piece) => (text += piece.toString('latin1')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { address: { host: '127.0.0.1', port }, hellos, sockets, text: () => text };
}

const welcome = (hello: Hello, nodeId = 'x', incarnation = 1): Hello =>
  rawHello(nodeId, {
    kind: 'welcome',
    lane: hello.lane,
    linkId: hello.linkId,
    frameMaxBytes: 100_000_000,
    identity: { nodeId, incarnation, address: { host: '127.0.0.1', port: 1 } },
  });

describe('a dial', () => {
  test('that is called a duplicate of a link that there is not comes back as a fresh one', async () => {
    const a = await start({}, { nodeId: 'a' });
    const x = await answering((hello, number) =>
      number === 1 ? rawHello('x', { kind: 'refusal', reason: 'duplicate' }) : welcome(hello),
    );
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    await until(() => links(a).length === 1, 'the link');
    expect(x.hellos.map(({ lane, isFresh }) => [lane, isFresh])).toEqual([
      ['control', false],
      ['control', true],
      ['user', false],
      ['bulk', false],
    ]);
    expect(a.failures).toEqual([]);
  });

  test('that is called a duplicate of a link that there is uses it', async () => {
    const a = await start({}, { nodeId: 'a' });
    const [, user] = await rawLink(a.address, 'x');
    const x = await answering(() => rawHello('x', { kind: 'refusal', reason: 'duplicate' }));
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    await until(() => user?.received.includes('hi') === true, 'the frame');
    expect(links(a)).toEqual(['+x#1']);
  });

  test('that is welcomed by a node with a link uses that link', async () => {
    const a = await start({}, { nodeId: 'a' });
    const [, user] = await rawLink(a.address, 'x');
    const x = await answering((hello) => welcome(hello));
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    await until(() => user?.received.includes('hi') === true, 'the frame');
    expect(x.hellos).toHaveLength(1);
  });

  test.each([
    ['old-incarnation', 'x', 1],
    ['self', 'a', 1],
  ])('that is welcomed by the wrong node fails with "%s"', async (reason, nodeId, incarnation) => {
    const a = await start({}, { nodeId: 'a' });
    await rawLink(a.address, 'x', {
      identity: { nodeId: 'x', incarnation: 2, address: { host: '127.0.0.1', port: 1 } },
    });
    const x = await answering((hello) => welcome(hello, nodeId, incarnation));
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_PROTOCOL_MISMATCH', details: { reason } });
    expect(links(a)).toEqual(['+x#2']);
  });

  test('whose lanes end at different nodes makes no link', async () => {
    const a = await start({}, { nodeId: 'a' });
    const x = await answering((hello) => welcome(hello, hello.lane === 'bulk' ? 'y' : 'x'));
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_NO_ROUTE' });
    expect(a.log).toEqual([]);
  });

  test('without an answer fails after handshakeTimeoutMs', async () => {
    const a = await start({ handshakeTimeoutMs: 50 }, { nodeId: 'a' });
    const x = await answering(() => undefined);
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    expect(await dialFailure(a)).toMatchObject({
      code: 'ACTOR_NO_ROUTE',
      message: expect.stringContaining('50 ms'),
    });
    await until(() => x.hellos.length === 3, 'maxRetries dials');
    expect(x.hellos).toHaveLength(3);
  });

  test('under way is given up by stop', async () => {
    const a = await start({}, { nodeId: 'a' });
    const x = await answering((hello) => (hello.lane === 'control' ? welcome(hello) : undefined));
    a.transport.send(x.address, Buffer.from('hi'), 'user');
    await until(() => x.hellos.length === 2, 'a dial half way');
    await a.transport.stop();
    await until(
      () => x.sockets.every((socket) => socket.destroyed || socket.readableEnded),
      'its sockets to be closed',
    );
    expect([a.log, a.failures]).toEqual([[], []]);
  });
});

test('what was not written when a link broke goes over the next one, the frame under way excepted', async () => {
  const timing = { maxRetries: 100, retryDelayMs: 10 };
  const a = await start({ queueMaxBytes: 200 * 1024 ** 2 }, { nodeId: 'a', timing });
  const x = await answering((hello) => {
    const reply = welcome(hello);
    return { ...reply, identity: { ...reply.identity, address: x.address } };
  });
  a.transport.send(x.address, Buffer.from('hi'), 'control');
  await until(() => links(a).length === 1 && x.text().includes('hi'), 'the link');
  for (const socket of x.sockets) socket.pause();
  a.transport.send(x.address, Buffer.alloc(64 * 1024 ** 2, 'L'), 'user');
  for (const text of ['kept one', 'kept two']) a.transport.send(x.address, Buffer.from(text), 'user');
  await until(() => x.sockets.some((socket) => socket.readableLength > 0), 'the large frame to be under way');
  for (const socket of x.sockets.splice(0)) socket.destroy();
  await until(() => x.text().includes('kept two'), 'what was kept');
  expect(x.text().indexOf('kept one')).toBeLessThan(x.text().indexOf('kept two'));
  expect(x.text()).not.toContain('L');
  expect(links(a)).toEqual(['+x#1', '-x#1', '+x#1']);
});

test('frames that wait for a link are refused beyond queueMaxBytes', async () => {
  const a = await start({ queueMaxBytes: 2 * overheadBytes + 10 }, { nodeId: 'a' });
  const b = await start({}, { nodeId: 'b' });
  const taken = [say(a, b, '12345678'), say(a, b, '123'), say(a, b, '12'), say(a, b, 'x', 'bulk')];
  expect(taken).toEqual([true, false, true, true]);
});
