// What the actors of the mixed workload do to each other, drawn at random and recorded.

import { type ActorRef, isActorError, type NodeId, type SendResult } from '@actor/core';
import type { Observation } from '../history.ts';
import type { SimulatedProcess } from '../simulated-process.ts';
import { type Occupant, Relay, Worker } from './contract.ts';

export interface ErrandArgs {
  readonly process: SimulatedProcess;
  /** The mean time between two of a client's doings, in milliseconds. */
  readonly everyMs: number;
  readonly workers: readonly string[];
  readonly mortals: readonly string[];
}

interface Target {
  readonly ref: ActorRef<typeof Worker>;
  /** `node-1/worker-0`, as the history names it. */
  readonly name: string;
}

/** What a client does, for one of its actors. */
export class Errands {
  readonly #args: ErrandArgs;
  readonly #self: string;
  readonly #refs = new Map<string, ActorRef<typeof Worker>>();

  constructor(args: ErrandArgs, path: string) {
    this.#args = args;
    this.#self = `${args.process.id}/${path}`;
  }

  /** One thing of those that a client may do. */
  step(): void {
    const { random } = this.#args.process;
    const what = random.next();
    if (what < 0.45) this.#tellSome();
    else if (what < 0.8) this.#askOne();
    else if (what < 0.9) this.#streamOne();
    else if (what < 0.94) this.#passOne();
    else if (what < 0.96) this.#tell('fail', this.#worker());
    else this.#tell(random.chance(0.7) ? 'end' : 'fail', this.#mortal());
  }

  /** In a cluster that is whole, everybody answers. One after the other, so that no queue is full. */
  async askAll(): Promise<void> {
    const { process, workers } = this.#args;
    for (const nodeId of process.nodeIds) {
      for (const path of workers) {
        await this.#ask(this.target(nodeId, path), { forMs: 0, timeoutMs: 2_000, isSure: true });
      }
    }
  }

  /** The life of a mortal, there and now. */
  async who(nodeId: NodeId, path: string): Promise<Occupant> {
    const target = this.target(nodeId, path);
    const id = this.#sending('ask', target);
    const timeoutMs = 1_000;
    return this.#settling(id, { timeoutMs }, target.ref.ask.who({ id }, { timeoutMs }));
  }

  target(nodeId: NodeId, path: string): Target {
    const name = `${nodeId}/${path}`;
    let ref = this.#refs.get(name);
    if (ref === undefined) {
      const { process } = this.#args;
      ref = process.cluster.ref(Worker, process.addressOf(nodeId, path));
      this.#refs.set(name, ref);
    }
    return { ref, name };
  }

  mortal(): { readonly nodeId: NodeId; readonly path: string } {
    const { process, mortals } = this.#args;
    return { nodeId: process.random.pick(process.nodeIds), path: process.random.pick(mortals) };
  }

  /** An ask that leads to `hops` further ones. */
  pass(how: {
    readonly hops: number;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  }): Promise<number> {
    const { process } = this.#args;
    const { hops, timeoutMs, signal } = how;
    const { ref, name } = this.target(process.random.pick(process.nodeIds), 'relay');
    const id = this.#sending('ask', { ref, name });
    const payload = { id, hops, timeoutMs, ...this.#padding() };
    return this.#settling(id, { timeoutMs, signal }, ref.as(Relay).ask.pass(payload, { timeoutMs, signal }));
  }

  #passOne(): void {
    const { random } = this.#args.process;
    const [hops, timeoutMs] = [1 + random.below(4), random.pick([200, 1_000, 4_000])];
    this.pass({ hops, timeoutMs, signal: new AbortController().signal }).catch(() => {});
  }

