import { actor, ask, protocol, stream, tell, type StandardSchema } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { describeIssues, validate } from '../src/standard-schema.ts';

describe('a protocol', () => {
  test('lists its messages by name, with their kinds', () => {
    const Cart = protocol('cart', { add: tell<number>(), total: ask<void, number>(), changes: stream() });
    expect([...Cart.methods.values()].map(({ name, kind, index }) => [name, kind, index])).toEqual([
      ['add', 'tell', 0],
      ['total', 'ask', 1],
      ['changes', 'stream', 2],
    ]);
  });

  test.each(['', 'then', 'constructor', '__proto__', 'toString', 'a b', '1st'])(
    'refuses the name %j',
    (name) => {
      const invalid = expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }) as Error;
      expect(() => protocol(name, {})).toThrow(invalid);
      expect(() => protocol('p', Object.fromEntries([[name, tell()]]))).toThrow(invalid);
    },
  );
});

describe('what JavaScript lets pass is refused', () => {
  test.each([1, undefined, {}, { kind: 'shout' }, tell])('as a message: %o', (spec) => {
    expect(() => protocol('p', { a: spec as never })).toThrow(
      expect.objectContaining({
        code: 'ACTOR_CONFIG_INVALID',
        message: expect.stringContaining('messages.a must be made by tell()') as string,
      }),
    );
  });

  test('an actor without its handlers, or with others', () => {
    const P = protocol('p', { a: tell(), b: tell() });
    const faults = ['on.a must be a function', 'on.b must be a function'];
    expect(() => actor(P, {} as never)).toThrow(expect.objectContaining({ details: { path: 'on', faults } }));
    expect(() => actor(P, { on: { a: 5, b() {}, c() {} } } as never)).toThrow(
      'on.a must be a function; on.c handles no message of "p".',
    );
    class Handlers {
      a(): void {}
      b(): void {}
    }
    expect(actor(P, { on: new Handlers() }).protocol).toBe(P);
  });
});

describe('a schema', () => {
  const schema = (validateIt: StandardSchema<number>['~standard']['validate']): StandardSchema<number> => ({
    '~standard': { version: 1, vendor: 'test', validate: validateIt },
  });

  test('gives its value or its issues', () => {
    expect(
      validate(
        schema((value) => ({ value: Number(value) })),
        '7',
      ),
    ).toEqual({ value: 7 });
    expect(
      validate(
        schema(() => ({ issues: [{ message: 'no' }] })),
        1,
      ),
    ).toEqual({ issues: [{ message: 'no' }] });
  });

  test('that is asynchronous is refused, for later messages would overtake', () => {
    const result = validate(
      schema(() => Promise.reject(new Error('late'))),
      1,
    );
    expect(result.issues?.[0]?.message).toContain('asynchronous');
  });

  test('describes its issues with their paths', () => {
    expect(
      describeIssues([{ message: 'a number', path: ['lines', { key: 0 }, 'qty'] }, { message: 'too much' }]),
    ).toBe('lines.0.qty: a number; too much');
  });
});
