// Bad input and faults between the actors of two nodes: each is a clear error or a dead letter with a reason, and costs
// nothing but itself. The membership of the nodes never notices.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  actor,
  ask,
  bounded,
  isActorError,
  protocol,
  tell,
  type ActorErrorCode,
  type DeadLetter,
  type StandardSchema,
} from '@actor/core';
import { memory } from '@actor/transport-memory';
import type { ClusterConfig, ClusterManager } from '../src/index.ts';
import { World } from './world.ts';

const text: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'expected text' }] }),
  },
};
const Subject = protocol('subject', {
  put: tell<unknown>(),
  strict: tell(text),
  ask: ask<unknown, unknown>(),
  fail: ask<void, void>(),
  never: ask<void, void>(),
  flood: tell<string>(),
});
/** The same actor to somebody who has another contract in hand. */
const Mistaken = protocol('subject', {
  strict: tell<unknown>(),
  gone: ask<void, void>(),
  left: tell<void>(),
});

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.stop());

interface Scene {
  readonly a: ClusterManager;
  readonly b: ClusterManager;
  /** What the subject on `b` was told. */
  readonly got: unknown[];
  /** Dead letters, as `b payload-invalid`. */
  readonly letters: string[];
}

/** Two nodes, and on each the actor `subject`. */
async function scene(
  changes: Partial<ClusterConfig> = {},
  capacity = 10_000,
  ofB: Partial<ClusterConfig> = {},
): Promise<Scene> {
  const [a, b] = await world.of('ab', changes, { b: ofB });
  if (a === undefined || b === undefined) throw new Error('no nodes');
  const got: unknown[] = [];
  const letters: string[] = [];
  const subject = (values: unknown[]) =>
    actor(Subject, {
      mailbox: bounded(capacity, 'reject'),
      on: {
        put: (_, value) => void values.push(value),
        strict: (_, value) => void values.push(value),
        ask: (_, value) => (value === 'a function' ? () => {} : value),
        fail: () => {
          throw new RangeError('not today');
        },
        never: () => new Promise<void>(() => {}),
        flood: (_, address) => {
          const target = b.ref(Subject, address);
          for (let count = 0; count < 50_000; count += 1) target.tell.put(count);
        },
      },
    });
  a.registerActor(subject([]), { name: 'subject' });
  b.registerActor(subject(got), { name: 'subject' });
  for (const [name, cluster] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const feed: AsyncIterable<DeadLetter> = cluster.system.deadLetters({ bufferMax: 100_000 });
    void (async () => {
      for await (const letter of feed) letters.push(`${name} ${letter.reason}`);
    })();
  }
  return { a, b, got, letters };
}

const there = 'memory://b.test:1/subject';

async function codeOf(
  promise: Promise<unknown>,
): Promise<{ code: ActorErrorCode; details: unknown; outcome: string }> {
  const error = await world.simulation.settle(
    promise.then(
      () => undefined,
      (why: unknown) => why,
    ),
  );
  if (!isActorError(error)) throw new Error(`no ActorError: ${String(error)}`);
  return error;
}

/** After the fault: others are served, all is accounted for, and the nodes are members as before. */
async function isUnharmed({ a, b, got }: Scene): Promise<void> {
  await world.simulation.advance(5_000);
  const ref = a.ref(Subject, there);
  expect(ref.tell.put('after')).toBe('accepted');
  expect(await world.simulation.settle(ref.ask.ask('well?'))).toBe('well?');
  expect(got.at(-1)).toBe('after');
  let rest = 0;
  for (const { system } of [a, b]) {
    const { sent, processed, deadLettered, reportedUnknown } = system.stats();
    rest += sent - processed - deadLettered - reportedUnknown;
  }
  expect(rest).toBe(0);
  for (const name of 'ab') {
    expect(world.view(name)).toBe('ab');
    expect(world.story(name).filter((each) => /suspect|dead/.test(each))).toEqual([]);
  }
}