  /** Some messages are larger than a batch may be. */
  #padding(): { readonly padding?: string } {
    const { random } = this.#args.process;
    return random.chance(0.1) ? { padding: '·'.repeat(random.below(1_500)) } : {};
  }

  #worker(): Target {
    const { process, workers } = this.#args;
    return this.target(process.random.pick(process.nodeIds), process.random.pick(workers));
  }

  #mortal(): Target {
    const { nodeId, path } = this.mortal();
    return this.target(nodeId, path);
  }

  #tellSome(): void {
    const { random } = this.#args.process;
    const target = random.chance(0.9) ? this.#worker() : this.#mortal();
    for (let count = 1 + random.below(6); count > 0; count -= 1) this.#tell('note', target);
  }

  #tell(method: 'note' | 'fail' | 'end', target: Target): void {
    const id = this.#args.process.nextId();
    // A local receiver may be at work before the result is known, so it is recorded first.
    this.#record({ ...this.#sent(id, target), what: 'tell' });
    const result: SendResult = target.ref.tell[method]({ id, ...this.#padding() });
    if (result !== 'accepted') this.#args.process.record({ kind: 'refused', id, result });
  }

  #askOne(): void {
    const { random } = this.#args.process;
    const forMs = random.chance(0.6) ? 0 : random.below(400);
    const timeoutMs = random.pick([20, 200, 1_000, 5_000]);
    const cancelMs = random.chance(0.15) ? random.below(300) : undefined;
    void this.#ask(this.#worker(), { forMs, timeoutMs, isSure: false, cancelMs });
  }

  #ask(
    target: Target,
    how: {
      readonly forMs: number;
      readonly timeoutMs: number;
      readonly isSure: boolean;
      readonly cancelMs?: number | undefined;
    },
  ): Promise<unknown> {
    const { forMs, timeoutMs, isSure, cancelMs } = how;
    const id = this.#sending('ask', target);
    const { runtime } = this.#args.process;
    const controller = new AbortController();
    if (cancelMs !== undefined) runtime.after(cancelMs, () => controller.abort(new Error('cancelled')));
    const { signal } = controller;
    const asked = target.ref.ask.question({ id, forMs, ...this.#padding() }, { timeoutMs, signal });
    return this.#settling(id, { timeoutMs, isSure }, asked).catch(() => {});
  }

  #streamOne(): void {
    const { process } = this.#args;
    const { random } = process;
    const target = this.#worker();
    const id = this.#sending('stream', target);
    const [to, everyMs] = [random.below(40), random.pick([0, 1, 20])];
    const controller = new AbortController();
    if (random.chance(0.2)) {
      process.runtime.after(random.below(500), () => controller.abort(new Error('cancelled')));
    }
    const breakAt = random.chance(0.2) ? random.below(to + 1) : Infinity;
    const consume = async (): Promise<void> => {
      let count = 0;
      const { signal } = controller;
      const values = target.ref.stream.count({ id, to, everyMs }, { signal, aheadMax: 1 + random.below(16) });
      for await (const value of values) {
        process.record({ kind: 'item', id, value });
        count += 1;
        if (count === breakAt) throw new Error('enough');
      }
    };
    process.record({ kind: 'opened', id, process: process.id, to });
    this.#settle(id, consume()).catch(() => {});
  }

  #sending(what: 'ask' | 'stream', target: Target): number {
    const id = this.#args.process.nextId();
    this.#record({ ...this.#sent(id, target), what });
    return id;
  }

  #sent(id: number, target: Target) {
    const { id: process } = this.#args.process;
    return { kind: 'sent', id, process, sender: this.#self, receiver: target.name } as const;
  }

  #settling<T>(
    id: number,
    how: { readonly timeoutMs: number; readonly isSure?: boolean; readonly signal?: AbortSignal },
    asked: Promise<T>,
  ): Promise<T> {
    const { process } = this.#args;
    const deadlineMs = process.runtime.monotonicMs() + how.timeoutMs;
    this.#record({ kind: 'asked', id, process: process.id, deadlineMs, isSure: how.isSure === true });
    return this.#settle(id, asked, how.signal);
  }

  async #settle<T>(id: number, settling: Promise<T>, signal?: AbortSignal): Promise<T> {
    const { process } = this.#args;
    const heldBeforeMs = process.heldMs();
    const settled = (how: 'value' | 'error' | 'aborted', known: object = {}): void => {
      const now = { clockMs: process.runtime.monotonicMs(), heldMs: process.heldMs() - heldBeforeMs };
      this.#record({ kind: 'settled', id, how, ...known, ...now });
    };
    try {
      const value = await settling;
      settled('value');
      return value;
    } catch (error) {
      // What a caller aborts with is his own affair, be it an error of ours.
      const isOwn = signal?.aborted === true && signal.reason === error;
      if (isOwn || !isActorError(error)) settled('aborted');
      else settled('error', { code: error.code, outcome: error.outcome });
      throw error;
    }
  }

  #record(observation: Observation): void {
    this.#args.process.record(observation);
  }
}
