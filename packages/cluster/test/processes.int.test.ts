// Nodes in operating-system processes over TCP: what kill -9, SIGSTOP and restarts look like from outside.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  actor,
  ask,
  protocol,
  silentLogger,
  systemRuntime,
  tell,
  type ActorRef,
  type Member,
} from '@actor/core';
import { realTime } from '@actor/core/testkit';
import { tcp, type TcpOptions } from '@actor/transport-tcp';
import { ClusterManager, type ClusterConfig, type ClusterEvent } from '../src/index.ts';

const secret = 'a secret for the tests of processes';
const clock = systemRuntime();
const time = realTime(clock, { withinMs: 30_000 });

const Cart = protocol('cart', { add: tell<number>(), total: ask<void, number>() });
const Watchman = protocol('watchman', { watch: tell<{ ref: ActorRef }>() });

interface Report {
  readonly status: string;
  readonly code?: string;
  readonly self?: Member;
  readonly address?: string;
}

class Child {
  readonly process: ChildProcess;
  readonly reports: Report[] = [];

  constructor(config: object) {
    const script = fileURLToPath(new URL('child-node.mjs', import.meta.url));
    const argument = JSON.stringify({ clusterName: 'test', preset: 'fast', tcp: { secret }, ...config });
    this.process = fork(script, [argument], { execArgv: [] });
    this.process.on('message', (report: Report) => void this.reports.push(report));
  }

  get last(): Report | undefined {
    return this.reports.at(-1);
  }

  async running(): Promise<Report & { readonly self: Member; readonly address: string }> {
    await time.eventually(() => this.last?.status === 'running', 'the child runs');
    const { last } = this;
    if (last?.self === undefined || last.address === undefined) throw new Error('no report');
    return { ...last, self: last.self, address: last.address };
  }

  async gone(): Promise<void> {
    await time.eventually(
      () => this.process.exitCode !== null || this.process.signalCode !== null,
      'the child is gone',
    );
  }
}

let observer: ClusterManager;
let events: ClusterEvent[];
let children: Child[];

async function start(config: Partial<ClusterConfig> = {}): Promise<ClusterManager> {
  const cluster = new ClusterManager({
    clusterName: 'test',
    nodeName: 'observer',
    transport: tcp({ secret }),
    preset: 'fast',
    logger: silentLogger,
    ...config,
  });
  await cluster.start();
  return cluster;
}

function spawn(config: object): Child {
  const child = new Child({ joinAddresses: [observer.address], ...config });
  children.push(child);
  return child;
}

const story = (nodeId: string): string[] =>
  events.flatMap((event) => ('member' in event && event.member.nodeId === nodeId ? [event.kind] : []));
const sees = (nodeId: string, kind: string): Promise<void> =>
  time.eventually(() => story(nodeId).includes(kind), `${kind} ${nodeId}`);
const isAlive = (nodeId: string, incarnation: number): boolean =>
  observer
    .members()
    .some((each) => each.nodeId === nodeId && each.incarnation === incarnation && each.status === 'alive');

/** An actor that watches the address; what it was told of is in the list. */
function watching(address: string): string[] {
  const seen: string[] = [];
  const watchman = actor(Watchman, {
    on: { watch: (ctx, { ref }) => ctx.watch(ref) },
    onTerminated: (_, ref) => void seen.push(ref.address),
  });
  const guard = observer.registerActor(watchman, { name: 'watchman' });
  guard.tell.watch({ ref: observer.ref(Cart, address) });
  return seen;
}

beforeEach(async () => {
  children = [];
  events = [];
  observer = await start();
  void (async () => {
    for await (const event of observer.events()) events.push(event);
  })();
});

afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await Promise.all(children.map((child) => child.gone()));
  await observer.stop({ deadlineMs: 1_000 });
});

