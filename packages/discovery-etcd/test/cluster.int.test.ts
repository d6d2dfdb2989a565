import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, ask, protocol, silentLogger, type Logger } from '@actor/core';
import { ClusterManager } from '@actor/cluster';
import { tcp } from '@actor/transport-tcp';
import { etcd } from '../src/index.ts';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { time } from './nodes.int.ts';

const Greeter = protocol('greeter', { greet: ask<string, string>() });
const greeter = actor(Greeter, { state: () => ({}), on: { greet: (_ctx, name) => `Hello, ${name}` } });

describe.skipIf(!hasEtcd)('a cluster that found itself through etcd', () => {
  let server: EtcdServer;
  const started: ClusterManager[] = [];
  let lapsed = 0;
  const logger: Logger = {
    ...silentLogger,
    warn: (_: object | string, message?: string) => {
      if (message?.includes('the lease of the registration is lost')) lapsed += 1;
    },
    child: () => logger,
  };

  async function start(nodeName: string, joinAddresses: readonly string[] = []): Promise<ClusterManager> {
    const node = new ClusterManager({
      clusterName: 'shop',
      nodeName,
      transport: tcp({ secret: 'a secret of these tests' }),
      discovery: etcd({ hosts: server.url, leaseTtlMs: 3_000, backoffMaxMs: 300 }),
      discoveryIntervalMs: 500,
      joinAddresses,
      logger,
    });
    started.push(node);
    await node.start();
    return node;
  }

  const membersOf = (node: ClusterManager): string =>
    node
      .members()
      .map(({ nodeId }) => nodeId)
      .toSorted()
      .join();
  const keys = (): readonly string[] =>
    server.ctl('get', '--prefix', '--keys-only', '/actor/shop/').split('\n').filter(Boolean);

  beforeEach(async () => {
    lapsed = 0;
    server = await EtcdServer.start();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((node) => node.stop({ deadlineMs: 2_000 })));
    await server.close();
  });

  test('goes on while etcd is down, takes in a node by hand, and is all listed when etcd is back', async () => {
    const a = await start('a');
    const b = await start('b');
    await time.eventually(() => membersOf(a) === 'a,b', 'a and b find each other');
    a.registerActor(greeter, { name: 'greeter' });
    const remote = b.ref(Greeter, `${a.address}/greeter`);
    expect(await remote.ask.greet('b')).toBe('Hello, b');

    await server.kill();
    server.wipe();
    await time.eventually(() => lapsed >= 2, 'the leases of both have run out');
    expect(await remote.ask.greet('b again')).toBe('Hello, b again');
    expect(membersOf(a)).toBe('a,b');

    const c = await start('c', [a.address]);
    expect(c.status()).toBe('running');
    await time.eventually(() => membersOf(b) === 'a,b,c', 'c is a member');

    await server.run();
    await time.eventually(() => keys().length === 3, 'all are listed again');
    const d = await start('d');
    await time.eventually(() => membersOf(d) === 'a,b,c,d', 'd finds them through etcd');
  });

  test('takes the entry of a node that leaves with it', async () => {
    const a = await start('a');
    const b = await start('b');
    await time.eventually(() => membersOf(a) === 'a,b', 'a and b find each other');
    await b.stop();
    expect(keys()).toEqual(['/actor/shop/nodes/a']);
  });

  test('is not harmed by an entry that leads nowhere: it costs a failed dial', async () => {
    const stale = { version: 1, nodeId: 'ghost', address: '127.0.0.1:1', incarnation: 1 };
    server.ctl('put', '/actor/shop/nodes/ghost', JSON.stringify(stale));
    server.ctl('put', '/actor/shop/nodes/note', 'do not delete');
    const a = await start('a');
    const b = await start('b');
    await time.eventually(() => membersOf(a) === 'a,b' && membersOf(b) === 'a,b', 'a and b find each other');
  });
});
