// Nodes in operating-system processes over TCP: what kill -9, SIGSTOP and restarts look like from outside.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, ask, protocol, tell, type ActorRef } from '@actor/core';
import { tcp, type TcpOptions } from '@actor/transport-tcp';
import { clock, portOf, ProcessWorld, secret, startNode, time, type Report } from './process-world.int.ts';
import { freePort } from './proxy.int.ts';

const Cart = protocol('cart', { add: tell<number>(), total: ask<void, number>() });
const Watchman = protocol('watchman', { watch: tell<{ ref: ActorRef }>() });

let world: ProcessWorld;
beforeEach(async () => (world = await ProcessWorld.open()));
afterEach(() => world.close());

/** An actor that watches the address; what it was told of is in the list. */
function watching(address: string): string[] {
  const seen: string[] = [];
  const watchman = actor(Watchman, {
    on: { watch: (ctx, { ref }) => ctx.watch(ref) },
    onTerminated: (_, ref) => void seen.push(ref.address),
  });
  const guard = world.observer.registerActor(watchman, { name: 'watchman' });
  guard.tell.watch({ ref: world.observer.ref(Cart, address) });
  return seen;
}

describe('G6 death watch, G7 heals', () => {
  test('a process that is killed is suspect, then dead, and its watcher is told once', async () => {
    const child = world.spawn({ nodeName: 'b' });
    const { address } = await child.running();
    const ref = world.observer.ref(Cart, `${address}/cart`);
    ref.tell.add(2);
    expect(await ref.ask.total()).toBe(2);
    const seen = watching(`${address}/cart`);
    await world.observer.ref(Cart, `${address}/cart`).ask.total();

    const startMs = clock.monotonicMs();
    child.process.kill('SIGKILL');
    await world.sees('b', 'member-suspect');
    await world.sees('b', 'member-dead');
    expect(clock.monotonicMs() - startMs).toBeLessThan(4_000);
    await time.eventually(() => seen.length > 0, 'the watcher is told');
    expect(seen).toEqual([`${address}/cart`]);
    expect(world.story('b')).toEqual(['member-up', 'member-suspect', 'member-dead']);
  });

  test('a process that is killed and started again at its port is replaced at once', async () => {
    const killed = world.spawn({ nodeName: 'b' });
    const first = await killed.running();
    killed.process.kill('SIGKILL');
    await killed.gone();
    const { port } = first.self.address;
    const second = await world.spawn({ nodeName: 'b', port }).running();
    expect(second.self.incarnation).toBeGreaterThan(first.self.incarnation);
    await time.eventually(() => world.isAlive('b', second.self.incarnation), 'the new life is a member');
    expect(await world.observer.ref(Cart, `${first.address}/cart`).ask.total()).toBe(0);
    const death = world.events.find((event) => event.kind === 'member-dead');
    expect(death).toMatchObject({ member: { incarnation: first.self.incarnation } });
  });

  test('a process that was stopped comes back with a new incarnation and its actors, without a restart', async () => {
    const child = world.spawn({ nodeName: 'b' });
    const first = await child.running();
    const ref = world.observer.ref(Cart, `${first.address}/cart`);
    ref.tell.add(7);
    expect(await ref.ask.total()).toBe(7);
    child.process.kill('SIGSTOP');
    await world.sees('b', 'member-dead');
    child.process.kill('SIGCONT');
    const isBack = (): boolean =>
      child.last?.status === 'running' && (child.last.self?.incarnation ?? 0) > first.self.incarnation;
    await time.eventually(isBack, 'the child has a new life');
    const again = child.last?.self?.incarnation ?? 0;
    await time.eventually(() => world.isAlive('b', again), 'the new life is a member');
    expect(child.last?.address).toBe(first.address);
    expect(await ref.ask.total()).toBe(7);
  });

  test('a process that slept while another took its place elsewhere stops, and leaves the other alone', async () => {
    const sleeper = world.spawn({ nodeName: 'b' });
    await sleeper.running();
    sleeper.process.kill('SIGSTOP');
    const second = await world.spawn({ nodeName: 'b' }).running();
    await time.eventually(() => world.isAlive('b', second.self.incarnation), 'the second is a member');
    sleeper.process.kill('SIGCONT');
    await time.eventually(() => sleeper.last?.status === 'failed', 'the first has failed');
    expect(sleeper.last?.code).toBe('ACTOR_NAME_TAKEN');
    expect(await world.observer.ref(Cart, `${second.address}/cart`).ask.total()).toBe(0);
    expect(world.isAlive('b', second.self.incarnation)).toBe(true);
  });

  test('a process that stops in order is seen to leave', async () => {
    const child = world.spawn({ nodeName: 'b' });
    await child.running();
    child.process.send('stop');
    await world.sees('b', 'member-left');
    await child.gone();
    expect(child.process.exitCode).toBe(0);
    expect(world.story('b')).toEqual(['member-up', 'member-left']);
  });
});

describe('a node is refused, and says why,', () => {
  const joining = (config: object): Promise<Report | undefined> => {
    const child = world.spawn({ nodeName: 'b', maxRetries: 1, ...config });
    return time
      .eventually(() => child.last?.status === 'failed' && child.last.code !== undefined, 'it fails')
      .then(() => child.last);
  };

  test('with a wrong secret', async () => {
    const report = await joining({ tcp: { secret: 'another secret of some length' } });
    expect(report?.code).toBe('ACTOR_UNAUTHENTICATED');
    expect(world.observer.members()).toHaveLength(1);
  });

  test('of another cluster', async () => {
    const report = await joining({ clusterName: 'other' });
    expect(report?.code).toMatch(/ACTOR_(UNAUTHENTICATED|PROTOCOL_MISMATCH)/);
  });

  test('at a port that is taken', async () => {
    const report = await joining({ port: portOf(world.observer.address) });
    expect(report?.code).toBe('ACTOR_BIND_FAILED');
  });
});

test.each(['::1', 'localhost'])('nodes find each other at %s', async (host) => {
  const options: TcpOptions = { secret };
  const first = await startNode({ nodeName: 'first', host, transport: tcp(options) });
  const second = await startNode({
    nodeName: 'second',
    host,
    transport: tcp(options),
    joinAddresses: [first.address],
  });
  await time.eventually(() => first.members().length === 2, 'two members');
  expect(second.members().map((member) => member.nodeId)).toEqual(['first', 'second']);
  await Promise.all([first.stop({ deadlineMs: 1_000 }), second.stop({ deadlineMs: 1_000 })]);
});

test('a node that is among its own seeds by another name runs alone, and is joined by the name', async () => {
  const port = await freePort();
  const joinAddresses = [`localhost:${port}`, `localhost:${await freePort()}`];
  const options = { transport: tcp({ secret }), joinAddresses, maxRetries: 1 };
  const first = await startNode({ nodeName: 'first', port, ...options });
  expect(first.status()).toBe('running');
  const second = await startNode({ nodeName: 'second', ...options });
  await time.eventually(() => first.members().length === 2, 'two members');
  await Promise.all([first.stop({ deadlineMs: 1_000 }), second.stop({ deadlineMs: 1_000 })]);
});
