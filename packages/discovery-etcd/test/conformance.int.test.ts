import { silentLogger } from '@actor/core';
import { discoverySuite } from '@actor/core/testkit';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { etcd } from '../src/index.ts';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { clock, time } from './nodes.int.ts';
import { OutageProxy } from './outage-proxy.int.ts';

describe.skipIf(!hasEtcd)('discovery conformance against a real etcd', () => {
  let server: EtcdServer;
  let clusters = 0;
  beforeAll(async () => void (server = await EtcdServer.start()));
  afterAll(() => server.close());

  const suite = discoverySuite(async () => {
    const proxy = await OutageProxy.open(server.url);
    const clusterName = `cluster-${(clusters += 1)}`;
    const make = etcd({ hosts: proxy.url, backoffMinMs: 20, backoffMaxMs: 100 });
    return {
      ...time,
      listed: [],
      make: (nodeId) => make({ clusterName, nodeId, runtime: clock, logger: silentLogger }),
      setOutage: (isOut) => (isOut ? proxy.cut() : proxy.heal()),
      close: () => proxy.close(),
    };
  });
  for (const c of suite) test(c.name, () => c.run());
});
