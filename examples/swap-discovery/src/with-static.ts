// One of three nodes that find each other. Run it three times, each with a name, a port and where to look:
//   node dist/with-static.js node-1 8081 127.0.0.1:8081,127.0.0.1:8082,127.0.0.1:8083
//   node dist/with-etcd.js node-1 8081 http://127.0.0.1:2379
// The two programs are the same but for the line with `discovery:`.

import { ClusterManager } from '@actor/cluster';
import { actor, ask, formatAddress, protocol, silentLogger } from '@actor/core';
import * as plugins from './plugins.ts';

const [nodeName = 'node-1', port = '8081', where = ''] = process.argv.slice(2);

const Greeter = protocol('greeter', { greet: ask<string, string>() });
const greeter = actor(Greeter, {
  state: () => ({}),
  on: { greet: (_ctx, name) => `Hello ${name}, this is ${nodeName}` },
});

const cluster = new ClusterManager({
  clusterName: 'swap',
  nodeName,
  port: Number(port),
  transport: plugins.tcp({ secret: 'the secret of this example' }),
  discovery: plugins.staticDiscovery(where.split(',')),
  logger: silentLogger,
});
cluster.registerActor(greeter, { name: 'greeter' });
process.once('SIGTERM', () => void cluster.stop());

const events = cluster.events();
await cluster.start();
while (cluster.members().length < 3) await events.next();

for (const { nodeId, address } of cluster.members())
  if (nodeId !== nodeName)
    console.log(await cluster.ref(Greeter, `tcp://${formatAddress(address)}/greeter`).ask.greet(nodeName));
console.log('all three have met');
