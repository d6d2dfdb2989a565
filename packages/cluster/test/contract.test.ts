// The names that outside programs are written against: a cluster as the design shows it, without what belongs to a
// consensus or a gossip plugin.

import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import {
  actor,
  ask,
  message,
  protocol,
  tell,
  type ActorRef,
  type Member,
  type NodeId,
  type TransportFactory,
} from '@actor/core';
import { staticDiscovery } from '@actor/discovery-static';
import * as api from '../src/index.ts';
import {
  ClusterManager,
  type ActorMessage,
  type ClusterConfig,
  type ClusterEvent,
  type ClusterStatus,
  type HeartbeatMessage,
  type JoinMessage,
  type LeaveMessage,
  type NodeRole,
} from '../src/index.ts';
import { World } from './world.ts';

const Cart = protocol('cart', {
  add: tell<{ sku: string; qty: number }>(),
  total: ask<void, number>(),
});
const cart = actor(Cart, {
  state: (args: { currency: string }) => ({ lines: new Map<string, number>(), currency: args.currency }),
  on: {
    add: (ctx, { sku, qty }) => void ctx.state.lines.set(sku, qty),
    total: (ctx) => [...ctx.state.lines.values()].reduce((sum, each) => sum + each, 0),
  },
});

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

/** The surroundings that a simulation needs; the rest is what a program writes. */
function surroundings(name: string): Pick<ClusterConfig, 'transport' | 'runtime' | 'logger'> {
  const { transport, runtime, logger } = world.config(name);
  return { transport, ...(runtime && { runtime }), ...(logger && { logger }) };
}

test('a cluster is made, started, joined, used, watched, left and stopped by these names', async () => {
  const settle = <T>(promise: Promise<T>): Promise<T> => world.simulation.settle(promise);
  const first = await world.start('node-2', { host: '127.0.0.1', port: 8082, joinAddresses: [] });
  first.registerActor(cart, { name: 'cart', args: { currency: 'EUR' } });

  const cluster = new ClusterManager({
    clusterName: 'test',
    nodeName: 'node-1',
    host: '127.0.0.1',
    port: 8081,
    ...surroundings('node-1'),
    discovery: staticDiscovery(['127.0.0.1:8082']),
    metadata: { zone: 'a' },
  });
  const controller = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of cluster.events({ signal: controller.signal })) {
      seen.push(event.kind === 'status-changed' ? event.status : event.kind);
    }
  })();

  expect(cluster.status()).toBe('initializing');
  const started = cluster.start();
  await settle(started);
  expect(cluster.status()).toBe('running');
  await settle(cluster.join(['127.0.0.1:8082']));

  const own = cluster.registerActor(cart, { name: 'cart', args: { currency: 'EUR' } });
  expectTypeOf(own).toEqualTypeOf<ActorRef<typeof Cart>>();
  expect(own.address).toBe('memory://127.0.0.1:8081/cart');
  const other = cluster.ref(Cart, 'memory://127.0.0.1:8082/cart');
  expect(other.tell.add({ sku: 'book', qty: 1 })).toBe('accepted');
  expect(
    await settle(cluster.send('memory://127.0.0.1:8082/cart', message('add', { sku: 'pen', qty: 2 }))),
  ).toBe('accepted');
  expect(await settle(other.ask.total())).toBe(3);

  expect(cluster.members().map(({ nodeId, status, metadata }) => [nodeId, status, metadata])).toEqual([
    ['node-1', 'alive', { zone: 'a' }],
    ['node-2', 'alive', {}],
  ]);
  expect(cluster.leader()).toBeUndefined();
  expect(cluster.role()).toBe('follower');
  expect(cluster.system.name).toBe('node-1');

  await settle(cluster.leave());
  expect(cluster.status()).toBe('leaving');
  await settle(cluster.stop());
  expect(cluster.status()).toBe('stopped');
  controller.abort();
  await watching;
  expect(seen).toEqual(['joining', 'member-up', 'running', 'leaving', 'stopped']);
});

test('a cluster that goes out of scope is stopped', async () => {
  const scope = async (): Promise<ClusterManager> => {
    await using cluster = new ClusterManager({ clusterName: 'test', nodeName: 'a', ...surroundings('a') });
    await cluster.start();
    expect(cluster.status()).toBe('running');
    return cluster;
  };
  const cluster = await world.simulation.settle(scope());
  expect(cluster.status()).toBe('stopped');
});

test('a wrong config is refused where it is written, with all its faults', () => {
  const wrong = { clusterName: '', port: -1, transport: 'tcp', retryDelayMs: 0 } as unknown as ClusterConfig;
  expect(() => new ClusterManager(wrong)).toThrow(
    expect.objectContaining({
      code: 'ACTOR_CONFIG_INVALID',
      retryable: false,
      outcome: 'none',
      message: expect.stringMatching(/nodeName is missing.*clusterName.*port.*transport.*retryDelayMs/s),
      details: { faults: expect.objectContaining({ length: 5 }) },
    }),
  );
});

describe('the names', () => {
  test('that exist at run time', () => {
    expect(Object.keys(api).toSorted()).toEqual([
      'ClusterManager',
      'HeartbeatMembership',
      'defaultConfig',
      'defaultRemotingLimits',
      'heartbeats',
      'msgpack',
    ]);
  });

  test('of statuses, roles and the four messages', () => {
    expectTypeOf<ClusterStatus>().toEqualTypeOf<
      'initializing' | 'joining' | 'running' | 'leaving' | 'stopped' | 'failed'
    >();
    expectTypeOf<NodeRole>().toEqualTypeOf<'follower' | 'candidate' | 'leader' | 'observer'>();
    expectTypeOf<(HeartbeatMessage | JoinMessage | LeaveMessage | ActorMessage)['type']>().toEqualTypeOf<
      'heartbeat' | 'join' | 'leave' | 'actor'
    >();
  });

  test('of what a cluster answers', () => {
    expectTypeOf<ReturnType<ClusterManager['members']>>().toEqualTypeOf<readonly Member[]>();
    expectTypeOf<ReturnType<ClusterManager['leader']>>().toEqualTypeOf<NodeId | undefined>();
    expectTypeOf<ReturnType<ClusterManager['status']>>().toEqualTypeOf<ClusterStatus>();
    expectTypeOf<ReturnType<ClusterManager['role']>>().toEqualTypeOf<NodeRole>();
    expectTypeOf<ClusterEvent['kind']>().toEqualTypeOf<
      | 'member-up'
      | 'member-suspect'
      | 'member-reachable'
      | 'member-updated'
      | 'member-left'
      | 'member-dead'
      | 'declared-dead'
      | 'status-changed'
    >();
  });

  test('of the options that are required, and of those with a default of their own', () => {
    expectTypeOf<Pick<ClusterConfig, 'clusterName' | 'nodeName' | 'transport'>>().toEqualTypeOf<{
      readonly clusterName: string;
      readonly nodeName: string;
      readonly transport: TransportFactory;
    }>();
    const defaults = Object.keys(api.defaultConfig()).toSorted();
    expect(defaults).toEqual([
      'askTimeoutMs',
      'discoveryIntervalMs',
      'heartbeatIntervalMs',
      'host',
      'interceptors',
      'joinAddresses',
      'maxRetries',
      'metadata',
      'phiThreshold',
      'port',
      'remoting',
      'retryDelayMs',
      'stallTimeoutMs',
      'suspectTimeoutMs',
    ]);
  });
});
