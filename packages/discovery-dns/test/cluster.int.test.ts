// Whole nodes over TCP that know nothing of each other but a name.

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ClusterManager } from '@actor/cluster';
import { isActorError, parseAddress, silentLogger, systemRuntime } from '@actor/core';
import { realTime } from '@actor/core/testkit';
import { tcp } from '@actor/transport-tcp';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { dns, type DnsOptions } from '../src/index.ts';
import { NameServer } from './name-server.int.ts';

const time = realTime(systemRuntime());
const secret = 'correct horse battery staple';
const names = ['node-1', 'node-2', 'node-3'];

let server: NameServer;
beforeEach(async () => {
  const opened = await NameServer.open();
  server = opened;
  return () => opened.close();
});

function node(nodeName: string, listen: { host: string; port: number }, options: DnsOptions): ClusterManager {
  const made = new ClusterManager({
    clusterName: 'shop',
    nodeName,
    ...listen,
    logger: silentLogger,
    discoveryIntervalMs: 1_000,
    transport: tcp({ secret }),
    discovery: dns({ intervalMs: 50, timeoutMs: 500, servers: [server.address], ...options }),
  });
  onTestFinished(() => made.stop());
  return made;
}

const seesAll = (one: ClusterManager): boolean =>
  one
    .members()
    .map(({ nodeId }) => nodeId)
    .toSorted()
    .join() === names.join();

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

test('three nodes find each other by SRV records, which appear after they have started', async () => {
  const name = '_actor._tcp.carts.shop.svc.cluster.local';
  const nodes = names.map((nodeName) =>
    node(nodeName, { host: '127.0.0.1', port: 0 }, { type: 'srv', name }),
  );
  await Promise.all(nodes.map((one) => one.start()));
  for (const one of nodes) expect(one.members()).toHaveLength(1);

  server.set(
    name,
    'SRV',
    nodes.map(({ address }) => {
      const { host: target, port } = parseAddress(String(address));
      return { target, port, priority: 0, weight: 100 };
    }),
  );
  await time.eventually(() => nodes.every(seesAll), 'every node knows all three');
});

test('nodes that are members go on without a name server, and others come when it is back', async () => {
  const name = '_actor._tcp.carts';
  const options: DnsOptions = { type: 'srv', name, backoffMaxMs: 100 };
  const make = (nodeName: string): ClusterManager => node(nodeName, { host: '127.0.0.1', port: 0 }, options);
  const [a, b, c] = [make('node-1'), make('node-2'), make('node-3')];
  await a.start();
  const { host: target, port } = parseAddress(String(a.address));
  server.set(name, 'SRV', [{ target, port, priority: 0, weight: 0 }]);
  await b.start();
  expect(b.members()).toHaveLength(2);

  server.mood = 'silent';
  await c.start();
  expect(c.members()).toHaveLength(1);
  expect(a.members()).toHaveLength(2);
  server.mood = 'well';
  await time.eventually(() => [a, b, c].every(seesAll), 'every node knows all three');
});

// Only on Linux is all of 127.0.0.0/8 on the loopback.
test.runIf(process.platform === 'linux')(
  'three nodes at one port of three addresses find each other by A records',
  async () => {
    const name = 'carts.shop.svc.cluster.local';
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    server.set(name, 'A', hosts, 1);
    const startAt = (port: number): Promise<readonly ClusterManager[]> =>
      Promise.all(
        names.map(async (nodeName, index) => {
          const host = hosts[index] ?? '';
          const one = node(nodeName, { host, port }, { type: 'address', name, port, family: 4 });
          await one.start();
          return one;
        }),
      );
    const again = async (error: unknown): Promise<readonly ClusterManager[]> => {
      // Somebody took the port between the look and the start.
      if (isActorError(error, 'ACTOR_BIND_FAILED')) return startAt(await freePort());
      throw error;
    };
    const nodes = await startAt(await freePort()).catch(again);
    await time.eventually(() => nodes.every(seesAll), 'every node knows all three');
  },
);
