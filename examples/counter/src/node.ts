// One node: a process that joins the cluster, hosts a counter and carries out the story's orders.
// Arguments: its name, its port (0 for any), and the addresses of nodes to join.

import { ClusterManager } from '@actor/cluster';
import { isActorError, silentLogger } from '@actor/core';
import { staticDiscovery } from '@actor/discovery-static';
import { tcp } from '@actor/transport-tcp';
import { Counter } from './contract.ts';
import { counter, guard } from './counter.ts';
import type { Order, Orders, Report } from './orders.ts';

const [name = 'node', port = '0', ...seeds] = process.argv.slice(2);
const secret = process.env['CLUSTER_SECRET'] ?? '';
const report = (message: Report): void => void process.send?.(message);

const cluster = new ClusterManager({
  clusterName: 'counter-demo',
  nodeName: name,
  port: Number(port),
  transport: tcp({ secret }),
  discovery: staticDiscovery(seeds),
  // The story on the terminal is the log of this program.
  logger: silentLogger,
});

cluster.registerActor(counter, { name: 'counter' });
const watcher = cluster.registerActor(guard, {
  name: 'guard',
  args: { onTerminated: (address) => report({ kind: 'terminated', address }) },
});

async function reportMembers(): Promise<void> {
  for await (const event of cluster.events()) {
    if (!('member' in event)) continue;
    const { nodeId, incarnation } = event.member;
    report({ kind: 'member', event: event.kind, nodeId, incarnation, members: cluster.members().length });
  }
}

async function count({ address, times }: Orders['count']['order']): Promise<Orders['count']['result']> {
  const remote = cluster.ref(Counter, address);
  const startedMs = performance.now();
  for (let sent = 0; sent < times; sent += 1) remote.tell.add(1);
  // The order of messages from one sender to one receiver is kept, so the answer counts all of them.
  const total = await remote.ask.total();
  return { total, elapsedMs: performance.now() - startedMs };
}

async function measure({ address, times }: Orders['measure']['order']): Promise<Orders['measure']['result']> {
  const remote = cluster.ref(Counter, address);
  const samplesUs: number[] = [];
  for (let asked = 0; asked < times; asked += 1) {
    const startedMs = performance.now();
    await remote.ask.total();
    samplesUs.push((performance.now() - startedMs) * 1_000);
  }
  samplesUs.sort((a, b) => a - b);
  const at = (share: number): number => samplesUs[Math.floor(samplesUs.length * share)] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

async function carryOut(message: Order): Promise<object> {
  switch (message.name) {
    case 'count':
      return count(message.order);
    case 'measure':
      return measure(message.order);
    case 'watch':
      watcher.tell.watch(cluster.ref(Counter, message.order.address));
      return {};
    case 'leave':
      await cluster.leave();
      await cluster.stop();
      return {};
  }
}

process.on('message', (message: Order) => {
  carryOut(message).then(
    (result) => {
      report({ kind: 'done', id: message.id, result });
      if (message.name === 'leave') process.disconnect();
    },
    (error: unknown) => {
      const reason = isActorError(error) ? `${error.code}: ${error.message}` : String(error);
      report({ kind: 'failed', id: message.id, reason });
    },
  );
});
// A node must not outlive the story.
process.on('disconnect', () => process.exit(0));

void reportMembers();
await cluster.start();
report({ kind: 'running', address: cluster.address, incarnation: cluster.self().incarnation });
