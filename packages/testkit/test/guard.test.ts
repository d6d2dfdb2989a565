import { Script } from 'node:vm';
import { actor, ask, protocol, stream, tell } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { Guard } from '../src/guard.ts';
import { mixedWorkload, simulate, type SimulateOptions, type Workload } from '../src/index.ts';

const untouched = globals();
const Odd = protocol('odd', { tell: tell<void>(), ask: ask<void, void>(), stream: stream<void, number>() });

/** Something that no seed decides. */
const reaches: Readonly<Record<string, () => unknown>> = {
  'Date.now': () => Date.now(),
  'performance.now': () => performance.now(),
  'Math.random': () => Math.random(),
  setTimeout: () => globalThis.setTimeout(() => {}, 1),
  setInterval: () => globalThis.setInterval(() => {}, 1),
  fetch: () => fetch('http://127.0.0.1:1/'),
};

const config = { discoveryIntervalMs: 500, heartbeatIntervalMs: 100 };
const base = { seed: 1, nodes: 2, durationMs: 16_000, faults: [], config } satisfies Partial<SimulateOptions>;

/** The violations of a run in which both nodes do that to an actor of the other one. */
async function violationsOf(reach: () => unknown, call: 'tell' | 'ask' | 'stream' | 'start' | 'later') {
  const odd = actor(Odd, {
    on: {
      tell: () => void reach(),
      async ask() {
        await Promise.resolve();
        reach();
      },
      async *stream() {
        yield 1;
        yield Number(reach());
      },
    },
    onStart(ctx) {
      if (call === 'start') reach();
      if (call === 'later') ctx.after(100, () => void reach());
    },
  });
  const workload: Workload = async ({ cluster, nodeId, addressOf, started, runtime }) => {
    cluster.registerActor(odd, { name: 'odd' });
    await started;
    const other = cluster.ref(Odd, addressOf(nodeId === 'node-1' ? 'node-2' : 'node-1', 'odd'));
    runtime.after(1_000, () => {
      if (call === 'tell') other.tell.tell();
      if (call === 'ask') other.ask.ask().catch(() => {});
      if (call !== 'stream') return;
      void (async () => {
        for await (const _ of other.stream.stream());
      })().catch(() => {});
    });
  };
  const { violations } = await simulate({ ...base, workload, onViolation: 'return' });
  return violations;
}

describe('a simulated actor', () => {
  test.each(Object.entries(reaches))(
    'that reaches %s gets an error that names the line',
    async (name, reach) => {
      const violations = await violationsOf(reach, 'tell');
      expect(violations).toHaveLength(1);
      expect(violations[0]?.promise).toBe('seeded');
      expect(violations[0]?.text.startsWith(`${name} is not of the simulation`)).toBe(true);
      expect(violations[0]?.text).toMatch(/guard\.test\.ts:\d+:\d+\. Use /);
    },
  );

  test.each(['ask', 'stream', 'start', 'later'] as const)(
    'is watched after an await too: %s',
    async (call) => {
      const violations = await violationsOf(() => Math.random(), call);
      expect(violations.map(({ promise }) => promise)).toEqual(['seeded']);
    },
  );

  test('may use a library that does so: what that is for, nobody here can say', async () => {
    const filename = '/app/node_modules/library/index.js';
    const library = new Script('() => Date.now()', { filename }).runInThisContext() as () => number;
    expect(await violationsOf(library, 'tell')).toEqual([]);
  });

  test('is found out behind a built-in function too', async () => {
    const violations = await violationsOf(() => [1].map(Math.random), 'tell');
    expect(violations[0]?.text).toMatch(/^Math\.random .*guard\.test\.ts/);
  });

  test('may use what the simulation gives', async () => {
    expect(await violationsOf(() => new Date(7), 'tell')).toEqual([]);
  });
});

test('a run is the same, watched or not', async () => {
  const { traceHash } = await simulate({ ...base, seed: 3 });
  const watched = await simulate({ ...base, seed: 3, workload: mixedWorkload() });
  expect(watched.traceHash).toBe(traceHash);
});

test('the program of a node is watched as its actors are', async () => {
  const workload: Workload = ({ runtime }) => {
    runtime.after(500, () => void Date.now());
  };
  await expect(simulate({ ...base, workload })).rejects.toThrow(/Date\.now is not of the simulation/);
});

test('of two that watch at once, the one that ends first leaves the other its watch', async () => {
  const guard = new Guard(() => {});
  const { within } = guard.process(new Simulation({ seed: 1 }).runtime('a'));
  const reach = (): number => within(() => Date.now());
  await guard.around(async () => {
    await new Guard(() => {}).around(() => Promise.resolve());
    expect(reach).toThrow(expect.objectContaining({ code: 'ACTOR_NOT_DETERMINISTIC', outcome: 'none' }));
  });
  expect(reach()).toBeGreaterThan(0);
});

test('whatever is outside goes on as ever: the check, other code, and everything after the run', async () => {
  let inCheck = 0;
  const workload: Workload = () => {};
  const check = (): void => {
    inCheck = Date.now();
  };
  // Two beside each other; the one that ends first takes nothing from the other.
  const running = Promise.all([
    simulate({ ...base, workload, check }),
    simulate({ ...base, durationMs: 20_000, seed: 2, workload }),
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(Math.random()).toBeLessThan(1);
  await running;
  expect(inCheck).toBeGreaterThan(0);
  await simulate({ ...base, workload, check: () => Promise.reject(new Error('no')) }).catch(() => {});
  expect(globals().every((each, index) => each === untouched[index])).toBe(true);
});

function globals(): readonly unknown[] {
  const of = (owner: object, key: string): unknown => Reflect.get(owner, key);
  return [
    of(Date, 'now'),
    of(performance, 'now'),
    of(Math, 'random'),
    ...['setTimeout', 'setInterval', 'fetch'].map((key) => of(globalThis, key)),
  ];
}
