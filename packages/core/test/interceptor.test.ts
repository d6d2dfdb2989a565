import { actor, ask, protocol, stream, tell, type Headers, type Interceptor } from '@actor/core';
import { describe, expect, test, vi } from 'vitest';
import { collect, World } from './world.ts';

const Echo = protocol('echo', {
  say: ask<string, string>(),
  note: tell<string>(),
  count: stream<void, number>(),
});
const echo = (interceptors: readonly Interceptor[] = []) =>
  actor(Echo, {
    interceptors,
    on: {
      say: (_, text) => text,
      note() {},
      async *count() {
        yield 1;
      },
    },
  });

describe('interceptors', () => {
  test('nest around sends and handlers, the first of the system outermost', async () => {
    const log: string[] = [];
    const tracer = (name: string): Interceptor => ({
      send(message, next) {
        log.push(`${name} sends ${message.name}`);
        return next({ ...message.headers, [name]: 'yes' });
      },
      handle(message, next) {
        log.push(`${name} before ${message.name} ${Object.keys(message.headers ?? {}).join('+')}`);
        const result = next();
        log.push(`${name} after`);
        return result;
      },
    });
    const world = new World({ interceptors: [tracer('a'), tracer('b')] });
    const ref = world.system.spawn(echo([tracer('c')]));
    expect(await world.value(ref.ask.say('hello'))).toBe('hello');
    expect(log).toEqual([
      'a sends say',
      'b sends say',
      'a before say a+b',
      'b before say a+b',
      'c before say a+b',
      'c after',
      'b after',
      'a after',
    ]);
  });

  test('may change an answer and wait', async () => {
    const shout: Interceptor = { handle: async (_, next) => String(await next()).toUpperCase() };
    const world = new World({ interceptors: [shout] });
    const ref = world.system.spawn(echo());
    expect(await world.value(ref.ask.say('hello'))).toBe('HELLO');
  });

  test('refuse a message by throwing', async () => {
    const denied = new Error('denied');
    const guard: Interceptor = {
      send() {
        throw denied;
      },
    };
    const world = new World({ interceptors: [guard] });
    const letters = collect(world.system.deadLetters());
    const ref = world.system.spawn(echo());
    expect(ref.tell.note('x')).toBe('dropped');
    expect(await world.error(ref.ask.say('x'))).toMatchObject({ code: 'ACTOR_INTERCEPTED', cause: denied });
    expect(letters.map(({ reason }) => reason)).toEqual(['intercepted', 'intercepted']);
    expect(world.system.stats()).toMatchObject({ sent: 2, deadLettered: 2 });
  });

  test('wrap the opening of a stream', async () => {
    const seen: (Headers | string)[] = [];
    const world = new World({
      interceptors: [
        {
          handle(message, next) {
            seen.push(message.kind);
            return next();
          },
        },
      ],
    });
    const ref = world.system.spawn(echo());
    expect(await world.value(ref.stream.count().next())).toEqual({ value: 1, done: false });
    expect(seen).toEqual(['stream']);
  });

  test('switch no async context on where nothing is asynchronous', async () => {
    const world = new World({ interceptors: [{ handle: (_, next) => next() }] });
    const contexts = vi.spyOn(world.runtime, 'asyncContext');
    const Pair = protocol('pair', { quick: ask<void, string>(), slow: ask<void, string>() });
    const ref = world.system.spawn(actor(Pair, { on: { quick: () => 'quick', slow: async () => 'slow' } }));
    expect(await world.value(ref.ask.quick())).toBe('quick');
    expect(contexts).not.toHaveBeenCalled();
    expect(await world.value(ref.ask.slow())).toBe('slow');
    expect(contexts).toHaveBeenCalledOnce();
  });

  test('leave watching as it is', async () => {
    const world = new World({ interceptors: [{ send: (_, next) => next() }] });
    const seen: string[] = [];
    const target = world.system.spawn(echo(), { name: 'e' });
    const Watching = protocol('watching', { watch: tell(), unwatch: tell() });
    const watching = world.system.spawn(
      actor(Watching, {
        on: { watch: (ctx) => ctx.watch(target), unwatch: (ctx) => ctx.unwatch(target) },
        onTerminated: (_, ref) => void seen.push(ref.path),
      }),
    );
    watching.tell.watch();
    watching.tell.unwatch();
    watching.tell.watch();
    await world.pass();
    await world.value(world.system.stopActor(target));
    await world.pass();
    expect(seen).toEqual(['e']);
  });
});
