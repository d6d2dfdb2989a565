import { ask, protocol, stream, tell, type StandardSchema } from '@actor/core';
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
