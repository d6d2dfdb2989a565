import { silentLogger } from '@actor/core';
import { discoverySuite, Simulation, virtualTime } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { EtcdDiscovery } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { FakeEtcd } from './fake-etcd.ts';

const hosts = ['http://etcd-1:2379', 'http://etcd-2:2379'];

describe('discovery conformance', () => {
  const suite = discoverySuite(() => {
    const simulation = new Simulation();
    const etcd = new FakeEtcd(simulation);
    return Promise.resolve({
      ...virtualTime(simulation),
      listed: [],
      make: (nodeId) =>
        new EtcdDiscovery(
          settingsOf({ hosts }),
          hosts.map((host) => etcd.endpoint(host)),
          { clusterName: 'shop', nodeId, runtime: simulation.runtime(nodeId), logger: silentLogger },
        ),
      setOutage: (isOut) => etcd.behave(isOut ? 'away' : 'well', ...hosts),
      close: () => Promise.resolve(),
    });
  });
  for (const c of suite) test(c.name, () => c.run());
});
