// Interceptors of a node: what passes through them here, at the other end, and with it from one to the other.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actor, ask, protocol, stream, tell, type ActorRef, type Interceptor } from '@actor/core';
import type { ClusterConfig } from '../src/index.ts';
import { World } from './world.ts';

const Echo = protocol('echo', {
  say: ask<string, string>(),
  note: tell<string>(),
  count: stream<void, number>(),
});
const echo = actor(Echo, {
  on: {
    say: (_, text) => text,
    note() {},
    async *count() {
      yield 1;
    },
  },
});
const Relay = protocol('relay', { pass: ask<string, string>() });
const relay = (to: ActorRef<typeof Echo>) => actor(Relay, { on: { pass: (_, text) => to.ask.say(text) } });

let world: World;
let log: string[];
beforeEach(() => {
  world = new World();
  log = [];
});
afterEach(() => world.stop());

/** Writes down what passes, and counts in a header the nodes that a message has been sent from. */
function tracer(node: string): Interceptor {
  return {
    send(message, next) {
      const trace = `${message.headers?.['trace'] ?? ''}${node}`;
      log.push(`${node} sends ${message.kind} ${message.name} to ${message.recipient}`);
      return next({ ...message.headers, trace });
    },
    handle(message, next) {
      log.push(`${node} handles ${message.kind} ${message.name} ${message.headers?.['trace'] ?? '-'}`);
      return next();
    },
  };
}

async function start(name: string, changes: Partial<ClusterConfig> = {}) {
  return world.start(name, { interceptors: [tracer(name)], ...changes });
}

describe('an interceptor', () => {
  test('wraps the send at one node and the run at the other, and its headers travel between them', async () => {
    const a = await start('a');
    const b = await start('b');
    await world.agree('ab');
    b.registerActor(echo, { name: 'echo' });
    const remote = a.ref(Echo, 'memory://b.test:1/echo');
    expect(await world.simulation.settle(remote.ask.say('hello'))).toBe('hello');
    expect(remote.tell.note('x')).toBe('accepted');
    expect(await world.simulation.settle(remote.stream.count().next())).toEqual({ value: 1, done: false });
    expect(log).toEqual([
      'a sends ask say to memory://b.test:1/echo',
      'b handles ask say a',
      'a sends tell note to memory://b.test:1/echo',
      'a sends stream count to memory://b.test:1/echo',
      'b handles tell note a',
      'b handles stream count a',
    ]);
  });

  test('wraps both on one node for a message that stays there, by ref and by the node’s own address', async () => {
    const a = await start('a');
    const local = a.registerActor(echo, { name: 'echo' });
    await world.simulation.settle(local.ask.say('hello'));
    await world.simulation.settle(a.send('memory://a.test:1/echo', { name: 'note', payload: 'x' }));
    await world.simulation.advance(10);
    expect(log).toEqual([
      'a sends ask say to memory://a.test:1/echo',
      'a handles ask say a',
      'a sends tell note to memory://a.test:1/echo',
      'a handles tell note a',
    ]);
  });

  test('sees each hop of a message that causes another, by its sender', async () => {
    const senders: (string | undefined)[] = [];
    const watching: Interceptor = {
      send(message, next) {
        senders.push(message.sender);
        return next();
      },
    };
    const a = await world.start('a', { interceptors: [watching] });
    const b = await world.start('b');
    await world.agree('ab');
    b.registerActor(echo, { name: 'echo' });
    const relaying = a.registerActor(relay(a.ref(Echo, 'memory://b.test:1/echo')), { name: 'relay' });
    expect(await world.simulation.settle(relaying.ask.pass('hello'))).toBe('hello');
    expect(senders).toEqual([undefined, 'memory://a.test:1/relay']);
  });

  test('that throws keeps a message from leaving the node', async () => {
    const denied = new Error('denied');
    const guard: Interceptor = {
      send() {
        throw denied;
      },
    };
    const a = await world.start('a', { interceptors: [guard] });
    await start('b');
    await world.agree('ab');
    const remote = a.ref(Echo, 'memory://b.test:1/echo');
    await expect(world.simulation.settle(remote.ask.say('x'))).rejects.toMatchObject({
      code: 'ACTOR_INTERCEPTED',
      outcome: 'none',
      cause: denied,
    });
    expect(log).toEqual([]);
  });

  test('is one of a list that the node keeps as it was given', async () => {
    const interceptors = [tracer('outer'), tracer('inner')];
    const a = world.make('a', { interceptors });
    interceptors.length = 0;
    await world.simulation.settle(a.start());
    a.registerActor(echo, { name: 'echo' }).tell.note('x');
    await world.simulation.advance(10);
    expect(log.map((line) => line.split(' ')[0])).toEqual(['outer', 'inner', 'outer', 'inner']);
  });
});
