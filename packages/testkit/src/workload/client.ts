// The actor that tells, asks and streams, at random, to workers everywhere.

import {
  type Actor,
  actor,
  type ActorRef,
  isActorError,
  type NodeId,
  protocol,
  type SendResult,
} from '@actor/core';
import type { Observation } from '../history.ts';
import type { SimulatedProcess } from '../simulated-process.ts';
import { type Occupant, Worker } from './worker.ts';

const Client = protocol('testkit-client', {});

export interface ClientArgs {
  readonly process: SimulatedProcess;
  /** The mean time between two of its doings, in milliseconds. */
  readonly everyMs: number;
  readonly workers: readonly string[];
  readonly mortals: readonly string[];
}

/** What is under way when the calm begins gets this long to end. */
const lullMs = 2_000;

interface Target {
  readonly ref: ActorRef<typeof Worker>;
  /** `node-1/worker-0`, as the history names it. */
  readonly name: string;
}

/** What a client does, for one of its actors. */
export class Errands {
  readonly #args: ClientArgs;
  readonly #self: string;
  readonly #refs = new Map<string, ActorRef<typeof Worker>>();

  constructor(args: ClientArgs, path: string) {
    this.#args = args;
    this.#self = `${args.process.id}/${path}`;
  }

  /** One thing of those that a client may do. */
  step(): void {
    const { random } = this.#args.process;
    const what = random.next();
    if (what < 0.45) this.#tellSome();
    else if (what < 0.8) this.#askOne();
    else if (what < 0.92) this.#streamOne();
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
    return this.#settling(id, timeoutMs, false, target.ref.ask.who({ id }, { timeoutMs }));
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
    const result: SendResult = target.ref.tell[method]({ id });
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
    const asked = target.ref.ask.question({ id, forMs }, { timeoutMs, signal });
    return this.#settling(id, timeoutMs, isSure, asked).catch(() => {});
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
    this.#settle(id, process.heldMs(), consume()).catch(() => {});
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

  #settling<T>(id: number, timeoutMs: number, isSure: boolean, asked: Promise<T>): Promise<T> {
    const { process } = this.#args;
    const deadlineMs = process.runtime.monotonicMs() + timeoutMs;
    this.#record({ kind: 'asked', id, process: process.id, deadlineMs, isSure });
    return this.#settle(id, process.heldMs(), asked);
  }

  async #settle<T>(id: number, heldBeforeMs: number, settling: Promise<T>): Promise<T> {
    const { process } = this.#args;
    const now = () => ({ clockMs: process.runtime.monotonicMs(), heldMs: process.heldMs() - heldBeforeMs });
    try {
      const value = await settling;
      this.#record({ kind: 'settled', id, how: 'value', ...now() });
      return value;
    } catch (error) {
      const known = isActorError(error) ? { code: error.code, outcome: error.outcome } : {};
      this.#record({
        kind: 'settled',
        id,
        how: isActorError(error) ? 'error' : 'aborted',
        ...known,
        ...now(),
      });
      throw error;
    }
  }

  #record(observation: Observation): void {
    this.#args.process.record(observation);
  }
}

export const client: Actor<Record<never, never>, object, ClientArgs> = actor(Client, {
  state: (_: ClientArgs) => ({}),
  on: {},
  onStart(ctx) {
    const { process, everyMs } = ctx.args;
    const errands = new Errands(ctx.args, ctx.path);
    const next = (): void => {
      ctx.after(process.random.exponential(everyMs), () => {
        if (process.calm.aborted) ctx.after(lullMs, () => void errands.askAll());
        else {
          errands.step();
          next();
        }
      });
    };
    next();
  },
});
