// The promises of one process (G2, G5, G6, G8) under random schedules of everything that can happen to a few actors. What
// user code does is harsh: it throws, hangs, puts aside, stops itself and restarts in the midst of it all.
import {
  actor,
  ask,
  bounded,
  escalate,
  pool,
  protocol,
  restart,
  resume,
  stream,
  tell,
  type ActorRef,
  type Directive,
} from '@actor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const Unit = protocol('unit', {
  note: tell<number>(),
  boom: tell<number>(),
  late: tell<number>(),
  put: tell<number>(),
  putThenHang: tell<number>(),
  open: tell<number>(),
  end: tell<number>(),
  hangThenEnd: tell<number>(),
  grow: tell<number>(),
  timer: tell<number>(),
  become: tell<number>(),
  answer: ask<number, number>(),
  slow: ask<number, number>(),
  fail: ask<number, number>(),
  hang: ask<number, number>(),
  relay: ask<{ readonly id: number; readonly to: string }, number>(),
  values: stream<number, number>(),
  broken: stream<number, number>(),
});
const Ear = protocol('ear', { hear: tell<string>(), watch: tell<ActorRef>(), boom: tell() });

const tells = [
  'note',
  'boom',
  'late',
  'put',
  'putThenHang',
  'open',
  'end',
  'hangThenEnd',
  'grow',
  'timer',
  'become',
] as const;
const asks = ['answer', 'slow', 'fail', 'hang'] as const;
const streams = ['values', 'broken'] as const;
const names = ['a', 'b', 'c', 'pool'] as const;
const name = fc.constantFrom(...names);
const patience = fc.constantFrom(1, 7, 40, 5_000);

type Step =
  | { readonly do: 'tell'; readonly to: string; readonly what: (typeof tells)[number] }
  | {
      readonly do: 'ask';
      readonly to: string;
      readonly what: (typeof asks)[number];
      readonly ms: number;
      readonly abort: boolean;
    }
  | { readonly do: 'relay'; readonly to: string; readonly by: string; readonly ms: number }
  | {
      readonly do: 'stream';
      readonly to: string;
      readonly what: (typeof streams)[number];
      readonly take: number;
      readonly ms: number;
    }
  | { readonly do: 'spawn' | 'stop'; readonly to: (typeof names)[number] }
  | { readonly do: 'startle' }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('tell' as const), to: name, what: fc.constantFrom(...tells) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      to: name,
      what: fc.constantFrom(...asks),
      ms: patience,
      abort: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('relay' as const), to: name, by: name, ms: patience }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('stream' as const),
      to: name,
      what: fc.constantFrom(...streams),
      take: fc.nat({ max: 4 }),
      ms: patience,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('spawn' as const), to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('startle' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 4, 30) }) },
);

/** A few actors, and what is known of them from outside. */
class Stage {
  readonly world = new World();
  /** How often each message was seen to its end by a handler. */
  readonly ran = new Map<number, number>();
  /** Of each life that was begun, how often its end was told. */
  readonly ends = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly calls: { settled: boolean }[] = [];
  readonly #ear: ActorRef<typeof Ear>;
  readonly #directives: Readonly<Record<string, Directive>>;
  #id = 0;

  constructor(directives: readonly Directive[]) {
    this.#directives = Object.fromEntries(names.map((key, at) => [key, directives[at] ?? resume()]));
    this.#ear = this.world.system.spawn(this.#listener(), { name: 'ear' });
    for (const key of names) this.spawn(key);
  }

