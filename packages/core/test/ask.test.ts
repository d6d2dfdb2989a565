import {
  actor,
  ask,
  causesMax,
  isActorError,
  protocol,
  tell,
  type ActorError,
  type Cause,
} from '@actor/core';
import { describe, expect, test } from 'vitest';
import { cycle, Run } from '../src/run.ts';
import { collect, failure, World } from './world.ts';

const Worker = protocol('worker', {
  echo: ask<string, string>(),
  slow: ask<number, string>(),
  hang: ask<void, void>(),
  fail: ask<string, void>(),
  log: ask<void, readonly string[]>(),
});

const worker = (world: World, aborted: unknown[] = []) =>
  actor(Worker, {
    state: () => ({ ran: [] as string[] }),
    supervise: { kind: 'resume' },
    on: {
      echo(ctx, text) {
        ctx.state.ran.push(text);
        return text;
      },
      slow: (ctx, ms) =>
        new Promise((resolve) => {
          world.simulation.after(ms, () => resolve(`after ${ms}`));
          ctx.signal.addEventListener('abort', () => aborted.push(ctx.signal.reason));
        }),
      hang: (ctx) =>
        new Promise((_, reject) => {
          const { signal } = ctx;
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason);
            reject(signal.reason as Error);
          });
        }),
      fail(_, text) {
        throw new TypeError(text);
      },
      log: (ctx) => ctx.state.ran,
    },
  });

describe('G5: an ask settles', () => {
  test('with the answer of a synchronous and of an asynchronous handler', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    expect(await world.value(ref.ask.echo('hello'))).toBe('hello');
    expect(await world.value(ref.ask.slow(20))).toBe('after 20');
  });

  test('with a typed error when the handler throws', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world), { name: 'w' });
    const error = (await world.error(ref.ask.fail('as told'))) as ActorError;
    expect(error).toMatchObject({
      code: 'ACTOR_REMOTE',
      outcome: 'unknown',
      details: { actor: 'actor://test/w', method: 'fail', remote: { name: 'TypeError', message: 'as told' } },
    });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test('once: an answer that comes after its deadline reaches nobody', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    expect(await world.error(ref.ask.slow(200, { timeoutMs: 100 }))).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
    });
    await world.pass(200);
    expect(await world.value(ref.ask.slow(50, { timeoutMs: 100 }))).toBe('after 50');
    expect(world.system.stats()).toMatchObject({ sent: 2, processed: 2, deadLettered: 0 });
  });

  test('with ACTOR_ASK_TIMEOUT at its deadline, and the handler hears of it', async () => {
    const world = new World();
    const aborted: unknown[] = [];
    const ref = world.system.spawn(worker(world, aborted));
    const before = world.simulation.nowMs;
    const error = (await world.error(ref.ask.hang(undefined, { timeoutMs: 250 }))) as ActorError;
    expect(world.simulation.nowMs - before).toBe(250);
    expect(error).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      outcome: 'unknown',
      details: { stage: 'started' },
    });
    await world.pass();
    expect(aborted).toEqual([error]);
    expect(world.system.stats()).toMatchObject({ sent: 1, processed: 1 });
  });

  test('after 5 seconds when nothing else was said', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    await world.error(ref.ask.hang());
    expect(world.simulation.nowMs).toBe(5_000);
  });

  test('as "queued, nothing happened" when it never ran, and then never runs', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(worker(world));
    const slow = ref.ask.slow(400);
    const error = await world.error(ref.ask.echo('late', { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'ACTOR_ASK_TIMEOUT', outcome: 'none', details: { stage: 'queued' } });
    await world.value(slow);
    expect(await world.value(ref.ask.log())).toEqual([]);
    expect(letters.map(({ reason, message }) => [reason, message.name])).toEqual([['expired', 'echo']]);
  });

  test('with the reason of its signal, untouched', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const aborted: unknown[] = [];
    const ref = world.system.spawn(worker(world, aborted));
    const running = new AbortController();
    const queued = new AbortController();
    const reason = new Error('changed my mind');
    const first = failure(ref.ask.hang(undefined, { signal: running.signal }));
    const second = failure(ref.ask.echo('never', { signal: queued.signal }));
    await world.pass();
    queued.abort(reason);
    expect(await second).toBe(reason);
    running.abort(reason);
    expect(await first).toBe(reason);
    await world.pass();
    expect(aborted).toEqual([reason]);
    expect(await world.value(ref.ask.log())).toEqual([]);
    expect(letters.map((letter) => [letter.reason, letter.message.name])).toEqual([['cancelled', 'echo']]);
  });

  test('at once when its signal is aborted already, and sends nothing', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    const reason = new Error('too late');
    expect(await world.error(ref.ask.echo('x', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(world.system.stats().sent).toBe(0);
  });

  test.each([0, -1, Number.NaN, Infinity, '5' as never])(
    'with ACTOR_CONFIG_INVALID for a timeout of %o',
    async (timeoutMs) => {
      const world = new World();
      const ref = world.system.spawn(worker(world));
      const error = await world.error(ref.ask.echo('x', { timeoutMs }));
      expect(isActorError(error, 'ACTOR_CONFIG_INVALID')).toBe(true);
    },
  );

  test('when its actor is gone, stops while it waits, or does not know the message', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    const slow = ref.ask.slow(10);
    const waiting = failure(ref.ask.echo('x'));
    await world.pass();
    await world.value(world.system.stopActor(ref));
    expect(await slow).toBe('after 10');
    expect(await waiting).toMatchObject({ code: 'ACTOR_TERMINATED', outcome: 'none' });
    expect(await world.error(ref.ask.echo('x'))).toMatchObject({ code: 'ACTOR_TERMINATED' });
    const nobody = world.system.ref(Worker, 'nobody');
    expect(await world.error(nobody.ask.echo('x'))).toMatchObject({ code: 'ACTOR_NO_ROUTE' });
    const Other = protocol('other', { other: ask<void, void>() });
    const wrong = world.system.spawn(worker(world)).as(Other);
    expect(await world.error(wrong.ask.other())).toMatchObject({ code: 'ACTOR_UNKNOWN_MESSAGE' });
  });

  test('for any mixture of deadlines, each at its own', async () => {
    const world = new World();
    const ref = world.system.spawn(worker(world));
    const deadlines = [1, 15, 16, 17, 100, 8_191, 8_192, 8_193, 20_000, 100_000];
    const seen = await Promise.all([
      ...deadlines.map((timeoutMs) =>
        ref.ask.hang(undefined, { timeoutMs }).catch(() => Math.round(world.simulation.nowMs)),
      ),
      world.pass(100_001),
    ]);
    expect(seen.slice(0, -1)).toEqual(deadlines);
  });
});

