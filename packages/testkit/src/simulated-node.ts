// One node of a simulated cluster: a place with an address and a clock, and the processes that live there one after the
// other. Each process is a real `ClusterManager` on a runtime of its own.

import { ClusterManager, type ClusterConfig, type ClusterEvent } from '@actor/cluster';
import {
  type DeadLetter,
  isOutcomeUnknown,
  type NodeAddress,
  type NodeId,
  type SystemStats,
} from '@actor/core';
import type { Simulation } from '@actor/core/testkit';
import type { Guard } from './guard.ts';
import type { Observation, ProcessId } from './history.ts';
import type { View } from './promises/heals.ts';
import type { Recorder } from './recorder.ts';
import { makeProcess, type SimulatedProcess, type Workload } from './simulated-process.ts';

export interface SimulatedNodeOptions {
  readonly nodeId: NodeId;
  readonly nodeIds: readonly NodeId[];
  readonly simulation: Simulation;
  readonly recorder: Recorder;
  readonly workload: Workload;
  readonly guard: Guard | undefined;
  readonly calm: AbortSignal;
  /** Everything but what belongs to a process. */
  readonly config: Omit<ClusterConfig, 'runtime'>;
  readonly addressOf: (nodeId: NodeId) => NodeAddress;
  /** Takes the process at the address off the network. */
  readonly vanish: (address: NodeAddress) => void;
  /** Something that must not happen. */
  readonly fail: (text: string, error: unknown) => void;
}

const lettersMax = 1_000_000;
const graceMs = 5_000;
/** The fastest that a clock runs; a drift may begin during a pause. */
const rateMax = 1.06;

export class SimulatedNode {
  readonly nodeId: NodeId;
  /** The last counters of each process that has been here. */
  readonly counters: Map<ProcessId, () => SystemStats> = new Map();
  readonly #options: SimulatedNodeOptions;
  #processes = 0;
  #process: SimulatedProcess | undefined;
  #leaving: Promise<void> | undefined;
  #offsetMs = 0;
  #rate = 1;
  #heldMs = 0;
  #heldUntilMs = 0;

  constructor(options: SimulatedNodeOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
  }

