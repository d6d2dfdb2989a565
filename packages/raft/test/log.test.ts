import { describe, expect, test } from 'vitest';
import { configuration, type Entry } from '../src/core/index.ts';
import { Log } from '../src/core/log.ts';

const config = (index: number, term: number, voters: readonly number[]): Entry => ({
  ...{ kind: 'config', index, term },
  configuration: configuration(voters),
});
const noOp = (index: number, term: number): Entry => ({ kind: 'no-op', index, term });
const founded = (...entries: readonly Entry[]): Log =>
  new Log({ index: 0, term: 0, configuration: configuration([1, 2, 3]) }, entries, 0);

describe('a log', () => {
  test('R11: knows the configuration before a lost one, although the entry of it was compacted', () => {
    const log = founded(config(1, 1, [1, 2]), noOp(2, 1), config(3, 1, [1, 2, 4]));
    log.commitTo(2);
    log.compact(log.markAt(2), 2);
    expect(log).toMatchObject({ base: 2, last: 3, configIndex: 3 });
    log.truncate(3);
    expect(log.configuration).toEqual(configuration([1, 2]));
  });

  test('R6: finds where two logs could agree by terms, within its own end', () => {
    const log = founded(noOp(1, 1), noOp(2, 1), noOp(3, 4), noOp(4, 4));
    expect(log.agreement(4, 4)).toBe(4);
    expect(log.agreement(4, 3)).toBe(2);
    expect(log.agreement(9, 0)).toBe(0);
    expect([0, 1, 3, 5].map((index) => log.termAt(index))).toEqual([0, 1, 4, undefined]);
  });

  test('keeps the terms of what is left after entries go at either end', () => {
    const log = founded(noOp(1, 1), noOp(2, 2), noOp(3, 2), noOp(4, 3));
    log.commitTo(3);
    log.compact(log.markAt(3), 2);
    log.truncate(4);
    expect([1, 2, 3, 4].map((index) => log.termAt(index))).toEqual([undefined, 2, 2, undefined]);
    log.append([noOp(4, 5)]);
    expect(log).toMatchObject({ last: 4, lastTerm: 5 });
  });

  test('refuses entries that leave a hole, and terms that fall', () => {
    expect(() => founded(noOp(2, 1))).toThrow('entry 2 follows 0');
    expect(() => founded(noOp(1, 2), noOp(2, 1))).toThrow('terms grow');
  });
});
