import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  actor,
  ActorError,
  ActorSystem,
  type ActorRef,
  ask,
  message,
  protocol,
  stream,
  tell,
} from '../../src/index.ts';
import { probe, Simulation } from '../../src/testkit/index.ts';

const Printer = protocol('printer', {
  job: ask<{ pages: number }, string>(),
  cancel: tell<number>(),
  status: stream<void, string>(),
});
const Office = protocol('office', { print: tell<{ pages: number; on: ActorRef<typeof Printer> }>() });
const outcomes: unknown[] = [];
const office = actor(Office, {
  on: {
    async print(_ctx, { pages, on }) {
      on.tell.cancel(0);
      outcomes.push(await on.ask.job({ pages }).catch((error: unknown) => error));
    },
  },
});

let simulation: Simulation;
let system: ActorSystem;
beforeEach(() => {
  outcomes.length = 0;
  simulation = new Simulation();
  system = new ActorSystem({ runtime: simulation.runtime('a') });
});
afterEach(() => simulation.settle(system.stop()));

const settle = <T>(promise: Promise<T>): Promise<T> => simulation.settle(promise);

describe('a probe', () => {
  test('records what an actor sends it, and answers when the test says so', async () => {
    const printer = probe(system, Printer, { name: 'printer' });
    const ref = system.spawn(office, { name: 'office' });
    ref.tell.print({ pages: 3, on: printer.ref });
    const cancel = await settle(printer.expectMessage('cancel'));
    expect(cancel).toMatchObject({ kind: 'tell', payload: 0 });
    const job = await settle(printer.expectMessage('job'));
    expect(job.payload.pages).toBe(3);
    expect(job.sender?.path).toBe('office');
    expect(job.isWaiting).toBe(true);
    await simulation.advance(500);
    expect(outcomes).toEqual([]);
    job.reply('done');
    await simulation.advance(1);
    expect(outcomes).toEqual(['done']);
    expect(job.isWaiting).toBe(false);
    const stats = system.stats();
    expect(stats.sent).toBe(stats.processed);
  });

  test('takes further messages while an ask of it waits, and may answer out of order or with an error', async () => {
    const printer = probe(system, Printer);
    const answers = [printer.ref.ask.job({ pages: 1 }), printer.ref.ask.job({ pages: 2 })] as const;
    answers[0].catch(() => {});
    const [first, second] = [
      await settle(printer.expectMessage('job')),
      await settle(printer.expectMessage('job')),
    ];
    second.reply('second');
    await expect(settle(answers[1])).resolves.toBe('second');
    first.fail(new ActorError('ACTOR_REMOTE', 'out of paper'));
    await expect(settle(answers[0])).rejects.toThrow('out of paper');
  });

  test('gives a stream its values against credit', async () => {
    const printer = probe(system, Printer);
    const reading = printer.ref.stream.status(undefined, { aheadMax: 2 });
    const first = reading.next();
    const status = await settle(printer.expectMessage('status'));
    expect(status.credit).toBe(2);
    status.next('idle');
    status.next('busy');
    expect(await settle(first)).toEqual({ value: 'idle', done: false });
    expect(await settle(reading.next())).toEqual({ value: 'busy', done: false });
    expect(() => {
      for (let i = 0; i < 10; i += 1) status.next('too fast');
    }).toThrow(expect.objectContaining({ code: 'ACTOR_ASSERTION' }));
    status.end();
    const rest: string[] = [];
    await settle(
      (async () => {
        for await (const value of reading) rest.push(value);
      })(),
    );
    expect(new Set(rest)).toEqual(new Set(['too fast']));
    expect(status.isWaiting).toBe(false);
  });

  test('fails when another message comes, or none in time, and says what it was', async () => {
    const printer = probe(system, Printer, { withinMs: 50 });
    printer.ref.tell.cancel(1);
    await expect(settle(printer.expectMessage('job'))).rejects.toThrow(
      /expected "job" and was sent "cancel"/,
    );
    const before = simulation.nowMs;
    await expect(settle(printer.expectMessage('job'))).rejects.toThrow(/was sent nothing for 50 ms/);
    expect(simulation.nowMs - before).toBeGreaterThanOrEqual(50);
    await expect(settle(printer.expectMessage('job', { withinMs: 5 }))).rejects.toThrow(/nothing for 5 ms/);
  });

  test('expects no message', async () => {
    const printer = probe(system, Printer);
    await settle(printer.expectNoMessage());
    expect(simulation.nowMs).toBeGreaterThanOrEqual(100);
    const none = printer.expectNoMessage({ forMs: 1_000 });
    none.catch(() => {});
    printer.ref.tell.cancel(1);
    await expect(settle(none)).rejects.toThrow(/expected no message and was sent "cancel"/);
    expect(printer.unexpected).toEqual(['cancel']);
    await expect(settle(printer.expectNoMessage())).rejects.toThrow(/"cancel"/);
  });

  test('does not see what it ignores', async () => {
    const printer = probe(system, Printer);
    printer.ignore('cancel');
    printer.ref.tell.cancel(1);
    await settle(printer.expectNoMessage());
  });

  test('expects the end of what it watches, once', async () => {
    const printer = probe(system, Printer);
    const ref = system.spawn(office);
    printer.watch(ref);
    await expect(settle(printer.expectTerminated(ref, { withinMs: 20 }))).rejects.toThrow(/within 20 ms/);
    await settle(system.stopActor(ref));
    await settle(printer.expectTerminated(ref));
    await expect(settle(printer.expectTerminated(ref, { withinMs: 20 }))).rejects.toThrow(/the end of/);
  });

  test('is an actor: it can be watched and stopped, and what comes then is a dead letter', async () => {
    const letters = system.deadLetters();
    const [watched, watcher] = [probe(system, Printer), probe(system, Printer)];
    watcher.watch(watched.ref);
    await settle(watched[Symbol.asyncDispose]());
    await settle(watcher.expectTerminated(watched.ref));
    expect(watched.ref.tell.cancel(1)).toBe('no-route');
    expect(await settle(letters.next())).toMatchObject({ value: { reason: 'terminated' } });
  });

  test('dead-letters what is not of its contract', async () => {
    const letters = system.deadLetters();
    const printer = probe(system, Printer);
    system.send(printer.ref, message('explode'));
    expect(await settle(letters.next())).toMatchObject({ value: { reason: 'unknown-message' } });
  });

  test('sends as itself', async () => {
    const [one, other] = [probe(system, Printer, { name: 'one' }), probe(system, Printer)];
    one.speak(() => other.ref.tell.cancel(7));
    other.ref.tell.cancel(8);
    expect((await settle(other.expectMessage('cancel'))).sender?.path).toBe('one');
    expect((await settle(other.expectMessage('cancel'))).sender).toBeUndefined();
  });

  test('rejects what it has no room for', async () => {
    const printer = probe(system, Printer, { messagesMax: 1 });
    expect(printer.ref.tell.cancel(1)).toBe('accepted');
    expect(printer.ref.tell.cancel(2)).toBe('rejected');
    await expect(settle(printer.ref.ask.job({ pages: 1 }))).rejects.toMatchObject({
      code: 'ACTOR_MAILBOX_FULL',
    });
    expect(() => probe(system, Printer, { messagesMax: 0 })).toThrow(/messagesMax/);
  });
});
