// The workloads of one process, for every contender alike. Each counts what its receivers have completed, never what
// was sent, and a round goes on until its time is over.
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { repeat, type Round } from '../workload.ts';
import type { LocalContender } from './contender.ts';
import { kinds, type Kind, type Message, type State } from './kinds.ts';

/** One kind for the figures that the goals speak of, all of them for what a real program looks like. */
export type Mix = readonly [Kind, ...Kind[]];
export const mixes: Readonly<Record<'one' | 'all', Mix>> = { one: [kinds[0]], all: kinds };

/** Counts completions, and wakes whoever waits for a certain number of them. */
class Tally implements State {
  #count = 0;
  #awaited = 0;
  #wake: (() => void) | undefined;

  receive(amount: number): number {
    this.#count += amount;
    if (this.#count === this.#awaited) this.#wake?.();
    return this.#count;
  }

  /** Resolves when `amount` more than now have been completed. */
  next(amount: number): Promise<void> {
    this.#awaited = this.#count + amount;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Passes every message on to the next actor, `left` times altogether; then the workload's step is over. */
class Relay implements State {
  readonly #course: Course;
  readonly #index: number;

  constructor(course: Course, index: number) {
    this.#course = course;
    this.#index = index;
  }

  receive(amount: number): number {
    this.#course.pass(this.#index, amount);
    return amount;
  }
}

/** A closed course of actors with one message going round: two of them play ping-pong, a thousand are a ring. */
class Course {
  readonly #contender: LocalContender;
  readonly #mix: Mix;
  readonly #length: number;
  #refs: readonly unknown[] = [];
  #left = 0;
  #finish: () => void = () => {};

  constructor(contender: LocalContender, mix: Mix, length: number) {
    this.#contender = contender;
    this.#mix = mix;
    this.#length = length;
  }

  async lay(): Promise<void> {
    const states = Array.from({ length: this.#length }, (_, index) => new Relay(this, index));
    this.#refs = await spawn(this.#contender, this.#mix, states);
  }

  run(hops: number): Promise<void> {
    this.#left = hops;
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#hand(0);
    });
  }

  pass(index: number, amount: number): void {
    this.#left -= amount;
    if (this.#left === 0) this.#finish();
    else this.#hand(index + 1 === this.#length ? 0 : index + 1);
  }

  #hand(index: number): void {
    this.#contender.tell(this.#refs[index], make(this.#mix, index));
  }
}

const make = (mix: Mix, index: number): Message =>
  mix.length === 1 ? mix[0].make(index) : (mix[index % mix.length] ?? mix[0]).make(index);

/** One actor per state, its kind taken from the mix in turn. */
async function spawn(
  contender: LocalContender,
  mix: Mix,
  states: readonly State[],
): Promise<readonly unknown[]> {
  if (mix.length === 1) return contender.spawn(mix[0], states);
  const refs = new Array<unknown>(states.length);
  for (const [index, state] of states.entries()) {
    const spawned = contender.spawn(mix[index % mix.length] ?? mix[0], [state]);
    refs[index] = (spawned instanceof Promise ? await spawned : spawned)[0];
  }
  return refs;
}

async function tellMany(contender: LocalContender, mix: Mix, batch: number): Promise<Round> {
  const tally = new Tally();
  const refs = await spawn(
    contender,
    mix,
    mix.map(() => tally),
  );
  return (roundMs) =>
    repeat(roundMs, async () => {
      const done = tally.next(batch);
      for (let index = 0; index < batch; index++) contender.tell(refs[index % mix.length], make(mix, index));
      await done;
      return batch;
    });
}

async function course(contender: LocalContender, mix: Mix, length: number, hops: number): Promise<Round> {
  const laid = new Course(contender, mix, length);
  await laid.lay();
  return (roundMs) =>
    repeat(roundMs, async () => {
      await laid.run(hops);
      return hops;
    });
}

async function pingPong(contender: LocalContender, mix: Mix): Promise<Round> {
  const hops = await course(contender, mix, 2, 2_000);
  return async (roundMs) => {
    const { perSecond = 0 } = await hops(roundMs);
    return { perSecond: perSecond / 2 };
  };
}

/** `inFlight` callers, each asking again as soon as it has its answer. */
async function asking(contender: LocalContender, mix: Mix, inFlight: number, asks: number): Promise<Round> {
  const refs = await spawn(
    contender,
    mix,
    mix.map(() => new Tally()),
  );
  let answered = 0;
  const caller = async (): Promise<void> => {
    for (let index = 0; index < asks; index++) {
      await contender.ask(refs[index % mix.length], make(mix, index));
      answered++;
    }
  };
  return (roundMs) =>
    repeat(roundMs, async () => {
      answered = 0;
      if (inFlight === 1) await caller();
      else await Promise.all(Array.from({ length: inFlight }, caller));
      return answered;
    });
}

async function fanOut(contender: LocalContender, mix: Mix, width: number): Promise<Round> {
  const tally = new Tally();
  const refs = await spawn(
    contender,
    mix,
    Array.from({ length: width }, () => tally),
  );
  return (roundMs) =>
    repeat(roundMs, async () => {
      const done = tally.next(width);
      for (let index = 0; index < width; index++) contender.tell(refs[index], make(mix, index));
      await done;
      return width;
    });
}

/** Tells each new actor something: a spawn counts only when the actor does its work. */
async function greet(
  contender: LocalContender,
  mix: Mix,
  tally: Tally,
  refs: readonly unknown[],
): Promise<void> {
  const done = tally.next(refs.length);
  for (const [index, ref] of refs.entries()) contender.tell(ref, make(mix, index));
  await done;
}

/** All that were spawned live until the round is over: what survives has its price, too. */
async function spawning(contender: LocalContender, mix: Mix, batch: number): Promise<Round> {
  const tally = new Tally();
  const states = new Array<State>(batch).fill(tally);
  return async (roundMs) => {
    const alive: (readonly unknown[])[] = [];
    const sample = await repeat(roundMs, async () => {
      alive.push(await spawn(contender, mix, states));
      // Whatever an actor does in its first turn belongs to it.
      await turn();
      return batch;
    });
    for (const refs of alive) await greet(contender, mix, tally, refs);
    await contender.clear();
    return sample;
  };
}

/** Heap and what hangs outside of it, after a collection. */
function memoryBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('Memory is measured in a process with --expose-gc.');
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const settleMs = 50;

async function memory(contender: LocalContender, mix: Mix, batch: number): Promise<Round> {
  const tally = new Tally();
  const states = new Array<State>(batch).fill(tally);
  return async () => {
    const before = memoryBytes();
    const refs = await spawn(contender, mix, states);
    await pause(settleMs);
    const idle = memoryBytes();
    await greet(contender, mix, tally, refs);
    await pause(settleMs);
    const used = memoryBytes();
    await contender.clear();
    return { bytesIdle: (idle - before) / batch, bytesUsed: (used - before) / batch };
  };
}

/** By name, as goals.ts lists them. What is returned runs one round. */
export const localWorkloads: Readonly<
  Record<string, (contender: LocalContender, mix: Mix) => Promise<Round>>
> = {
  tellBatches: (contender, mix) => tellMany(contender, mix, 1_000),
  tellFloods: (contender, mix) => tellMany(contender, mix, 100_000),
  pingPong,
  askSequential: (contender, mix) => asking(contender, mix, 1, 1_000),
  askThousand: (contender, mix) => asking(contender, mix, 1_000, 10),
  ring: (contender, mix) => course(contender, mix, 1_000, 10_000),
  fanOut: (contender, mix) => fanOut(contender, mix, 10_000),
  spawn: (contender, mix) => spawning(contender, mix, 1_000),
  memory: (contender, mix) => memory(contender, mix, 10_000),
};
