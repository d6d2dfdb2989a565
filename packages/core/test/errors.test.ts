import { describe, expect, test } from 'vitest';

import { ActorError, actorErrorCodes, assert, isActorError } from '../src/index.ts';

describe('an ActorError', () => {
  test('says by its code whether to retry and whether the thing may have happened', () => {
    expect(new ActorError('ACTOR_MAILBOX_FULL', 'full')).toMatchObject({ retryable: true, outcome: 'none' });
    expect(new ActorError('ACTOR_ASK_TIMEOUT', 'late')).toMatchObject({
      retryable: true,
      outcome: 'unknown',
    });
    expect(new ActorError('ACTOR_CONFIG_INVALID', 'no')).toMatchObject({ retryable: false, outcome: 'none' });
    expect(new ActorError('ACTOR_REMOTE', 'threw')).toMatchObject({ retryable: false, outcome: 'unknown' });
  });

  test('can be made for every code', () => {
    expect(actorErrorCodes.length).toBeGreaterThan(20);
    expect(new Set(actorErrorCodes).size).toBe(actorErrorCodes.length);
    for (const code of actorErrorCodes) {
      const error = new ActorError(code, 'why');
      expect(error.code).toBe(code);
      expect(code).toMatch(/^ACTOR_[A-Z_]+$/);
      expect(isActorError(error, code)).toBe(true);
    }
  });

  test('keeps its cause, also one that is undefined, and has none that was not given', () => {
    const cause = new RangeError('deep');
    expect(new ActorError('ACTOR_REMOTE', 'threw', { cause }).cause).toBe(cause);
    expect('cause' in new ActorError('ACTOR_REMOTE', 'threw', { cause: undefined })).toBe(true);
    expect('cause' in new ActorError('ACTOR_REMOTE', 'threw')).toBe(false);
  });

  test('takes an outcome from a site that knows better, and details', () => {
    const error = new ActorError('ACTOR_ASK_TIMEOUT', 'never sent', {
      outcome: 'none',
      details: { stage: 'queued' },
    });
    expect(error).toMatchObject({ outcome: 'none', retryable: true, details: { stage: 'queued' } });
    expect(new ActorError('ACTOR_ASK_TIMEOUT', 'late').details).toEqual({});
  });

  test('is an Error with a name, a message and a stack', () => {
    const error = new ActorError('ACTOR_NO_ROUTE', 'nobody there');
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe('ActorError: nobody there');
    expect(error.stack).toContain('errors.test.ts');
    expect(Object.keys(error)).not.toContain('@actor/error');
  });
});

describe('isActorError', () => {
  test('knows errors of another copy of the package by their brand', () => {
    const foreign = Object.assign(new Error('theirs'), {
      code: 'ACTOR_NO_ROUTE',
      [Symbol.for('@actor/error')]: true,
    });
    expect(isActorError(foreign)).toBe(true);
    expect(isActorError(foreign, 'ACTOR_NO_ROUTE')).toBe(true);
    expect(isActorError(foreign, 'ACTOR_REMOTE')).toBe(false);
  });

  test.each([
    undefined,
    null,
    1,
    'ACTOR_NO_ROUTE',
    {},
    new Error('plain'),
    Object.assign(new Error('x'), { code: 'ACTOR_NO_ROUTE' }),
  ])('refuses %s', (value) => {
    expect(isActorError(value)).toBe(false);
  });
});

describe('assert', () => {
  test('throws ACTOR_ASSERTION with the reason when the condition is false, and nothing otherwise', () => {
    assert(true, 'fine');
    expect(() => assert(0, 'one is not zero')).toThrow(
      expect.objectContaining({ code: 'ACTOR_ASSERTION', message: 'Assertion failed: one is not zero' }),
    );
  });
});
