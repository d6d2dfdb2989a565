import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority } from './certificates.int.ts';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { failureOf, nodeOf, Nodes, Watcher } from './nodes.int.ts';

const nodes = new Nodes();
const refused = { code: 'ACTOR_UNAUTHENTICATED', retryable: false };
afterEach(() => nodes.stop());

describe.skipIf(!hasEtcd)('an etcd with authentication on', () => {
  const root = ['--user', 'root:the root password'];
  const auth = { username: 'shop', password: 'the password of the shop' };
  let server: EtcdServer;

  beforeAll(async () => {
    server = await EtcdServer.start({ args: ['--auth-token-ttl', '1'] });
    server.ctl('user', 'add', 'root:the root password');
    server.ctl('role', 'add', 'root');
    server.ctl('user', 'grant-role', 'root', 'root');
    server.ctl('user', 'add', `${auth.username}:${auth.password}`);
    server.ctl('role', 'add', 'shop');
    server.ctl('role', 'grant-permission', 'shop', '--prefix', 'readwrite', '/actor/');
    server.ctl('user', 'grant-role', 'shop', 'shop');
    server.ctl('auth', 'enable');
  });
  afterAll(() => server.close());

  test('takes a user with the right to the namespace, and it may read, write and watch', async () => {
    const a = await nodes.registered('a', { hosts: server.url, auth });
    const watcher = new Watcher(nodes.make('b', { hosts: server.url, auth }));
    await watcher.sees('a');
    await a.stop();
    await watcher.sees('');
  });

  test.each([
    ['a wrong password', { auth: { ...auth, password: 'guessed' } }],
    ['no user', {}],
    ['a user without the right to the namespace', { auth, namespace: '/elsewhere' }],
  ])('refuses %s at the start, for good', async (_, options) => {
    const a = nodes.make('a', { hosts: server.url, ...options });
    expect(await failureOf(a.start())).toMatchObject(refused);
    expect(await failureOf(a.register(nodeOf('a')))).toMatchObject(refused);
  });

  test('whose token ran out is given the password again', async () => {
    const a = await nodes.registered('a', { hosts: server.url, auth });
    await server.logged(`for user ${auth.username}`);
    expect((await a.discover()).map(({ nodeId }) => nodeId)).toEqual(['a']);
    const watcher = new Watcher(a);
    await watcher.sees('a');
  });

  test('whose users change meanwhile goes on serving those that are left', async () => {
    const a = await nodes.registered('a', { hosts: server.url, auth });
    server.ctl(...root, 'user', 'add', 'another:x');
    expect(await a.discover()).toHaveLength(1);
    await a.register(nodeOf('a', 8_082));
  });
});

describe.skipIf(!hasEtcd)('an etcd with TLS', () => {
  const authority = new Authority();
  let folder = '';
  let server: EtcdServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'actor-etcd-tls-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const { cert, key } = authority.vouchFor('localhost');
    server = await EtcdServer.start({
      scheme: 'https',
      args: [
        ...['--cert-file', file('server.pem', cert), '--key-file', file('server.key', key)],
        ...['--trusted-ca-file', file('ca.pem', authority.ca), '--client-cert-auth'],
      ],
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const client = authority.vouchFor('localhost');
  const credentials = { rootCertificate: authority.ca, certChain: client.cert, privateKey: client.key };

  test('and client certificates takes a client that its authority vouches for', async () => {
    await nodes.registered('a', { hosts: server.url, credentials });
    const watcher = new Watcher(nodes.make('b', { hosts: server.url, credentials }));
    await watcher.sees('a');
  });

  test.each([
    ['that another authority vouches for', { ...credentials, rootCertificate: new Authority().ca }],
    ['without a certificate of its own', { rootCertificate: authority.ca }],
  ])('is away for a client %s', async (_, wrong) => {
    const options = { hosts: server.url, credentials: wrong, requestTimeoutMs: 500, retriesMax: 0 };
    expect(await failureOf(nodes.make('a', options).discover())).toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      details: { hosts: [server.url] },
    });
  });
});
