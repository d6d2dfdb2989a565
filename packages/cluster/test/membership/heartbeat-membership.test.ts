import { afterEach, describe, expect, test } from 'vitest';
import {
  ActorError,
  type Channel,
  type MembershipContext,
  type MembershipEvent,
  type PeerIdentity,
  type Runtime,
} from '@actor/core';
import { heartbeats, type HeartbeatMembership } from '../../src/membership/heartbeat-membership.ts';
import type { HeartbeatOptions } from '../../src/membership/heartbeat-options.ts';
import { decodeMessage, encodeMessage, type MembershipMessage } from '../../src/membership/messages.ts';
import { LogBook } from '../world.ts';

const b: PeerIdentity = { nodeId: 'b', incarnation: 1, address: { host: 'b', port: 1 } };
const limits = { membersMax: 100, metadataMaxBytes: 4_096 };

/** A membership whose surroundings are moved by hand, event by event. */
class Bench {
  readonly sent: { to: string; message: MembershipMessage }[] = [];
  readonly events: MembershipEvent[] = [];
  readonly book = new LogBook();
  readonly dialled: string[] = [];
  refusal: ActorError | undefined;
  readonly membership: HeartbeatMembership;
  nowMs = 0;
  timers: { dueMs: number; body: () => void }[] = [];
  tasks: (() => void)[] = [];
  #receive: (from: PeerIdentity, bytes: Uint8Array) => void = () => {};

  constructor(options: HeartbeatOptions = {}) {
    const runtime: Runtime = {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: (ms, body) => {
        const timer = { dueMs: this.nowMs + ms, body };
        this.timers.push(timer);
        return { cancel: () => void (this.timers = this.timers.filter((each) => each !== timer)) };
      },
      microtask: queueMicrotask,
      macrotask: (body) => void this.tasks.push(body),
      random: () => 0.5,
      randomBytes: (length) => new Uint8Array(length),
      loopDelay: () => 0,
      asyncContext: () => ({ run: (_, body) => body(), get: () => undefined }),
    };
    const channel: Channel = {
      headBytes: 0,
      ownFrames: false,
      send: (to, bytes) => this.sent.push({ to, message: decodeMessage(bytes, limits) }) > 0,
      sendInPlace: (to, frame) => channel.send(to, frame),
      receive: (listener) => {
        this.#receive = listener;
        return () => void (this.#receive = () => {});
      },
      onLink: () => () => {},
    };
    const context: Partial<MembershipContext> = {
      nodeId: 'a',
      incarnation: 1,
      address: { host: 'a', port: 1 },
      metadata: {},
      runtime,
      logger: this.book.logger,
      metrics: {
        counter: () => ({ add: () => {} }),
        gauge: () => ({ set: () => {} }),
        histogram: () => ({ record: () => {} }),
      },
      timing: { heartbeatIntervalMs: 500, discoveryIntervalMs: 5_000, maxRetries: 1, retryDelayMs: 200 },
      channel: () => channel,
      addresses: {
        connect: (address) => {
          this.dialled.push(address.host);
          return this.refusal === undefined ? Promise.resolve(b) : Promise.reject(this.refusal);
        },
        nodeAt: () => undefined,
        learn: () => {},
        forget: () => {},
      },
    };
    const membership = heartbeats(options)(context as MembershipContext);
    this.membership = membership;
    void (async () => {
      for await (const event of membership.watch()) this.events.push(event);
    })();
  }

  receive(message: MembershipMessage): void {
    this.#receive(b, encodeMessage(message));
  }

  garbage(): void {
    this.#receive(b, Uint8Array.of(1, 2, 3));
  }

  heartbeat(): void {
    this.receive({ type: 'heartbeat', intervalMs: 500, heard: ['a'], digest: '', members: [] });
  }

  /** Time goes on, and the timers that are due fire; what they leave for later stays undone. */
  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.timers.filter((timer) => timer.dueMs <= this.nowMs);
    this.timers = this.timers.filter((timer) => timer.dueMs > this.nowMs);
    for (const timer of due) timer.body();
  }

  finish(): void {
    for (const task of this.tasks.splice(0)) task();
  }

  async member(): Promise<void> {
    await this.membership.start();
    const member = { ...b, version: 0, status: 'alive' as const, metadata: {} };
    this.receive({ type: 'join', phase: 'request', heard: ['a'], members: [member] });
    this.heartbeat();
  }

  get kinds(): string[] {
    return this.events.map((event) => event.kind);
  }
}

let bench: Bench;
afterEach(() => bench.membership.stop());
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nobody is judged before what has arrived in the meantime was read', async () => {
  bench = new Bench();
  await bench.member();
  const tick = (isBusyWhenItComes = false): void => {
    bench.pass(125);
    // This node was busy when it came: the timer is first, then the socket.
    if (isBusyWhenItComes) bench.heartbeat();
    bench.finish();
  };
  for (let beat = 0; beat < 20; beat += 1) {
    bench.heartbeat();
    for (let ticks = 0; ticks < 4; ticks += 1) tick();
  }
  // Nine ticks of silence are not suspicious, ten are.
  for (let ticks = 0; ticks < 5; ticks += 1) tick();
  tick(true);
  await turn();
  expect(bench.kinds).toEqual(['member-up']);
  for (let ticks = 0; ticks < 20; ticks += 1) tick();
  await turn();
  expect(bench.kinds).toEqual(['member-up', 'member-suspect']);
});

test('a message that makes no sense costs one warning per peer in a row, and nothing else', async () => {
  bench = new Bench();
  await bench.member();
  for (let index = 0; index < 50; index += 1) bench.garbage();
  expect(bench.book.at('warn')).toEqual(['a membership message was refused']);
  expect(bench.membership.members()).toHaveLength(2);
});