describe('G6 death watch, G7 heals', () => {
  test('a process that is killed is suspect, then dead, and its watcher is told once', async () => {
    const child = spawn({ nodeName: 'b' });
    const { address } = await child.running();
    const ref = observer.ref(Cart, `${address}/cart`);
    ref.tell.add(2);
    expect(await ref.ask.total()).toBe(2);
    const seen = watching(`${address}/cart`);
    await observer.ref(Cart, `${address}/cart`).ask.total();

    const startMs = clock.monotonicMs();
    child.process.kill('SIGKILL');
    await sees('b', 'member-suspect');
    await sees('b', 'member-dead');
    expect(clock.monotonicMs() - startMs).toBeLessThan(4_000);
    await time.eventually(() => seen.length > 0, 'the watcher is told');
    expect(seen).toEqual([`${address}/cart`]);
    expect(story('b')).toEqual(['member-up', 'member-suspect', 'member-dead']);
  });

  test('a process that is killed and started again at its port is replaced at once', async () => {
    const first = await spawn({ nodeName: 'b' }).running();
    children[0]?.process.kill('SIGKILL');
    await children[0]?.gone();
    const { port } = first.self.address;
    const second = await spawn({ nodeName: 'b', port }).running();
    expect(second.self.incarnation).toBeGreaterThan(first.self.incarnation);
    await time.eventually(() => isAlive('b', second.self.incarnation), 'the new life is a member');
    expect(await observer.ref(Cart, `${first.address}/cart`).ask.total()).toBe(0);
    const death = events.find((event) => event.kind === 'member-dead');
    expect(death).toMatchObject({ member: { incarnation: first.self.incarnation } });
  });

  test('a process that was stopped comes back with a new incarnation and its actors, without a restart', async () => {
    const child = spawn({ nodeName: 'b' });
    const first = await child.running();
    const ref = observer.ref(Cart, `${first.address}/cart`);
    ref.tell.add(7);
    expect(await ref.ask.total()).toBe(7);
    child.process.kill('SIGSTOP');
    await sees('b', 'member-dead');
    child.process.kill('SIGCONT');
    const isBack = (): boolean =>
      child.last?.status === 'running' && (child.last.self?.incarnation ?? 0) > first.self.incarnation;
    await time.eventually(isBack, 'the child has a new life');
    const again = child.last?.self?.incarnation ?? 0;
    await time.eventually(() => isAlive('b', again), 'the new life is a member');
    expect(child.last?.address).toBe(first.address);
    expect(await ref.ask.total()).toBe(7);
  });

  test('a process that slept while another took its place elsewhere stops, and leaves the other alone', async () => {
    const sleeper = spawn({ nodeName: 'b' });
    await sleeper.running();
    sleeper.process.kill('SIGSTOP');
    const second = await spawn({ nodeName: 'b' }).running();
    await time.eventually(() => isAlive('b', second.self.incarnation), 'the second is a member');
    sleeper.process.kill('SIGCONT');
    await time.eventually(() => sleeper.last?.status === 'failed', 'the first has failed');
    expect(sleeper.last?.code).toBe('ACTOR_NAME_TAKEN');
    expect(await observer.ref(Cart, `${second.address}/cart`).ask.total()).toBe(0);
    expect(isAlive('b', second.self.incarnation)).toBe(true);
  });

  test('a process that stops in order is seen to leave', async () => {
    const child = spawn({ nodeName: 'b' });
    await child.running();
    child.process.send('stop');
    await sees('b', 'member-left');
    await child.gone();
    expect(child.process.exitCode).toBe(0);
    expect(story('b')).toEqual(['member-up', 'member-left']);
  });
});

describe('a node is refused, and says why,', () => {
  const joining = (config: object): Promise<Report | undefined> => {
    const child = spawn({ nodeName: 'b', maxRetries: 1, ...config });
    return time
      .eventually(() => child.last?.status === 'failed' && child.last.code !== undefined, 'it fails')
      .then(() => child.last);
  };

  test('with a wrong secret', async () => {
    const report = await joining({ tcp: { secret: 'another secret of some length' } });
    expect(report?.code).toBe('ACTOR_UNAUTHENTICATED');
    expect(observer.members()).toHaveLength(1);
  });

  test('of another cluster', async () => {
    const report = await joining({ clusterName: 'other' });
    expect(report?.code).toMatch(/ACTOR_(UNAUTHENTICATED|PROTOCOL_MISMATCH)/);
  });

  test('at a port that is taken', async () => {
    const report = await joining({ port: Number(observer.address.split(':').at(-1)) });
    expect(report?.code).toBe('ACTOR_BIND_FAILED');
  });
});

test.each(['::1', 'localhost'])('nodes find each other at %s', async (host) => {
  const options: TcpOptions = { secret };
  const first = await start({ nodeName: 'first', host, transport: tcp(options) });
  const second = await start({
    nodeName: 'second',
    host,
    transport: tcp(options),
    joinAddresses: [first.address],
  });
  await time.eventually(() => first.members().length === 2, 'two members');
  expect(second.members().map((member) => member.nodeId)).toEqual(['first', 'second']);
  await Promise.all([first.stop({ deadlineMs: 1_000 }), second.stop({ deadlineMs: 1_000 })]);
});
