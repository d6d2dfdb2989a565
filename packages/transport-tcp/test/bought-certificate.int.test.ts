// A certificate of an authority that every system trusts can be had by anybody. TLS lets a server show one where the client
// offers a pre-shared key, so whoever sits on the way could answer with that.

import { createServer } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Authority } from './certificates.ts';
import { dialFailure, secret, start } from './nodes.ts';

const bought = vi.hoisted(() => ({ authority: '' }));

// An authority that the options do not name is one that the system trusts.
vi.mock('node:tls', async (original) => {
  const tls = await original<typeof import('node:tls')>();
  const connect = (options: object, onSecure: () => void): unknown =>
    tls.connect({ ca: bought.authority, ...options }, onSecure);
  return { ...tls, connect };
});

test('a node with a secret tells nothing to a server that shows a trusted certificate instead', async () => {
  const authority = new Authority();
  bought.authority = authority.ca;
  const heard: Buffer[] = [];
  const server = createServer(authority.vouchFor('conformance', 'b'), (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => heard.push(bytes));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const a = await start({ secret, handshakeTimeoutMs: 1_000 }, { nodeId: 'a' });
  const { port } = server.address() as { port: number };
  a.transport.send({ host: '127.0.0.1', port }, Buffer.from('hi'), 'user');
  expect(await dialFailure(a)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED' });
  expect(heard).toEqual([]);
});