describe('addressing', () => {
  test('an unknown actor', async () => {
    const all = await scene();
    const nobody = all.a.ref(Subject, 'memory://b.test:1/nobody');
    expect(await codeOf(nobody.ask.ask(1))).toMatchObject({ code: 'ACTOR_NO_ROUTE', outcome: 'none' });
    nobody.tell.put(1);
    await isUnharmed(all);
    expect(all.letters).toEqual(['b no-such-actor', 'b no-such-actor']);
  });

  test('an unknown message', async () => {
    const all = await scene();
    const mistaken = all.a.ref(Mistaken, there);
    expect(await codeOf(mistaken.ask.gone())).toMatchObject({
      code: 'ACTOR_UNKNOWN_MESSAGE',
      outcome: 'none',
    });
    mistaken.tell.left();
    await isUnharmed(all);
    expect(all.letters).toEqual(['b unknown-message', 'b unknown-message']);
  });

  test('a name that is taken', async () => {
    const all = await scene();
    const again = actor(protocol('other', { put: tell<unknown>() }), { on: { put: () => {} } });
    expect(() => all.b.registerActor(again, { name: 'subject' })).toThrow(
      expect.objectContaining({ code: 'ACTOR_NAME_TAKEN' }),
    );
    await isUnharmed(all);
  });
});

describe('payloads', () => {
  test('one that the schema refuses', async () => {
    const all = await scene();
    all.a.ref(Mistaken, there).tell.strict({ not: 'text' });
    all.a.ref(Mistaken, there).tell.strict('text');
    await isUnharmed(all);
    expect(all.got).toEqual(['text', 'after']);
    expect(all.letters).toEqual(['b payload-invalid']);
  });

  test('one that can’t be encoded: an error at the sender that names the path', async () => {
    const all = await scene();
    const ref = all.a.ref(Subject, there);
    const payload = { order: { lines: [1, { price: () => 2 }] } };
    expect(await codeOf(ref.ask.ask(payload))).toMatchObject({
      code: 'ACTOR_NOT_SERIALIZABLE',
      outcome: 'none',
      details: { path: 'payload.order.lines[1].price' },
    });
    expect(ref.tell.put(payload)).toBe('dropped');
    expect(await codeOf(ref.ask.ask('a function'))).toMatchObject({
      code: 'ACTOR_NOT_SERIALIZABLE',
      outcome: 'unknown',
    });
    await isUnharmed(all);
    expect(all.letters).toEqual(['a not-serializable', 'a not-serializable']);
  });

  test('one that can’t be decoded: one message lost, and accounted for', async () => {
    // The sender takes it that the others have its own bounds.
    const all = await scene({}, 10_000, { remoting: { depthMax: 4 } });
    const deep = [[[[[[[[1]]]]]]]];
    const ref = all.a.ref(Subject, there);
    ref.tell.put(deep);
    ref.tell.put('next');
    expect(await codeOf(ref.ask.ask(deep))).toMatchObject({ code: 'ACTOR_BAD_FRAME' });
    await isUnharmed(all);
    expect(all.got).toEqual(['next', 'after']);
    expect(all.letters).toEqual(['b undecodable', 'b undecodable']);
  });

  test('one that fits no frame', async () => {
    const all = await scene({ remoting: { frameMaxBytes: 4_000, batchMaxBytes: 1_000 } });
    const ref = all.a.ref(Subject, there);
    expect(await codeOf(ref.ask.ask('x'.repeat(5_000)))).toMatchObject({ code: 'ACTOR_FRAME_TOO_LARGE' });
    await isUnharmed(all);
  });
});