describe('a call cycle', () => {
  const Chain = protocol('chain', {
    next: ask<readonly string[], string>(),
    self: ask<void, string>(),
    go: tell<readonly string[]>(),
  });
  const link = (world: World, told: unknown[] = []) =>
    actor(Chain, {
      supervise: { kind: 'resume' },
      on: {
        async next(_, [first, ...rest]) {
          await Promise.resolve();
          return first === undefined ? 'end' : world.system.ref(Chain, first).ask.next(rest);
        },
        self: (ctx) => ctx.self.ask.self(),
        async go(_, path) {
          await world.system
            .ref(Chain, path[0] ?? '')
            .ask.next(path.slice(1))
            .catch((error: unknown) => told.push(error));
        },
      },
    });

  test('is refused at once and printed', async () => {
    const world = new World();
    for (const name of ['a', 'b', 'c']) world.system.spawn(link(world), { name });
    const error = (await world.error(world.system.ref(Chain, 'a').ask.next(['b', 'c', 'a']))) as ActorError;
    expect(world.simulation.nowMs).toBeLessThan(1);
    let root: unknown = error;
    while (isActorError(root, 'ACTOR_REMOTE')) root = root.cause;
    expect(root).toMatchObject({ code: 'ACTOR_CALL_CYCLE', outcome: 'none' });
    expect((root as Error).message).toContain(
      'actor://test/a → actor://test/b → actor://test/c → actor://test/a',
    );
  });

  test('is found when it begins with a tell', async () => {
    const world = new World();
    const told: unknown[] = [];
    for (const name of ['a', 'b']) world.system.spawn(link(world, told), { name });
    world.system.ref(Chain, 'a').tell.go(['b', 'a']);
    await world.pass(10);
    expect(told).toHaveLength(1);
  });

  test('of an actor with itself is one too', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(link(world), { name: 'a' });
    const error = (await world.error(ref.ask.self())) as ActorError;
    expect(letters.map((letter) => [letter.reason, letter.sender])).toEqual([['call-cycle', ref.address]]);
    expect(error.cause).toMatchObject({ details: { cycle: ['actor://test/a', 'actor://test/a'] } });
  });

  test('is not seen where the first asker did not wait and does something else meanwhile', async () => {
    const world = new World();
    const One = protocol('one', { start: tell(), slow: tell(), get: ask<void, string>() });
    const Two = protocol('two', { back: ask<void, string>() });
    const answers: string[] = [];
    const two = world.system.spawn(
      actor(Two, {
        on: {
          async back() {
            await new Promise<void>((resolve) => void world.simulation.after(5, resolve));
            return world.system.ref(One, 'one').ask.get();
          },
        },
      }),
    );
    const one = world.system.spawn(
      actor(One, {
        on: {
          start: () => void two.ask.back().then((answer) => answers.push(answer)),
          slow: () => new Promise<void>((resolve) => void world.simulation.after(10, resolve)),
          get: () => 'got',
        },
      }),
      { name: 'one' },
    );
    one.tell.start();
    one.tell.slow();
    await world.pass(50);
    expect(answers).toEqual(['got']);
  });

  test('is looked for in what is left of a chain that grows for ever', () => {
    const { system } = new World();
    const self = system.spawn(actor(Chain, { on: { next: () => '', self: () => '', go() {} } }));
    let run: Cause | undefined;
    for (let n = 1; n <= 1_000; n += 1) run = new Run(self, n, run);
    let length = 0;
    for (let link = run; link !== undefined; link = link.parent) length += 1;
    expect(length).toBeLessThanOrEqual(2 * causesMax);
    if (run === undefined) throw new Error('unreachable');
    expect(cycle(run, self.address, 1_000 - causesMax + 1)).toHaveLength(causesMax + 1);
    expect(cycle(run, self.address, 1_000)).toHaveLength(2);
    expect(cycle(run, self.address, 1)).toBeUndefined();
  });

  test('is not seen where there is none: asks that pass an actor twice, one after the other', async () => {
    const world = new World();
    for (const name of ['a', 'b']) world.system.spawn(link(world), { name });
    const a = world.system.ref(Chain, 'a');
    expect(await world.value(a.ask.next(['b']))).toBe('end');
    expect(await world.value(a.ask.next(['b']))).toBe('end');
  });
});