describe('leaving', () => {
  test('ends by its deadline when nobody acknowledges it', async () => {
    bench = new Bench({ leaveTimeoutMs: 700 });
    await bench.member();
    let isDone = false;
    const leave = bench.membership.leave().then(() => (isDone = true));
    bench.pass(699);
    await turn();
    expect(isDone).toBe(false);
    bench.pass(1);
    await leave;
    expect(bench.sent.filter(({ message }) => message.type === 'leave').length).toBeGreaterThanOrEqual(1);
  });

  test('ends with the acknowledgement, and before a start at once', async () => {
    bench = new Bench();
    await bench.membership.leave();
    bench = new Bench();
    await bench.member();
    const leave = bench.membership.leave();
    bench.receive({ type: 'leave', isAcknowledgement: true });
    await leave;
    expect(bench.membership.members()).toHaveLength(1);
  });
});

describe('joining', () => {
  test('asks again when no answer comes, and gives up after maxRetries', async () => {
    bench = new Bench();
    await bench.membership.start();
    const join = bench.membership.join([b.address]);
    join.catch(() => {});
    const requests = (): number => bench.sent.filter(({ message }) => message.type === 'join').length;
    await turn();
    expect(requests()).toBe(1);
    bench.pass(1_000);
    await turn();
    expect(requests()).toBe(2);
    bench.pass(1_000);
    await expect(join).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  });

  test('needs a start, another address than the own, and a life that goes on', async () => {
    bench = new Bench();
    await expect(bench.membership.join([b.address])).rejects.toMatchObject({
      code: 'ACTOR_NODE_NOT_STARTED',
    });
    await bench.membership.start();
    await expect(bench.membership.join([{ host: 'a', port: 1 }])).rejects.toMatchObject({
      code: 'ACTOR_NO_ROUTE',
      message: expect.stringContaining('no address but the own one'),
    });
    const join = bench.membership.join([b.address]);
    await bench.membership.stop();
    await expect(join).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
    await expect(bench.membership.start()).rejects.toMatchObject({ code: 'ACTOR_NODE_STOPPED' });
  });
});

test('an address that leads back to the node itself is neither an error nor dialled again', async () => {
  bench = new Bench();
  await bench.membership.start();
  const details = { reason: 'self' };
  bench.refusal = new ActorError('ACTOR_PROTOCOL_MISMATCH', 'It is this node itself.', { details });
  const alias = { host: 'alias', port: 1 };
  for (let round = 0; round < 2; round += 1) {
    await expect(bench.membership.join([alias])).rejects.toMatchObject({
      code: 'ACTOR_NO_ROUTE',
      message: expect.stringContaining('no address but the own one'),
    });
  }
  expect(bench.dialled).toEqual(['alias']);
});

test('of many that were lost the latest are looked for, in turn', async () => {
  bench = new Bench();
  await bench.member();
  const dead = Array.from({ length: 100 }, (_, index) => ({
    nodeId: `n${index}`,
    incarnation: 1,
    version: 0,
    address: { host: `n${index}`, port: 1 },
    status: 'dead' as const,
    metadata: {},
  }));
  bench.receive({ type: 'heartbeat', intervalMs: 500, heard: ['a'], digest: '', members: dead });
  for (let round = 0; round < 11; round += 1) bench.pass(5_000);
  expect(new Set(bench.dialled).size).toBe(32);
  expect(bench.dialled).toContain('n99');
  expect(bench.dialled).not.toContain('n67');
});

test('metadata above metadataMaxBytes is refused, at the start and later', () => {
  bench = new Bench({ metadataMaxBytes: 20 });
  expect(() => bench.membership.setMetadata({ zone: 'x'.repeat(20) })).toThrow(
    expect.objectContaining({
      code: 'ACTOR_CONFIG_INVALID',
      details: expect.objectContaining({ limitBytes: 20 }),
    }),
  );
  bench.membership.setMetadata({ zone: 'x' });
  expect(bench.membership.self()).toMatchObject({ version: 1, metadata: { zone: 'x' } });
});

test.each([
  ['heartbeatIntervalMs', 0.5],
  ['heartbeatIntervalMs', 100_000],
  ['suspectTimeoutMs', -1],
  ['stallTimeoutMs', 0],
  ['phiThreshold', Number.NaN],
  ['windowMax', 1.5],
  ['membersMax', 0],
  ['leaveTimeoutMs', Infinity],
])('%s of %d is refused where it is written', (path, value) => {
  expect(() => heartbeats({ [path]: value })).toThrow(
    expect.objectContaining({
      code: 'ACTOR_CONFIG_INVALID',
      details: { faults: [expect.objectContaining({ path })] },
    }),
  );
});

test('a stallTimeoutMs below suspectTimeoutMs is refused', () => {
  expect(() => heartbeats({ suspectTimeoutMs: 2_000, stallTimeoutMs: 1_999 })).toThrow(
    expect.objectContaining({
      code: 'ACTOR_CONFIG_INVALID',
      details: { faults: [expect.objectContaining({ path: 'stallTimeoutMs' })] },
    }),
  );
  expect(() => heartbeats({ suspectTimeoutMs: 2_000, stallTimeoutMs: 2_000 })).not.toThrow();
});

test('its options, where given, go before the cluster’s timing', async () => {
  bench = new Bench({ heartbeatIntervalMs: 100 });
  await bench.member();
  bench.sent.length = 0;
  for (let passedMs = 0; passedMs < 1_000; passedMs += 25) bench.pass(25);
  expect(bench.sent.filter(({ message }) => message.type === 'heartbeat')).toHaveLength(10);
  expect(bench.sent[0]?.message).toMatchObject({ intervalMs: 100 });
});
