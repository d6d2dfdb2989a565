// A node in a process of its own, for tests that kill and stop processes. It runs the built package, as users do.
// Takes its config as the argument, says what happens over the IPC channel, and stops when it is told to.

import { actor, ask, protocol, silentLogger, tell } from '@actor/core';
import { ClusterManager } from '@actor/cluster';
import { tcp } from '@actor/transport-tcp';

const { tcp: tcpOptions, ...config } = JSON.parse(process.argv[2]);
const Cart = protocol('cart', {
  add: tell(),
  total: ask(),
  echo: ask(),
  block: tell(),
  flood: tell(),
});
const cart = actor(Cart, {
  state: () => ({ total: 0 }),
  on: {
    add: (ctx, quantity) => void (ctx.state.total += quantity),
    total: (ctx) => ctx.state.total,
    echo: (_, value) => value,
    // Blocks the whole event loop, for so many milliseconds.
    block: (_, forMs) => {
      const endMs = performance.now() + forMs;
      while (performance.now() < endMs);
    },
    flood: (_, { address, times }) => {
      const target = cluster.ref(Cart, address);
      for (let count = 0; count < times; count += 1) target.tell.add(1);
    },
  },
});

const cluster = new ClusterManager({ ...config, transport: tcp(tcpOptions), logger: silentLogger });
cluster.registerActor(cart, { name: 'cart' });
process.on('message', () => void cluster.stop().then(() => process.disconnect()));
process.on('disconnect', () => process.exit());

void (async () => {
  for await (const event of cluster.events()) {
    if (event.kind !== 'status-changed') {
      process.send({ seen: `${event.kind} ${event.member?.nodeId ?? event.by}` });
      continue;
    }
    const isIn = event.status === 'joining' || event.status === 'running';
    process.send({
      status: event.status,
      code: event.error?.code,
      ...(isIn ? { self: cluster.self(), address: cluster.address } : {}),
    });
  }
})();
await cluster.start().catch((error) => process.send({ status: 'failed', code: error.code }));
