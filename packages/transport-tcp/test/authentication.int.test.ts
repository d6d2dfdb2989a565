import { hkdfSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TlsOptions, TLSSocket } from 'node:tls';
import type { NodeAddress } from '@actor/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type HelloOutcome, readHello } from '../src/handshake.ts';
import { encodeHello, type Hello } from '../src/hello.ts';
import type { TlsIdentity } from '../src/index.ts';
import { Authority } from './certificates.ts';
import { dialFailure, heard, RawSocket, rawHello, say, secret, start, until } from './nodes.ts';

const other = 'incorrect zebra battery staple';

/** A TLS client of its own making, to see what the listener agrees to. */
async function handshake(to: NodeAddress, options: object): Promise<TLSSocket | Error> {
  return new Promise((resolve) => {
    const socket = connectTls({ ...to, checkServerIdentity: () => undefined, ...options }, () =>
      resolve(socket),
    );
    socket.on('error', resolve);
    onTestFinished(() => void socket.destroy());
  });
}

function pskOf(text: string, clusterName: string): () => { psk: Buffer; identity: string } {
  const derive = (what: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', text, clusterName, `@actor/transport-tcp ${what}`, bytes));
  return () => ({ psk: derive('key', 32), identity: derive('identity', 16).toString('hex') });
}

describe('a secret', () => {
  test('that is undefined is warned of: a variable of the environment may not be set', async () => {
    const a = await start({ secret: undefined }, { nodeId: 'a' });
    expect(a.warnings).toEqual([expect.stringContaining('transport.secret is undefined')]);
    const b = await start({}, { nodeId: 'b' });
    expect(b.warnings).toEqual([]);
  });

  test('makes TLS 1.3 with an ephemeral key, derived by HKDF from secret and cluster name', async () => {
    const a = await start({ secret }, { nodeId: 'a' });
    const socket = await handshake(a.address, {
      ciphers: 'TLS_AES_128_GCM_SHA256',
      pskCallback: pskOf(secret, 'conformance'),
    });
    if (socket instanceof Error) throw socket;
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    // A group that every supported Node can name; the client offers others first from Node 22 on.
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ type: 'ECDH', name: 'X25519' });
    socket.write(encodeHello(rawHello('x')));
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(answer.toString('latin1')).toContain('conformance');
  });

  test('is not used by a handshake without an ephemeral key', async () => {
    const none = vi.spyOn(TLSSocket.prototype, 'getEphemeralKeyInfo').mockReturnValue({});
    onTestFinished(() => none.mockRestore());
    const [a, b] = [await start({ secret }, { nodeId: 'a' }), await start({ secret }, { nodeId: 'b' })];
    say(a, b, 'hi');
    expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED' });
    expect([a.log, b.log]).toEqual([[], []]);
  });

  test.each([
    ['TLS 1.2', { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2', pskCallback: pskOf(secret, 'conformance') }],
    [
      'the right name and the wrong key',
      { pskCallback: () => ({ ...pskOf(secret, 'conformance')(), psk: Buffer.alloc(32) }) },
    ],
    ['an unknown name', { pskCallback: pskOf(other, 'conformance') }],
    ['no key at all', { rejectUnauthorized: false }],
  ])('does not let in %s', async (_, options) => {
    const a = await start({ secret }, { nodeId: 'a' });
    expect(await handshake(a.address, options)).toBeInstanceOf(Error);
    await until(() => a.refusals.includes('unauthenticated'), 'the refusal to be logged');
    expect(a.log).toEqual([]);
  });

  test.each([
    ['another secret', { secret: other }, {}],
    ['the secret with another cluster name', { secret }, { clusterName: 'another' }],
    ['no secret', {}, {}],
  ])('and %s can not speak, in either direction', async (_, options, node) => {
    const a = await start({ secret }, { nodeId: 'a' });
    const b = await start(options, { nodeId: 'b', ...node });
    say(a, b, 'hi');
    say(b, a, 'hi');
    expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED' });
    const { code } = await dialFailure(b);
    expect(['ACTOR_UNAUTHENTICATED', 'ACTOR_PROTOCOL_MISMATCH', 'ACTOR_NO_ROUTE']).toContain(code);
    expect([a.log, b.log]).toEqual([[], []]);
  });

  test('and certificates can not speak, in either direction', async () => {
    const a = await start({ secret }, { nodeId: 'a' });
    const b = await start({ tls: new Authority().vouchFor('conformance', 'b') }, { nodeId: 'b' });
    say(a, b, 'hi');
    say(b, a, 'hi');
    await Promise.all([dialFailure(a), dialFailure(b)]);
    expect([a.log, b.log]).toEqual([[], []]);
  });

  test('can be rotated: each of a list is accepted, the first is used to dial', async () => {
    const nodes = [
      await start({ secret }, { nodeId: 'old' }),
      await start({ secret: [secret, other] }, { nodeId: 'first' }),
      await start({ secret: [other, secret] }, { nodeId: 'second' }),
    ];
    const [old, first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];
    say(old, first, 'old to first');
    say(old, second, 'old to second');
    say(second, first, 'second to first');
    await until(() => heard(first).length === 2 && heard(second).length === 1, 'all frames');
    const young = await start({ secret: other }, { nodeId: 'young' });
    say(second, young, 'second to young');
    await until(() => heard(young).length === 1, 'the frame with the new secret');
    say(old, young, 'old to young');
    expect(await dialFailure(old)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED' });
  });

  test('reads no byte of a hello that comes without TLS', async () => {
    const a = await start({ secret }, { nodeId: 'a' });
    const raw = new RawSocket(a.address);
    raw.write(encodeHello(rawHello('x')));
    await raw.closed();
    expect(a.refusals).toEqual(['unauthenticated']);
  });

  test('and a hello that is slow behind TLS is closed by the deadline', async () => {
    const a = await start({ secret, handshakeTimeoutMs: 200 }, { nodeId: 'a' });
    const socket = await handshake(a.address, {
      pskCallback: pskOf(secret, 'conformance'),
      ciphers: 'TLS_AES_128_GCM_SHA256',
    });
    if (socket instanceof Error) throw socket;
    socket.write('ACTR');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(a.refusals).toEqual(['too-slow']);
  });
});

describe('certificates', () => {
  const authority = new Authority();
  const node = (nodeId: string) => start({ tls: authority.vouchFor('conformance', nodeId) }, { nodeId });

  /** Dials with the certificate and says hello as `b`; what is answered. */
  async function pose(to: NodeAddress, tls: TlsIdentity): Promise<HelloOutcome> {
    const socket = await handshake(to, tls);
    if (socket instanceof Error) throw socket;
    socket.write(encodeHello(rawHello('b')));
    return new Promise((resolve) => readHello(socket, resolve));
  }

  /** Listens with the certificate, and answers every hello alike. */
  async function impostor(tls: TlsIdentity, answer: Hello): Promise<NodeAddress> {
    const server = createTlsServer({ ...tls, requestCert: true } as TlsOptions, (socket) => {
      socket.on('error', () => {});
      socket.end(encodeHello(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  test('link nodes that an authority vouches for', async () => {
    const [a, b] = [await node('a'), await node('b')];
    say(a, b, 'hi');
    await until(() => heard(b).includes('hi'), 'the frame');
    expect(a.transport.supports.authenticated).toBe(true);
  });

  test('do not let a node pose as another, as dialler or as listener', async () => {
    const a = await node('a');
    const tls = authority.vouchFor('conformance', 'thief');
    expect(await pose(a.address, tls)).toMatchObject({ hello: { kind: 'refusal', reason: 'identity' } });
    const address = await impostor(tls, rawHello('b', { kind: 'welcome' }));
    a.transport.send(address, Buffer.from('are you b?'), 'user');
    expect(await dialFailure(a)).toMatchObject({
      code: 'ACTOR_UNAUTHENTICATED',
      details: { reason: 'identity', refusedBy: 'a' },
    });
    expect(a.log).toEqual([]);
  });

  test('do not let a node refuse in the name of another', async () => {
    const a = await node('a');
    const refusal = rawHello('b', { kind: 'refusal', reason: 'old-incarnation' });
    const address = await impostor(authority.vouchFor('conformance', 'thief'), refusal);
    a.transport.send(address, Buffer.from('are you b?'), 'user');
    expect(await dialFailure(a)).toMatchObject({
      code: 'ACTOR_UNAUTHENTICATED',
      details: { reason: 'identity', refusedBy: 'a' },
    });
  });

  test('are of one cluster', async () => {
    const a = await node('a');
    expect(await pose(a.address, authority.vouchFor('another', 'b'))).toMatchObject({
      hello: { kind: 'refusal', reason: 'identity' },
    });
  });

  test.each([
    ['another node', 'conformance', 'b', 'has actor://conformance/b'],
    ['a node of another cluster', 'another', 'a', 'has actor://another/a'],
  ])('of %s are refused at the node that was given them', async (_, clusterName, nodeId, has) => {
    const tls = authority.vouchFor(clusterName, nodeId);
    await expect(start({ tls }, { nodeId: 'a' })).rejects.toMatchObject({
      code: 'ACTOR_CONFIG_INVALID',
      message: expect.stringMatching(`needs the SAN URI actor://conformance/a, and ${has}`) as string,
    });
  });

  test('of another authority are refused', async () => {
    const a = await node('a');
    const b = await start({ tls: new Authority().vouchFor('conformance', 'b') }, { nodeId: 'b' });
    say(b, a, 'hi');
    expect(await dialFailure(b)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED' });
    expect([a.log, b.log]).toEqual([[], []]);
  });

  test('are required: a peer without one is refused', async () => {
    const a = await node('a');
    const socket = await handshake(a.address, { ca: authority.ca });
    if (!(socket instanceof Error)) {
      // TLS 1.3 lets a client finish before the server has looked at its certificate.
      socket.write(encodeHello(rawHello('x')));
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await until(() => a.refusals.includes('unauthenticated'), 'the refusal to be logged');
    expect(a.log).toEqual([]);
  });
});
