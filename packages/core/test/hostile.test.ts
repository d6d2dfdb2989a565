// Code of users that breaks what it was asked to keep. Whatever it does costs its own message or its own actor, and is
// told; nothing reaches the process. (The test runner fails on an unhandled rejection.)
import {
  actor,
  ask,
  message,
  pool,
  protocol,
  resume,
  restart,
  silentLogger,
  stop,
  stream,
  tell,
  type ActorError,
  type Directive,
  type Interceptor,
  type Logger,
  type StandardSchema,
  type SystemStats,
} from '@actor/core';
import { describe, expect, test } from 'vitest';
import { collect, World } from './world.ts';

const Unit = protocol('unit', { ask: ask<void, unknown>(), tell: tell(), read: stream<void, unknown>() });
interface Parts {
  readonly ask?: () => unknown;
  readonly tell?: () => void;
  readonly read?: () => AsyncIterable<unknown>;
  readonly supervise?: Directive | ((error: unknown) => Directive);
}
const unit = ({ ask: answer, tell: hear, read, supervise = resume() }: Parts) =>
  actor(Unit, {
    supervise,
    on: {
      ask: () => answer?.(),
      tell: () => hear?.(),
      read: () => read?.() ?? (async function* () {})(),
    },
  });

const fail = (): never => {
  throw new Error('as told');
};
const isBalanced = ({ sent, processed, deadLettered, reportedUnknown }: SystemStats): boolean =>
  sent === processed + deadLettered + reportedUnknown;

