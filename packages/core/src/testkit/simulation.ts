// A world of simulated processes on one virtual clock. Everything that may vary comes from one seed, and everything that
// is pending after an event, promise reactions included, is done before the next one: a run is a function of its seed.

import { ActorError, assert } from '../errors.ts';
import type { Timer } from '../runtime.ts';
import { Agenda } from './agenda.ts';
import { RandomStream } from './random-stream.ts';
import { type ClockOptions, type PauseOptions, SimulatedRuntime } from './simulated-runtime.ts';
import { turnUntilDone } from './system-turn.ts';
import { TraceHash } from './trace-hash.ts';

export interface SimulationOptions {
  /**
   * A whole number; the same one gives the same run.
   * @defaultValue 1
   */
  readonly seed?: number;
  /**
   * What the wall clocks show at the start, in milliseconds since 1970.
   * @defaultValue 1_700_000_000_000
   */
  readonly epochMs?: number;
}

export class Simulation {
  readonly seed: number;
  readonly #agenda: Agenda;
  readonly #random: RandomStream;
  readonly #epochMs: number;
  readonly #trace = new TraceHash();
  readonly #processes = new Map<string, SimulatedRuntime>();
  #started = 0;
  #events = 0;
  #isRunning = false;

  constructor(options: SimulationOptions = {}) {
    this.seed = options.seed ?? 1;
    this.#agenda = new Agenda(this.seed);
    this.#random = new RandomStream(this.seed);
    this.#epochMs = options.epochMs ?? 1_700_000_000_000;
  }

  /** True time since the start, which no process can see. */
  get nowMs(): number {
    return this.#agenda.nowUs / 1_000;
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** The runtime of a new process on the node. One that ran there before must have been killed. */
  runtime(node: string, clock?: ClockOptions): SimulatedRuntime {
    assert(this.#processes.get(node)?.isDead !== false, `"${node}" has a process already; kill it first`);
    const index = (this.#started += 1);
    const random = this.#random.fork(`${node}#${index}`);
    const process = { node, index, agenda: this.#agenda, random, epochMs: this.#epochMs };
    const runtime = new SimulatedRuntime(process, clock);
    this.#processes.set(node, runtime);
    return runtime;
  }

  /** A random stream of the world's own for the label; the same label gives the same stream. */
  random(label: string): RandomStream {
    return this.#random.fork(`world/${label}`);
  }

  /** Something that the world does after `ms` of true time: a fault, a step of a scenario. */
  after(ms: number, body: () => void): Timer {
    const event = this.#agenda.schedule(undefined, this.#agenda.nowUs + ms * 1_000, 'timer', body);
    return { cancel: () => this.#agenda.cancel(event) };
  }

  /** See {@link SimulatedRuntime.pause}. */
  pause(node: string, ms: number, options?: PauseOptions): void {
    this.#process(node).pause(ms, options);
  }

  /** See {@link SimulatedRuntime.kill}. Killing a node that has no process does nothing. */
  kill(node: string): void {
    this.#processes.get(node)?.kill();
  }

  /** Folds an observation into the trace, so that two runs are compared by it too. */
  note(observation: string | number | Uint8Array): void {
    if (typeof observation === 'number') this.#trace.number(observation);
    else if (typeof observation === 'string') this.#trace.text(observation);
    else this.#trace.bytes(observation);
  }

  /** The fingerprint of everything that has happened so far. */
  traceHash(): string {
    return this.#trace.toString();
  }

  /** Lets everything happen that is due until `untilMs` of true time. Rejects with what an event throws. */
  async run(options: { readonly untilMs: number }): Promise<void> {
    const untilUs = Math.ceil(options.untilMs * 1_000);
    await this.#turn(untilUs, () => false);
    this.#agenda.rest(untilUs);
  }

  /** Lets everything happen that is due within the next `ms`. */
  async advance(ms: number): Promise<void> {
    await this.run({ untilMs: this.nowMs + ms });
  }

  /**
   * Goes on until the predicate is true, which is asked after each event.
   * @throws {@link ActorError} ACTOR_ASSERTION when it is not true within `withinMs` (default 60,000) of virtual time.
   */
  async runUntil(
    predicate: () => boolean,
    options: { readonly withinMs?: number; readonly what?: string } = {},
  ): Promise<void> {
    const withinMs = options.withinMs ?? 60_000;
    const untilUs = this.#agenda.nowUs + Math.ceil(withinMs * 1_000);
    await this.#turn(untilUs, predicate);
    if (predicate()) return;
    this.#agenda.rest(untilUs);
    const what = options.what ?? 'what the run waits for';
    throw new ActorError(
      'ACTOR_ASSERTION',
      `${what} did not come true within ${withinMs} virtual milliseconds (seed ${this.seed}, now ${this.nowMs} ms).`,
    );
  }

  /** The promise's outcome, running the simulation until it settles. */
  async settle<T>(promise: PromiseLike<T>, options: { readonly withinMs?: number } = {}): Promise<T> {
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    promise.then(settled, settled);
    await this.runUntil(() => isSettled, { ...options, what: 'a promise' });
    return promise;
  }

  async #turn(untilUs: number, isDone: () => boolean): Promise<void> {
    assert(!this.#isRunning, 'one run of a simulation at a time');
    this.#isRunning = true;
    try {
      await turnUntilDone(() => !isDone() && this.#step(untilUs));
    } finally {
      this.#isRunning = false;
    }
  }

  #step(untilUs: number): boolean {
    const taken = this.#agenda.take(untilUs);
    if (taken === undefined) return false;
    this.#events += 1;
    this.#trace.number(taken.event.timeUs);
    this.#trace.number((taken.event.owner?.index ?? 0) * 4 + taken.event.phase);
    taken.body();
    return true;
  }

  #process(node: string): SimulatedRuntime {
    const process = this.#processes.get(node);
    assert(process !== undefined, `"${node}" has no process`);
    return process;
  }
}
