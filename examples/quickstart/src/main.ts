// Three nodes of a cluster in one process: the same program as on three machines, over a transport that needs no network.

import { ClusterManager } from '@actor/cluster';
import { actor, ask, protocol, silentLogger, stream, tell } from '@actor/core';
import { memory, memoryFabric } from '@actor/transport-memory';

// The contract: all that a client of the cart imports.
const Cart = protocol('cart', {
  add: tell<{ sku: string; qty: number }>(),
  total: ask<void, number>(),
  countdown: stream<{ from: number }, number>(),
});

// The actor behind it. It handles one message at a time, so its state needs no lock.
const cart = actor(Cart, {
  state: (args: { currency: string }) => ({ lines: new Map<string, number>(), currency: args.currency }),
  on: {
    add(ctx, { sku, qty }) {
      ctx.state.lines.set(sku, (ctx.state.lines.get(sku) ?? 0) + qty);
    },
    total: (ctx) => [...ctx.state.lines.values()].reduce((sum, qty) => sum + qty, 0),
    async *countdown(_ctx, { from }) {
      for (let left = from; left > 0; left -= 1) yield left;
    },
  },
});

const fabric = memoryFabric();
const node = (nodeName: string, joinAddresses: readonly string[]): ClusterManager =>
  new ClusterManager({
    clusterName: 'quickstart',
    nodeName,
    transport: memory({ fabric }),
    joinAddresses,
    logger: silentLogger,
  });

const first = node('node-1', []);
await first.start();
const second = node('node-2', [first.address]);
await second.start();
const third = node('node-3', [first.address]);
await third.start();
console.log(
  `members: ${third
    .members()
    .map((member) => member.nodeId)
    .join(', ')}`,
);

second.registerActor(cart, { name: 'cart', args: { currency: 'EUR' } });
const remote = third.ref(Cart, `${second.address}/cart`);
remote.tell.add({ sku: 'book', qty: 1 });
remote.tell.add({ sku: 'pen', qty: 2 });
console.log(`total: ${await remote.ask.total()}`);

const counted: number[] = [];
for await (const left of remote.stream.countdown({ from: 3 })) counted.push(left);
console.log(`countdown: ${counted.join(' ')}`);

await Promise.all([first, second, third].map((each) => each.stop()));
console.log('stopped');
