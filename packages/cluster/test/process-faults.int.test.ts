// What busy machines, cut networks and strangers do to nodes in processes of their own.

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, protocol, tell } from '@actor/core';
import { tcp } from '@actor/transport-tcp';
import type { ClusterConfig } from '../src/index.ts';
import { portOf, ProcessWorld, secret, time, type Child } from './process-world.int.ts';
import { freePort, Proxy } from './proxy.int.ts';

const Cart = protocol('cart', {
  add: tell<number>(),
  total: ask<void, number>(),
  echo: ask<unknown, unknown>(),
  block: tell<number>(),
  flood: tell<{ address: string; times: number }>(),
});

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
});

async function open(config: Partial<ClusterConfig> = {}): Promise<ProcessWorld> {
  const world = await ProcessWorld.open(config);
  cleanUp.push(() => world.close());
  return world;
}

/** The observer and one child that know each other, and the child's cart. */
async function pair(config: Partial<ClusterConfig> = {}) {
  const world = await open(config);
  const { stallTimeoutMs, heartbeatIntervalMs } = config;
  const child = world.spawn({ nodeName: 'b', stallTimeoutMs, heartbeatIntervalMs });
  const { address, self } = await child.running();
  const cart = world.observer.ref(Cart, `${address}/cart`);
  expect(await cart.ask.total()).toBe(0);
  return { world, child, cart, self };
}

const deaths = ({ world, child }: { world: ProcessWorld; child: Child }): readonly string[] => [
  ...world.story('b').filter((kind) => kind === 'member-dead'),
  ...child.story.filter((seen) => /member-dead|declared-dead/.test(seen)),
];

describe('a busy node is not a dead node', () => {
  test('that blocks its event loop for four seconds is suspected, and back', async () => {
    const all = await pair();
    all.cart.tell.block(4_000);
    await all.world.sees('b', 'member-suspect');
    await all.world.sees('b', 'member-reachable');
    expect(await all.cart.ask.echo(1)).toBe(1);
    expect(deaths(all)).toEqual([]);
    expect(all.world.isAlive('b', all.self.incarnation)).toBe(true);
  });

  test('that is asked by a thousand at a time on a machine with no processor to spare', async () => {
    const all = await pair();
    const burn = 'const endMs = Date.now() + 6_000; while (Date.now() < endMs);';
    const burners = Array.from({ length: 8 }, () =>
      fork('-e', { execPath: process.execPath, execArgv: ['-e', burn], stdio: 'ignore' }),
    );
    cleanUp.push(() => {
      for (const burner of burners) burner.kill('SIGKILL');
      return Promise.resolve();
    });
    const endMs = performance.now() + 6_000;
    let answers = 0;
    const failures = new Set<unknown>();
    const caller = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await all.cart.ask.echo({ id: answers, action: 'checkout' }).then(
          () => (answers += 1),
          (error: unknown) => failures.add(error),
        );
      }
    };
    await Promise.all(Array.from({ length: 1_000 }, caller));
    expect(answers).toBeGreaterThan(1_000);
    expect([...failures]).toEqual([]);
    expect(deaths(all)).toEqual([]);
  });

  test('that floods another harms neither, and what was refused is known to the sender', async () => {
    const all = await pair();
    all.cart.tell.flood({ address: `${all.world.observer.address}/nobody`, times: 300_000 });
    expect(await all.cart.ask.echo(1, { timeoutMs: 20_000 })).toBe(1);
    expect(deaths(all)).toEqual([]);
  });
});

test('what a stopped process can not take waits, up to a bound, and what was accepted arrives when it goes on', async () => {
  const all = await pair({ stallTimeoutMs: 60_000 });
  all.child.process.kill('SIGSTOP');
  let accepted = 0;
  let last = '';
  // Of one kilobyte each, so many that no window and no socket holds them.
  const payload = 'x'.repeat(1_000);
  const cart = all.world.observer.ref(
    protocol('cart', { echo: tell<unknown>(), add: tell<unknown>() }),
    all.cart.address,
  );
  for (let round = 0; round < 200 && last !== 'rejected'; round += 1) {
    for (let count = 0; count < 200 && last !== 'rejected'; count += 1) {
      last = cart.tell.add(payload);
      if (last === 'accepted') accepted += 1;
    }
    await time.pass(1);
  }
  expect(last).toBe('rejected');
  expect(accepted).toBeGreaterThan(1_000);
  expect(process.memoryUsage().rss).toBeLessThan(1_000_000_000);
  all.child.process.kill('SIGCONT');
  let total: unknown;
  // As long as the queue is full there is no room for the question either.
  for (let tries = 0; total === undefined && tries < 5_000; tries += 1) {
    await time.pass(1);
    total = await all.cart.ask.total(undefined, { timeoutMs: 20_000 }).catch(() => undefined);
  }
  expect(String(total)).toHaveLength(accepted * payload.length + 1);
  expect(deaths(all)).toEqual([]);
});

