// A node in a process of its own, on the built packages, as users run it. Takes its name and the host of etcd as arguments
// and says who the members are, whenever that changes.

import { silentLogger } from '@actor/core';
import { ClusterManager } from '@actor/cluster';
import { etcd } from '@actor/discovery-etcd';
import { tcp } from '@actor/transport-tcp';

const [nodeName, hosts] = process.argv.slice(2);
const cluster = new ClusterManager({
  clusterName: 'shop',
  nodeName,
  transport: tcp({ secret: 'a secret of these tests' }),
  discovery: etcd({ hosts, leaseTtlMs: 3_000 }),
  discoveryIntervalMs: 500,
  logger: silentLogger,
});
const tell = () => process.send(cluster.members().map(({ nodeId }) => nodeId));
process.on('disconnect', () => process.exit());
void (async () => {
  for await (const _ of cluster.events()) tell();
})();
await cluster.start();
tell();
