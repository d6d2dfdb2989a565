import { actor, type ActorRef, ask, isActorError, protocol, tell } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { type FaultSchedule, simulate, type SimulateOptions, type Workload } from '../src/index.ts';

const Counter = protocol('counter', { add: tell<number>(), total: ask<void, number>() });
const counter = actor(Counter, {
  state: () => ({ total: 0 }),
  on: {
    add: (ctx, number) => void (ctx.state.total += number),
    total: (ctx) => ctx.state.total,
  },
});

const idle: Workload = () => {};
const config = { discoveryIntervalMs: 500, heartbeatIntervalMs: 100 };
const short = { seed: 1, nodes: 2, durationMs: 18_000, workload: idle, config } satisfies SimulateOptions;

describe('a simulation', () => {
  test('runs a program of the user on each node, and checks it at rest', async () => {
    let added = 0;
    let total = -1;
    const result = await simulate({
      ...short,
      faults: ['partition', 'delay', 'pause'],
      workload({ nodeId, cluster, addressOf, every }) {
        if (nodeId === 'node-1') cluster.registerActor(counter, { name: 'counter' });
        const ref: ActorRef<typeof Counter> = cluster.ref(Counter, addressOf('node-1', 'counter'));
        every(50, () => {
          if (ref.tell.add(1) === 'accepted') added += 1;
        });
      },
      async check({ processes }) {
        const ref = processes.get('node-2')?.cluster.ref(Counter, 'memory://node-1:1/counter');
        total = (await ref?.ask.total()) ?? -1;
      },
    });
    expect(result).toMatchObject({ ok: true, seed: 1, violations: [] });
    expect(result.stats.messages).toBeGreaterThan(added);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(added);
  });

  test('starts the program anew in each process of a node', async () => {
    const ids: string[] = [];
    const faults: FaultSchedule = {
      faults: [
        { kind: 'crash', atMs: 3_000, forMs: 500, node: 'node-2' },
        { kind: 'leave', atMs: 5_000, forMs: 1_000, node: 'node-2' },
        { kind: 'clock-jump', atMs: 5_500, forMs: 0, node: 'node-2', byMs: -60_000 },
      ],
    };
    const { stats } = await simulate({ ...short, faults, workload: ({ id }) => void ids.push(id) });
    expect(ids.toSorted()).toEqual(['node-1#1', 'node-2#1', 'node-2#2', 'node-2#3']);
    expect(stats.faults).toBe(3);
  });

  test(
    'is the same again for the same seed, and for its schedule from a file',
    { timeout: 30_000 },
    async () => {
      const options = { seed: 4, nodes: 3, durationMs: 16_000, config };
      const first = await simulate(options);
      const second = await simulate(options);
      const third = await simulate({
        ...options,
        faults: JSON.parse(JSON.stringify(first.schedule)) as FaultSchedule,
      });
      expect(first.stats.faults).toBeGreaterThan(0);
      expect(second.traceHash).toBe(first.traceHash);
      expect(third.traceHash).toBe(first.traceHash);
      expect((await simulate({ ...options, seed: 5 })).traceHash).not.toBe(first.traceHash);
    },
  );
});

describe('a simulation that fails', () => {
  const broken: SimulateOptions = {
    ...short,
    faults: [],
    check: () => {
      throw new Error('two are missing');
    },
  };

  test('names what is broken, its seed and the command to run it again', async () => {
    const error: unknown = await simulate({ ...broken, replayCommand: 'SEED=1 npm test' }).catch(
      (reason: unknown) => reason,
    );
    if (!isActorError(error, 'ACTOR_ASSERTION')) throw error;
    expect(error.message).toMatch(/^Seed 1 breaks the check of this run:\n.*two are missing/);
    expect(error.message).toContain('To run it again: SEED=1 npm test');
    expect(error.details).toMatchObject({ seed: 1, command: 'SEED=1 npm test', schedule: { faults: [] } });
  });

  test('gives its violations in the result on request', async () => {
    const { ok, violations } = await simulate({ ...broken, onViolation: 'return' });
    expect(ok).toBe(false);
    expect(violations).toEqual([{ promise: 'check', text: expect.stringContaining('two are missing') }]);
  });

  test.each<[string, Workload, RegExp]>([
    [
      'rejects',
      () => Promise.reject(new Error('no configuration')),
      /program of node-2#1 failed.*configuration/s,
    ],
    [
      'throws',
      () => {
        throw new Error('no configuration');
      },
      /program of node-2#1 failed.*configuration/s,
    ],
    [
      'throws in a timer',
      ({ runtime }) => {
        runtime.after(3_000, () => {
          throw new Error('boom');
        });
      },
      /An event has thrown at 3\d{3}.*boom/s,
    ],
  ])('says so when a program %s', async (_, workload, text) => {
    const { violations } = await simulate({ ...short, workload, onViolation: 'return' });
    expect(violations).toContainEqual({ promise: 'G0', text: expect.stringMatching(text) });
  });
});

test.each<[string, Partial<SimulateOptions>]>([
  ['seed', { seed: 0.5 }],
  ['nodes', { nodes: 0 }],
  ['durationMs', { durationMs: 5_000 }],
  ['faults.faults[0]', { faults: { faults: [{ kind: 'crash', atMs: 1, forMs: 1, node: 'node-9' }] } }],
  ['faults.faults[0]', { faults: { faults: [{ kind: 'crash', atMs: 9_000, forMs: 1, node: 'node-1' }] } }],
  ['faults.faults[0]', { faults: { faults: [{ kind: 'flood', atMs: 1, forMs: 1 } as never] } }],
])('a wrong %s is refused by name', async (path, wrong) => {
  await expect(simulate({ ...short, ...wrong })).rejects.toMatchObject({
    code: 'ACTOR_CONFIG_INVALID',
    details: { path },
  });
});
