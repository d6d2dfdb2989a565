import { expect, test } from 'vitest';
import { Subscriptions } from '../src/subscriptions.ts';

test('a listener that throws is reported, and the others are told', () => {
  const thrown: unknown[] = [];
  const listeners = new Subscriptions<(text: string) => void>((error) => thrown.push(error));
  const heard: string[] = [];
  const bug = new RangeError('a bug');
  listeners.add(() => {
    throw bug;
  });
  listeners.add((text) => heard.push(text));
  listeners.each((listener) => listener('news'));
  expect([heard, thrown]).toEqual([['news'], [bug]]);
});

test('one listener may end the subscription of a later one', () => {
  const listeners = new Subscriptions<() => void>(() => {});
  const heard: string[] = [];
  listeners.add(() => leave());
  const leave = listeners.add(() => heard.push('late'));
  listeners.each((listener) => listener());
  expect(heard).toEqual([]);
});