  /** The process that runs here, if there is one. */
  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** Begins the next process, unless there is one. One that has not finished leaving is killed. */
  start(): void {
    if (this.#leaving !== undefined) this.crash();
    if (this.#process !== undefined) return;
    const { nodeId, simulation, recorder, config, workload, calm, nodeIds, addressOf, fail } = this.#options;
    this.#processes += 1;
    const id = `${nodeId}#${this.#processes}`;
    const runtime = simulation.runtime(nodeId, { offsetMs: this.#offsetMs, rate: this.#rate });
    const watch = this.#options.guard?.process(runtime);
    const interceptors = [
      ...(watch === undefined ? [] : [watch.interceptor]),
      ...(config.interceptors ?? []),
    ];
    const cluster = new ClusterManager({ ...config, runtime, interceptors });
    recorder.record({ kind: 'process-started', process: id });
    const found = new Set<NodeId>();
    this.#follow(id, cluster, found);
    let begin = (): void => {};
    const started = new Promise<void>((resolve) => (begin = resolve)).then(() => cluster.start());
    const process = makeProcess({
      ...{ nodeId, id, cluster, runtime, started, calm, nodeIds },
      ...{ addressOf, recorder, simulation, heldMs: () => this.#heldMs },
      hasFound: (other) => found.has(other),
    });
    this.#process = process;
    this.counters.set(id, () => cluster.system.stats());
    // In a turn of the process's own.
    runtime.macrotask(() => {
      begin();
      const isMine = (): boolean => this.#process === process && this.#leaving === undefined;
      started.catch((error: unknown) => isMine() && fail(`${id} could not start`, error));
      const program = async (): Promise<void> => workload(process);
      void (watch?.within(program) ?? program()).catch((error: unknown) => {
        if (isMine()) fail(`the program of ${id} failed`, error);
      });
    });
  }

  /** `kill -9`. */
  crash(): void {
    if (this.#process === undefined) return;
    this.#options.recorder.record({ kind: 'process-crashed', process: this.#process.id });
    this.#options.simulation.kill(this.nodeId);
    this.#options.vanish(this.#options.addressOf(this.nodeId));
    this.#gone();
  }

  /** Stops in order; the process ends when that is done. */
  leave(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return Promise.resolve();
    this.#leaving ??= new Promise((resolve) => {
      const { recorder, fail, simulation } = this.#options;
      process.runtime.macrotask(() => {
        recorder.record({ kind: 'process-leaving', process: process.id });
        process.cluster
          .stop({ deadlineMs: graceMs })
          .catch((error: unknown) => fail(`${process.id} could not stop`, error))
          .finally(() => {
            if (this.#process !== process) return;
            recorder.record({ kind: 'process-ended', process: process.id });
            simulation.kill(this.nodeId);
            this.#gone();
            resolve();
          });
      });
    });
    return this.#leaving;
  }

  pause(forMs: number, suspended: boolean): void {
    if (this.#process === undefined) return;
    this.#process.runtime.pause(forMs, { suspended });
    const nowMs = this.#options.simulation.nowMs;
    const untilMs = Math.max(this.#heldUntilMs, nowMs + forMs);
    if (!suspended) this.#heldMs += (untilMs - Math.max(nowMs, this.#heldUntilMs)) * rateMax;
    this.#heldUntilMs = untilMs;
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs;
    this.#process?.runtime.jump(byMs);
  }

  drift(rate: number): void {
    this.#rate = rate;
    this.#process?.runtime.drift(rate);
  }

  /** What the node sees; undefined when no process runs. */
  view(): View | undefined {
    const cluster = this.#process?.cluster;
    if (cluster === undefined) return undefined;
    const status = cluster.status();
    const isLiving = status === 'running' || status === 'joining';
    const self = isLiving && cluster.members().length > 0 ? cluster.self() : undefined;
    return {
      nodeId: this.nodeId,
      status,
      incarnation: self?.incarnation ?? 0,
      metadata: self?.metadata ?? {},
      members: cluster.members().map(({ nodeId, incarnation, status: seen, metadata }) => ({
        ...{ nodeId, incarnation, metadata },
        status: seen,
      })),
    };
  }

  #gone(): void {
    this.#process = undefined;
    this.#leaving = undefined;
    this.#heldUntilMs = 0;
  }

  #follow(process: ProcessId, cluster: ClusterManager, found: Set<NodeId>): void {
    const { recorder } = this.#options;
    const failed = (error: unknown): void => this.#options.fail(`the feeds of ${process} failed`, error);
    const each = async <T>(feed: AsyncIterable<T>, body: (value: T) => void): Promise<void> => {
      for await (const value of feed) body(value);
    };
    each(cluster.system.deadLetters({ bufferMax: lettersMax }), (letter) => {
      const id = idOf(letter);
      const isUnknown = isOutcomeUnknown(letter.reason);
      if (id !== undefined) {
        recorder.record({ kind: 'dead-letter', id, process, reason: letter.reason, isUnknown });
      }
    }).catch(failed);
    each(cluster.events({ bufferMax: lettersMax }), (event) => {
      if (event.kind === 'member-up') found.add(event.member.nodeId);
      if (event.kind === 'declared-dead') found.clear();
      const lost = lostIn(event, this.nodeId);
      if (lost !== undefined) found.delete(lost.nodeId);
      if (lost !== undefined) recorder.record({ kind: 'node-lost', process, ...lost });
      if (event.kind === 'status-changed' && event.status === 'failed') {
        this.#options.fail(`${process} has failed`, event.error);
      }
    }).catch(failed);
  }
}

function lostIn(
  event: ClusterEvent,
  self: NodeId,
): Pick<Observation & { readonly kind: 'node-lost' }, 'nodeId' | 'why'> | undefined {
  if (event.kind === 'declared-dead') return { nodeId: self, why: event.kind };
  if (event.kind === 'member-left') return { nodeId: event.member.nodeId, why: 'left' };
  return event.kind === 'member-dead' ? { nodeId: event.member.nodeId, why: event.reason } : undefined;
}

/** Messages of the history carry their number as `id`. */
function idOf({ message }: DeadLetter): number | undefined {
  const { payload } = message;
  if (typeof payload !== 'object' || payload === null || !('id' in payload)) return undefined;
  return typeof payload.id === 'number' ? payload.id : undefined;
}