  /** Hears who speaks, and is told of each end: over its own restarts too. */
  #listener() {
    return actor(Ear, {
      supervise: restart({ max: 1_000, backoffMinMs: 1, backoffMaxMs: 2 }),
      on: {
        hear: (ctx, path) =>
          void (ctx.sender?.path === path || this.wrong.push(`${ctx.sender?.path} is not ${path}`)),
        watch: (ctx, ref) => ctx.watch(ref),
        boom() {
          throw new Error('as told');
        },
      },
      onTerminated: (_, { path, uid }) => this.#count(this.ends, `${path}#${uid}`),
    });
  }

  #count<K>(counts: Map<K, number>, key: K): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.simulation.after(ms, resolve));
  }

  #unit(supervise: Directive) {
    const done = (id: number): number => (this.#count(this.ran, id), id);
    const fail = (id: number): never => {
      done(id);
      throw new Error('as told');
    };
    const late = async (path: string, id: number): Promise<number> => {
      this.#ear.tell.hear(path);
      await this.#pause(3);
      this.#ear.tell.hear(path);
      return done(id);
    };
    const child = actor(protocol('child', { boom: tell() }), {
      supervise: escalate(),
      on: { boom: () => fail((this.#id += 1)) },
    });
    return actor(Unit, {
      supervise,
      mailbox: bounded(6, 'drop-oldest'),
      stashMax: 2,
      streamsMax: 2,
      timersMax: 3,
      stopTimeoutMs: 20,
      state: () => ({ isOpen: false, isOver: false }),
      onStart: (ctx) => void this.#ear.tell.hear(ctx.path),
      onStop: async (ctx) => {
        ctx.state.isOver = true;
        await this.#pause(2);
        this.#ear.tell.hear(ctx.path);
      },
      on: {
        note: (_, id) => void done(id),
        boom: (_, id) => fail(id),
        late: async (ctx, id) => void (await late(ctx.path, id)),
        put(ctx, id) {
          if (ctx.state.isOpen) done(id);
          else ctx.stash();
        },
        async putThenHang(ctx, id) {
          if (ctx.state.isOpen) done(id);
          else ctx.stash();
          await new Promise<void>(() => {});
        },
        open(ctx, id) {
          ctx.state.isOpen = true;
          ctx.unstashAll();
          done(id);
        },
        end(ctx, id) {
          ctx.stop();
          done(id);
        },
        async hangThenEnd(ctx, id) {
          done(id);
          ctx.stop();
          await new Promise<void>(() => {});
        },
        grow(ctx, id) {
          done(id);
          ctx.spawn(child).tell.boom();
        },
        timer: (ctx, id) => {
          done(id);
          const { state } = ctx;
          ctx.after(10, () => {
            if (state.isOver) this.wrong.push('a timer outlived its state');
            fail((this.#id += 1));
          });
          ctx.every(3, { name: 'note', payload: (this.#id += 1) }).cancel();
        },
        become: (ctx, id) => (done(id), ctx.become({ answer: (_, asked) => done(asked) })),
        answer: (_, id) => done(id),
        slow: async (ctx, id) => await late(ctx.path, id),
        fail: async (_, id) => {
          await this.#pause(1);
          return fail(id);
        },
        async hang(ctx, id) {
          done(id);
          await new Promise((_, reject) => {
            if (id % 2 === 0) ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error));
          });
          return id;
        },
        relay: async (_, { id, to }) => {
          const answer = await this.world.system.ref(Unit, to).ask.slow(id, { timeoutMs: 30 });
          return answer;
        },
        values: (_, id) => this.#values(id, false),
        broken: (_, id) => this.#values(id, true),
      },
    });
  }

  async *#values(id: number, isBroken: boolean): AsyncGenerator<number> {
    this.#count(this.ran, id);
    for (let n = 0; n < 3; n += 1) {
      yield n;
      await this.#pause(n);
      if (isBroken) throw new Error('as told');
    }
  }

  spawn(key: (typeof names)[number]): void {
    const unit = this.#unit(this.#directives[key] ?? resume());
    try {
      const ref = this.world.system.spawn(
        key === 'pool' ? pool(unit, { size: 2, policy: 'round-robin' }) : unit,
        {
          name: key,
        },
      );
      this.ends.set(`${ref.path}#${ref.uid}`, 0);
      this.#ear.tell.watch(ref);
    } catch {
      // It lives.
    }
  }

  #follow(call: Promise<unknown>): void {
    const entry = { settled: false };
    this.calls.push(entry);
    const settle = (): void => void (entry.settled = true);
    call.then(settle, settle);
  }

  async take(next: Step): Promise<void> {
    if (next.do === 'wait') {
      await this.world.pass(next.ms);
      return;
    }
    if (next.do === 'startle') {
      this.#ear.tell.boom();
      return;
    }
    const ref = this.world.system.ref(Unit, next.to);
    const id = (this.#id += 1);
    switch (next.do) {
      case 'tell':
        ref.tell[next.what](id);
        break;
      case 'ask': {
        const controller = new AbortController();
        if (next.abort) this.world.simulation.after(2, () => controller.abort());
        this.#follow(ref.ask[next.what](id, { timeoutMs: next.ms, signal: controller.signal }));
        break;
      }
      case 'relay':
        this.#follow(ref.ask.relay({ id, to: next.by }, { timeoutMs: next.ms }));
        break;
      case 'stream':
        this.#follow(consume(ref.stream[next.what](id, { timeoutMs: next.ms }), next.take));
        break;
      case 'spawn':
        this.spawn(next.to);
        break;
      case 'stop':
        void this.world.system.stopActor(ref);
        break;
    }
  }

  /** Lets everything come to its end; the listener, who has to be told of it, last. */
  async close(): Promise<void> {
    const { system } = this.world;
    const stopped = Promise.all(names.map((key) => system.stopActor(system.ref(Unit, key))));
    await this.world.value(stopped);
    await this.world.pass(5_100);
    await this.world.value(system.stop());
  }
}

async function consume(values: AsyncIterable<number>, take: number): Promise<void> {
  let taken = 0;
  for await (const _ of values) if ((taken += 1) > take) return;
}

describe('whatever happens to a few actors', () => {
  const directive = fc.constantFrom(
    restart({ max: 1_000, backoffMinMs: 1, backoffMaxMs: 4 }),
    restart({ max: 2, backoffMinMs: 0 }),
    resume(),
    escalate(),
  );

  test(
    'G2, G5, G6 and G8 hold, senders are true, and nothing goes on when all have stopped',
    { timeout: 60_000 },
    async () => {
      const directives = fc.array(directive, { minLength: names.length, maxLength: names.length });
      const steps = fc.array(step, { maxLength: 60, size: 'max' });
      await fc.assert(
        fc.asyncProperty(directives, steps, async (supervise, schedule) => {
          const stage = new Stage(supervise);
          for (const next of schedule) await stage.take(next);
          await stage.close();
          const { sent, processed, deadLettered, reportedUnknown } = stage.world.system.stats();
          expect(processed + deadLettered + reportedUnknown, 'G8').toBe(sent);
          expect(
            [...stage.ran].filter(([, times]) => times > 1),
            'G2',
          ).toEqual([]);
          expect(
            stage.calls.filter(({ settled }) => !settled),
            'G5',
          ).toEqual([]);
          expect(
            [...stage.ends].filter(([, times]) => times !== 1),
            'G6',
          ).toEqual([]);
          expect(stage.wrong, 'senders and timers').toEqual([]);
          await stage.world.pass(1_000);
          const { events } = stage.world.simulation;
          await stage.world.pass(600_000);
          expect(stage.world.simulation.events, 'what goes on').toBe(events);
        }),
        { numRuns: 150 },
      );
    },
  );
});
