import {
  actor,
  ask,
  bounded,
  Envelope,
  protocol,
  tell,
  type Method,
  type Overflow,
  type ReplySink,
} from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Mail } from '../src/mail.ts';
import { Ring } from '../src/ring.ts';
import { collect, failure, World } from './world.ts';

describe('a full mailbox', () => {
  const Box = protocol('box', { put: tell<number>(), all: ask<void, readonly number[]>() });
  const fill = async (overflow: Overflow) => {
    const world = new World();
    const letters = collect(world.system.deadLetters());
    const box = actor(Box, {
      state: () => [] as number[],
      mailbox: bounded(3, overflow),
      on: { put: (ctx, n) => void ctx.state.push(n), all: (ctx) => ctx.state },
    });
    const ref = world.system.spawn(box);
    const results = [1, 2, 3, 4, 5].map((n) => ref.tell.put(n));
    await world.pass();
    const kept = await world.value(ref.ask.all());
    return { results, kept, letters: letters.map(({ reason, message }) => [reason, message.payload]) };
  };

  test('rejects the new message and tells the sender', async () => {
    expect(await fill('reject')).toEqual({
      results: ['accepted', 'accepted', 'accepted', 'rejected', 'rejected'],
      kept: [1, 2, 3],
      letters: [
        ['mailbox-full', 4],
        ['mailbox-full', 5],
      ],
    });
  });

  test('drops the new message and tells the sender', async () => {
    expect(await fill('drop-newest')).toMatchObject({
      results: ['accepted', 'accepted', 'accepted', 'dropped', 'dropped'],
      kept: [1, 2, 3],
    });
  });

  test('makes room by dropping the oldest', async () => {
    expect(await fill('drop-oldest')).toEqual({
      results: ['accepted', 'accepted', 'accepted', 'accepted', 'accepted'],
      kept: [3, 4, 5],
      letters: [
        ['mailbox-full', 1],
        ['mailbox-full', 2],
      ],
    });
  });

  test('rejects an ask with ACTOR_MAILBOX_FULL, which may be tried again', async () => {
    const world = new World();
    const ref = world.system.spawn(actor(Box, { mailbox: bounded(1), on: { put() {}, all: () => [] } }));
    ref.tell.put(1);
    const asked = failure(ref.ask.all());
    await world.pass();
    expect(await asked).toMatchObject({ code: 'ACTOR_MAILBOX_FULL', retryable: true, outcome: 'none' });
    expect(await world.value(ref.ask.all())).toEqual([]);
  });

  test('holds 10,000 when its actor does not say', () => {
    const world = new World();
    const ref = world.system.spawn(actor(Box, { on: { put() {}, all: () => [] } }));
    for (let n = 0; n < 10_000; n += 1) expect(ref.tell.put(n)).toBe('accepted');
    expect(ref.tell.put(1)).toBe('rejected');
  });

  test.each([0, -1, 1.5, Infinity])('cannot be made for %d messages', (capacity) => {
    expect(() => bounded(capacity)).toThrow(expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }));
  });
});

test('a mailbox with an unknown policy is refused', () => {
  expect(() => bounded(1, 'whatever' as Overflow)).toThrow(
    expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }),
  );
});

describe('mail', () => {
  const Kind = protocol('kind', { tell: tell<number>(), ask: ask<number, void>() });
  const told = Kind.methods.get('tell') as Method;
  const asked = Kind.methods.get('ask') as Method;
  const reply = { kind: 'ask' } as ReplySink;

  test('is a queue of plain and other messages, for any sequence of operations at both ends', () => {
    const operations = fc.constantFrom('put', 'add', 'add request', 'put back', 'take', 'shift');
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 300 }), (list) => {
        const mail = new Mail();
        const model: unknown[] = [];
        list.forEach((operation, at) => {
          if (operation === 'put') {
            mail.put(told, at, undefined);
            model.push([told, at, undefined]);
          } else if (operation === 'add') {
            mail.add(new Envelope(told, at, undefined));
            model.push([told, at, undefined]);
          } else if (operation === 'add request') {
            mail.add(new Envelope(asked, at, undefined, reply));
            model.push([asked, at, reply]);
          } else if (operation === 'put back') {
            mail.putBack(new Envelope(told, at, undefined));
            model.unshift([told, at, undefined]);
          } else if (operation === 'take') {
            const expected = model.shift();
            expect(mail.take()).toBe(expected !== undefined);
            if (expected !== undefined) expect([mail.method, mail.payload, mail.reply]).toEqual(expected);
            mail.done();
          } else {
            const envelope = mail.shift();
            expect(envelope && [envelope.method, envelope.payload, envelope.reply]).toEqual(model.shift());
          }
          expect(mail.length).toBe(model.length);
        });
      }),
    );
  });

  test('that has held very many gives the room back and goes on', () => {
    const mail = new Mail();
    for (const round of [1, 2, 3]) {
      for (let n = 0; n < 50_000; n += 1) mail.put(told, n * round, undefined);
      let wrong = 0;
      for (let n = 0; n < 50_000; n += 1) if (!mail.take() || mail.payload !== n * round) wrong += 1;
      expect(wrong).toBe(0);
      expect(mail.take()).toBe(false);
    }
  });
});

test('a ring is a queue, for any sequence of operations at both ends', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('push', 'unshift', 'shift'), { maxLength: 200 }), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      operations.forEach((operation, at) => {
        if (operation === 'shift') expect(ring.shift()).toBe(model.shift());
        else {
          ring[operation](at);
          model[operation](at);
        }
        expect(ring.length).toBe(model.length);
      });
    }),
  );
});

test('a ring that has held very many gives the room back and goes on', () => {
  const ring = new Ring<number>();
  for (const round of [1, 2, 3]) {
    for (let n = 0; n < 50_000; n += 1) ring.push(n * round);
    let wrong = 0;
    for (let n = 0; n < 50_000; n += 1) if (ring.shift() !== n * round) wrong += 1;
    expect(wrong).toBe(0);
    expect(ring.shift()).toBeUndefined();
  }
});