describe('handlers', () => {
  test('one that throws', async () => {
    const all = await scene();
    expect(await codeOf(all.a.ref(Subject, there).ask.fail())).toMatchObject({
      code: 'ACTOR_REMOTE',
      outcome: 'unknown',
      details: { remote: { name: 'RangeError', message: 'not today' } },
    });
    await isUnharmed(all);
  });

  test('one that never returns', async () => {
    const all = await scene();
    const ref = all.a.ref(Subject, there);
    const asked = codeOf(ref.ask.never(undefined, { timeoutMs: 500 }));
    expect(await asked).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      outcome: 'unknown',
      details: { stage: 'started' },
    });
    // The actor is busy for good; its neighbours and its node are not.
    all.b.registerActor(actor(Subject, { on: neighbour }), { name: 'neighbour' });
    const other = all.a.ref(Subject, 'memory://b.test:1/neighbour');
    expect(await world.simulation.settle(other.ask.ask(1))).toBe(1);
    expect(await codeOf(ref.ask.ask(1, { timeoutMs: 500 }))).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      details: { stage: 'delivered' },
    });
    expect(world.view('a')).toBe('ab');
    await world.simulation.settle(all.b.stop());
    expect(all.b.status()).toBe('stopped');
  });

  test('one that floods: what there is no room for is refused, and the rest arrives', async () => {
    const all = await scene({ remoting: { windowMaxBytes: 20_000 } }, 100_000);
    const startMs = world.simulation.nowMs;
    all.a.ref(Subject, there).tell.flood('memory://a.test:1/subject');
    await world.simulation.advance(2_000);
    const refused = all.letters.filter((letter) => letter === 'b queue-full').length;
    expect(refused).toBeGreaterThan(10_000);
    expect(all.a.system.stats().processed).toBeGreaterThan(500);
    expect(world.simulation.nowMs - startMs).toBeLessThan(2_001);
    await isUnharmed(all);
    expect(new Set(all.letters)).toEqual(new Set(['b queue-full']));
  });
});

const neighbour = {
  put: () => {},
  strict: () => {},
  ask: (_: unknown, value: unknown) => value,
  fail: () => {},
  never: () => {},
  flood: () => {},
};

describe('queues', () => {
  test('a full mailbox: the ask is refused, the tell a dead letter there, and the others wait their turn', async () => {
    const all = await scene({}, 3);
    const ref = all.a.ref(Subject, there);
    const asks = Array.from({ length: 8 }, (_, index) =>
      ref.ask.ask(index).then(
        (value) => value,
        (error: unknown) => (isActorError(error) ? error.code : String(error)),
      ),
    );
    const answers = await world.simulation.settle(Promise.all(asks));
    expect(answers.slice(0, 3)).toEqual([0, 1, 2]);
    expect(answers.filter((answer) => answer === 'ACTOR_MAILBOX_FULL').length).toBeGreaterThan(0);
    for (let count = 0; count < 8; count += 1) ref.tell.put(count);
    await isUnharmed(all);
    expect(new Set(all.letters)).toEqual(new Set(['b mailbox-full']));
  });

  test('a full queue of the transport: nothing that was accepted is lost', async () => {
    const transport = world.network.wrap(memory({ fabric: world.fabric, queueMaxBytes: 2_000 }));
    const all = await scene({ transport });
    const ref = all.a.ref(Subject, there);
    let accepted = 0;
    for (let count = 0; count < 200; count += 1) {
      if (ref.tell.put('x'.repeat(100)) === 'accepted') accepted += 1;
    }
    await isUnharmed(all);
    expect(all.got).toHaveLength(accepted + 1);
  });

  test('a full window: what waits for the peer is bounded, the sender is told, and it opens again', async () => {
    const all = await scene({ remoting: { windowMaxBytes: 2_000, batchMaxBytes: 500 } });
    const ref = all.a.ref(Subject, there);
    const results = new Set<string>();
    for (let count = 0; count < 100; count += 1) results.add(ref.tell.put('x'.repeat(100)));
    expect([...results]).toEqual(['accepted', 'rejected']);
    expect(await codeOf(ref.ask.ask(1))).toMatchObject({ code: 'ACTOR_SEND_QUEUE_FULL', outcome: 'none' });
    await isUnharmed(all);
    expect(new Set(all.letters)).toEqual(new Set(['a queue-full']));
  });
});
