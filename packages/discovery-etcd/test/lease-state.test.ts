import { expect, test } from 'vitest';
import { LeaseState } from '../src/lease-state.ts';

function written(): LeaseState {
  const state = new LeaseState();
  state.granted('7', 9_000, 1_000);
  state.written(5);
  return state;
}

test('a registration begins with a lease, then writes the key, then waits for a third of the lease', () => {
  const state = new LeaseState();
  expect(state.next(0)).toEqual({ kind: 'grant' });
  state.granted('7', 9_000, 1_000);
  expect(state.next(1_050)).toEqual({ kind: 'put', lease: '7' });
  state.written(5);
  expect(state.next(1_100)).toEqual({ kind: 'wait', ms: 2_900 });
  expect(state.next(4_000)).toEqual({ kind: 'renew', lease: '7' });
});

test('a lease counts from the moment its renewal was sent, not from the answer', () => {
  const state = written();
  state.renewed(9_000, 4_000);
  expect(state.next(6_999)).toEqual({ kind: 'wait', ms: 1 });
  expect(state.next(12_999)).toEqual({ kind: 'renew', lease: '7' });
  expect(state.next(13_000)).toEqual({ kind: 'grant' });
});

test('a lease that lapsed by the own clock is lost, whatever etcd would say', () => {
  const state = written();
  expect(state.next(10_000)).toEqual({ kind: 'grant' });
  expect(state.losses).toBe(1);
  expect(state.lease).toBeUndefined();
  state.renewed(9_000, 9_999);
  expect(state.next(10_001)).toEqual({ kind: 'grant' });
});

test('a lease that etcd no longer knows is granted anew, and the key is written again', () => {
  const state = written();
  state.renewed(0, 4_000);
  expect(state.next(4_001)).toEqual({ kind: 'grant' });
  state.granted('8', 9_000, 4_001);
  expect(state.next(4_002)).toEqual({ kind: 'put', lease: '8' });
});

test('a value that changed is written again under the same lease', () => {
  const state = written();
  state.outdate();
  expect(state.next(1_100)).toEqual({ kind: 'put', lease: '7' });
});

test('a key that a listing misses is written again, unless the listing is older than the write', () => {
  const state = written();
  expect(state.missed(4)).toBe(false);
  expect(state.next(1_100).kind).toBe('wait');
  expect(state.missed(6)).toBe(true);
  expect(state.next(1_100)).toEqual({ kind: 'put', lease: '7' });
  expect(state.missed(7)).toBe(false);
});

test('a renewal that is due comes before a write, so that the write finds its lease', () => {
  const state = written();
  state.outdate();
  expect(state.next(4_000)).toEqual({ kind: 'renew', lease: '7' });
});