describe('G7 heals: a partition between processes', () => {
  test.each(['silent', 'refused'] as const)('that is %s', async (how) => {
    const [toObserver, toChild] = [await Proxy.open(), await Proxy.open()];
    const [observerPort, childPort] = [await freePort(), await freePort()];
    toObserver.lead(observerPort);
    toChild.lead(childPort);
    const timing = { stallTimeoutMs: 2_000, discoveryIntervalMs: 500, maxRetries: 1 };
    const world = await open({
      port: observerPort,
      transport: tcp({ secret, advertise: { port: toObserver.port } }),
      ...timing,
    });
    cleanUp.unshift(() => Promise.all([toObserver.close(), toChild.close()]));
    const child = world.spawn({
      nodeName: 'b',
      port: childPort,
      tcp: { secret, advertise: { port: toChild.port } },
      ...timing,
    });
    const { address, self } = await child.running();
    const cart = world.observer.ref(Cart, `${address}/cart`);
    cart.tell.add(7);
    expect(await cart.ask.total()).toBe(7);

    for (const proxy of [toObserver, toChild]) proxy.cut(how);
    await world.sees('b', 'member-dead');
    await time.eventually(
      () => child.story.includes('member-dead observer'),
      'the child has lost the observer',
    );
    const before = [self.incarnation, world.observer.self().incarnation];
    for (const proxy of [toObserver, toChild]) proxy.heal();
    // One of the two takes a new life; both are back, and so is what the actor knew.
    await time.eventually(() => world.member('b') !== undefined, 'the observer has the child back');
    await time.eventually(
      () => child.story.lastIndexOf('member-up observer') > child.story.lastIndexOf('member-dead observer'),
      'the child has the observer back',
    );
    await time.eventually(() => world.observer.status() === 'running', 'the observer runs');
    const after = [world.member('b')?.incarnation ?? 0, world.observer.self().incarnation];
    expect(after).not.toEqual(before);
    expect(await cart.ask.total()).toBe(7);
  });
});

describe('strangers', () => {
  test('a node of another version is refused, and says so', async () => {
    const transport = tcp({ insecure: true });
    const world = await open({ transport });
    // magic 4, size 2, kind 1, versionMin 2, versionMax 2
    const proxy = await Proxy.open((hello) => {
      const changed = Buffer.from(hello);
      changed.writeUInt16BE(7, 7);
      changed.writeUInt16BE(9, 9);
      return changed;
    });
    cleanUp.push(() => proxy.close());
    proxy.lead(portOf(world.observer.address));
    const joinAddresses = [`127.0.0.1:${proxy.port}`];
    const child = world.spawn({ nodeName: 'b', tcp: { insecure: true }, joinAddresses, maxRetries: 1 });
    await time.eventually(() => child.last?.status === 'failed' && child.last.code !== undefined, 'it fails');
    expect(child.last?.code).toBe('ACTOR_PROTOCOL_MISMATCH');
    expect(world.observer.members()).toHaveLength(1);
  });

  test('that talk garbage, or nothing, harm nobody', async () => {
    const all = await pair();
    const { port } = all.self.address;
    const sockets = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
    for (const [index, socket] of sockets.entries()) {
      socket.on('error', () => {});
      if (index % 2 === 0) socket.once('connect', () => socket.write(randomBytes(index * 500 + 1)));
    }
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy();
      return Promise.resolve();
    });
    await Promise.all(sockets.filter((socket) => socket.connecting).map((socket) => once(socket, 'connect')));
    for (let count = 0; count < 200; count += 1) expect(await all.cart.ask.echo(count)).toBe(count);
    // Somebody else gets in meanwhile.
    const third = all.world.spawn({ nodeName: 'c' });
    await third.running();
    await time.eventually(() => all.world.observer.members().length === 3, 'three members');
    expect(deaths(all)).toEqual([]);
  });
});