describe('a handler', () => {
  const bare = Object.create(null) as object;
  const unprintable = {
    toString: fail,
    get message(): string {
      return fail();
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  test.each([
    ['nothing', undefined],
    ['an object without a prototype', bare],
    ['an object that does not print', unprintable],
    ['a symbol', Symbol('x')],
    ['an error that does not tell its message', Object.setPrototypeOf(unprintable, Error.prototype)],
    ['a revoked proxy', revoked.proxy],
  ])('that throws %s fails as any other', async (_, thrown) => {
    const world = new World();
    const throwing = (): never => {
      throw thrown;
    };
    const ref = world.system.spawn(unit({ ask: throwing, tell: throwing }));
    ref.tell.tell();
    const error = (await world.error(ref.ask.ask())) as ActorError;
    expect([error.code, error.cause === thrown]).toEqual(['ACTOR_REMOTE', true]);
    expect(await world.error(ref.ask.ask())).toHaveProperty('code', 'ACTOR_REMOTE');
  });

  test('that answers with what can not be looked at fails as if it had thrown', async () => {
    const world = new World();
    const trap = Object.defineProperty({}, ['th', 'en'].join(''), { get: fail });
    const ref = world.system.spawn(unit({ ask: () => trap }));
    expect(await world.error(ref.ask.ask())).toMatchObject({ code: 'ACTOR_REMOTE' });
    expect(await world.error(ref.ask.ask())).toMatchObject({ code: 'ACTOR_REMOTE' });
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test.each([
    ['constructor', { get: fail }],
    ['then', { value: fail }],
  ])('that answers with a promise whose %s throws fails as if it had thrown', async (property, how) => {
    const world = new World();
    const trap = (): unknown => Object.defineProperty(Promise.resolve(1), property, how);
    const ref = world.system.spawn(unit({ ask: trap, tell: () => void trap() }));
    const outcome = await world.outcome(ref.ask.ask());
    if ('value' in outcome) expect(outcome.value).toBe(1);
    else expect(outcome.error).toMatchObject({ code: 'ACTOR_REMOTE' });
    ref.tell.tell();
    await world.pass();
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test('that never returns holds up nobody else, and no memory beyond its mailbox', async () => {
    const world = new World();
    const stuck = world.system.spawn(unit({ ask: () => new Promise(() => {}) }), { name: 'stuck' });
    const other = world.system.spawn(unit({ ask: () => 'fine' }));
    void stuck.ask.ask().catch(() => {});
    const results = Array.from({ length: 10_010 }, () => stuck.tell.tell());
    expect(results.filter((result) => result === 'rejected').length).toBeGreaterThanOrEqual(9);
    expect(await world.value(other.ask.ask())).toBe('fine');
    await world.value(world.system.stop({ deadlineMs: 10 }));
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test('gets undefined as undefined', async () => {
    const world = new World();
    const Any = protocol('any', { is: ask<unknown, boolean>() });
    const ref = world.system.spawn(actor(Any, { on: { is: (_, payload) => payload === undefined } }));
    expect(await world.value(ref.ask.is(undefined))).toBe(true);
    expect(await world.value(ref.ask.is())).toBe(true);
  });
});

describe('a supervision function', () => {
  test.each([
    ['throws', fail],
    ['gives nothing', () => undefined as unknown as Directive],
    ['gives nonsense', () => ({ kind: 'whatever' }) as unknown as Directive],
    ['gives a broken restart', () => ({ ...restart(), max: Number.NaN }) as Directive],
  ])('that %s means stop', async (_, supervise) => {
    const world = new World();
    const ref = world.system.spawn(unit({ tell: fail, supervise }));
    ref.tell.tell();
    await world.pass();
    expect(ref.tell.tell()).toBe('no-route');
  });

  test('is refused where it is none', () => {
    const invalid = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }) as Error;
    const broken = { ...restart(), max: Number.NaN } as Directive;
    expect(() => unit({ supervise: broken })).toThrow(invalid);
    expect(() => new World().system.spawn(unit({}), { supervise: broken })).toThrow(invalid);
    expect(() => unit({ supervise: 'restart' as unknown as Directive })).toThrow(invalid);
  });
});

describe('a stream handler', () => {
  const iterable = (iterator: Partial<Record<'next' | 'return', unknown>>): AsyncIterable<unknown> =>
    ({ [Symbol.asyncIterator]: () => iterator }) as unknown as AsyncIterable<unknown>;

  test.each([
    ['throws at once', { next: fail }],
    ['gives no promise', { next: () => 5 }],
    ['gives no result', { next: async () => undefined }],
    ['has no next', {}],
    ['gives a result that throws', { next: async () => Object.defineProperty({}, 'done', { get: fail }) }],
  ])('whose iterator %s fails its stream', async (_, iterator) => {
    const world = new World();
    const ref = world.system.spawn(unit({ read: () => iterable(iterator), ask: () => 'fine' }));
    expect(await world.error(ref.stream.read().next())).toMatchObject({ code: 'ACTOR_REMOTE' });
    expect(await world.value(ref.ask.ask())).toBe('fine');
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test.each([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error('as told'))],
    ['gives nothing', () => undefined],
  ])('whose iterator ends with a return that %s ends all the same', async (_, end) => {
    const world = new World();
    const next = () => Promise.resolve({ value: 1, done: false });
    const ref = world.system.spawn(unit({ read: () => iterable({ next, return: end }) }));
    const values = ref.stream.read();
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    await values.return?.();
    void ref.stream.read().next();
    await world.pass();
    await world.value(world.system.stop());
    expect(world.system.stats()).toEqual({ sent: 2, processed: 2, deadLettered: 0, reportedUnknown: 0 });
  });

  test('that gives nothing to iterate fails its stream', async () => {
    const world = new World();
    const ref = world.system.spawn(unit({ read: () => 5 as unknown as AsyncIterable<unknown> }));
    expect(await world.error(ref.stream.read().next())).toMatchObject({ code: 'ACTOR_REMOTE' });
  });
});

describe('a schema', () => {
  const broken: StandardSchema<number> = {
    '~standard': { version: 1, vendor: 'test', validate: fail },
  };
  const Strict = protocol('strict', { put: tell(broken) });

  test('that throws refuses the payload', async () => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    world.system.spawn(actor(Strict, { on: { put() {} } }), { name: 's' });
    expect(world.system.send('s', message('put', 1))).toBe('dropped');
    await world.pass();
    expect(letters.map(({ reason }) => reason)).toEqual(['payload-invalid']);
  });

  test('that gives no result refuses the payload', () => {
    const world = new World();
    const none = { '~standard': { version: 1, vendor: 'test', validate: () => undefined } };
    const None = protocol('none', { put: tell(none as unknown as StandardSchema<number>) });
    world.system.spawn(actor(None, { on: { put() {} } }), { name: 's' });
    expect(world.system.send('s', message('put', 1))).toBe('dropped');
  });
});

describe('the key of a pool', () => {
  test.each([
    ['throws', fail],
    ['is no text', () => Symbol('x') as unknown as string],
  ])('that %s costs its message, and tell still does not throw', async (_, key) => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(pool(unit({}), { size: 2, policy: 'consistent-hash', key }));
    expect(ref.tell.tell()).toBe('dropped');
    expect(await world.error(ref.ask.ask())).toMatchObject({ code: 'ACTOR_PAYLOAD_INVALID' });
    expect(letters.map(({ reason }) => reason)).toEqual(['payload-invalid', 'payload-invalid']);
    expect(isBalanced(world.system.stats())).toBe(true);
  });
});

test('a logger that throws takes no actor with it', async () => {
  const logger: Logger = { ...silentLogger, debug: fail, warn: fail, error: fail };
  const world = new World({ logger });
  const ref = world.system.spawn(unit({ tell: fail, ask: () => 'fine' }));
  ref.tell.tell();
  expect(world.system.send('nobody', message('tell'))).toBe('no-route');
  expect(await world.value(ref.ask.ask())).toBe('fine');
});

describe('an interceptor', () => {
  const sending = (send: NonNullable<Interceptor['send']>) => {
    const world = new World({ interceptors: [{ send }] });
    const heard: string[] = [];
    const ref = world.system.spawn(unit({ tell: () => void heard.push('heard'), ask: () => 'fine' }));
    return { world, heard, ref, letters: collect(world.system.deadLetters()) };
  };

  test('that does not send a message on has refused it', async () => {
    const { world, ref, letters, heard } = sending(() => 'accepted');
    expect(ref.tell.tell()).toBe('dropped');
    expect(await world.error(ref.ask.ask())).toMatchObject({ code: 'ACTOR_INTERCEPTED' });
    expect(letters.map(({ reason }) => reason)).toEqual(['intercepted', 'intercepted']);
    expect(heard).toEqual([]);
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test('that sends a message on twice has sent it once', async () => {
    const { world, ref, heard } = sending((_, next) => (next(), next()));
    expect(ref.tell.tell()).toBe('accepted');
    await world.pass();
    expect(heard).toEqual(['heard']);
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test('that sends a message on too late has refused it', async () => {
    const late: (() => void)[] = [];
    const { world, ref, heard } = sending((_, next) => (late.push(next), 'accepted'));
    ref.tell.tell();
    for (const next of late) next();
    await world.pass();
    expect(heard).toEqual([]);
    expect(isBalanced(world.system.stats())).toBe(true);
  });

  test('that throws after it has sent a message on has sent it', async () => {
    const { world, ref, heard, letters } = sending((_, next) => (next(), fail()));
    expect(ref.tell.tell()).toBe('accepted');
    await world.pass();
    expect([heard, letters]).toEqual([['heard'], []]);
  });

  test('that waits may wrap a stream too', async () => {
    const world = new World({ interceptors: [{ handle: async (_, next) => await next() }] });
    const ref = world.system.spawn(
      unit({
        read: async function* () {
          yield 1;
        },
      }),
    );
    const values = ref.stream.read();
    expect(await world.value(values.next())).toEqual({ value: 1, done: false });
    expect(await world.value(values.next())).toMatchObject({ done: true });
  });
});

test('an actor whose start always fails stops when its budget is spent', async () => {
  const world = new World();
  const events = collect(world.system.events());
  const doomed = actor(protocol('doomed', { go: tell() }), {
    supervise: restart({ max: 3, backoffMinMs: 1 }),
    onStart: fail,
    on: { go() {} },
  });
  const ref = world.system.spawn(doomed);
  ref.tell.go();
  await world.pass(60_000);
  expect(events.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed', 'failed', 'stopped']);
  expect(isBalanced(world.system.stats())).toBe(true);
});

test('an actor whose state always fails to be made runs no onStop for it', async () => {
  const world = new World();
  const log: string[] = [];
  const doomed = actor(protocol('doomed', { go: tell() }), {
    supervise: stop(),
    state: (): number => fail(),
    onStop: () => void log.push('stop'),
    on: { go() {} },
  });
  world.system.spawn(doomed);
  await world.pass();
  expect(log).toEqual([]);
});
