// What a program of a simulated node is given: its cluster, its clock, its chance, and a pen for the history.

import type { ClusterManager } from '@actor/cluster';
import type { NodeAddress, NodeId } from '@actor/core';
import type { RandomStream, SimulatedRuntime, Simulation } from '@actor/core/testkit';
import type { Observation, ProcessId } from './history.ts';
import type { Recorder } from './recorder.ts';

/** What a program sees of the process that it runs in. */
export interface SimulatedProcess {
  readonly nodeId: NodeId;
  /** `node-1#2`: the second process of `node-1`. */
  readonly id: ProcessId;
  readonly cluster: ClusterManager;
  /** Time and chance of this process; what goes around it can't be replayed. */
  readonly runtime: SimulatedRuntime;
  /** Chance for the program, apart from the node's own. */
  readonly random: RandomStream;
  /** Resolves when the node is a member; rejects when it can't be one. */
  readonly started: Promise<void>;
  /** Aborts when faults are over and the cluster has had time to heal: what has begun may end, nothing new should begin. */
  readonly calm: AbortSignal;
  /** All nodes of the simulation, this one included. */
  readonly nodeIds: readonly NodeId[];
  /** The address of a node or of an actor there, whether it runs or not: `addressOf('node-2', 'cart')`. */
  readonly addressOf: (nodeId: NodeId, path?: string) => string;
  /** Does something again and again from now on, about every `ms`, until the calm. */
  readonly every: (ms: number, body: () => void) => void;
  /** Adds to the history that the promises are checked against. */
  readonly record: (observation: Observation) => void;
  /** A number for a message or a watch in the history. */
  readonly nextId: () => number;
  /** Have the events of this node said that the other one is up, and not since then that it is gone? */
  readonly hasFound: (nodeId: NodeId) => boolean;
  /** For how long the process has been paused so far, in milliseconds of its own clock at most. */
  readonly heldMs: () => number;
}

/** The program of a node: called in each of its processes before the cluster starts there. */
export type Workload = (process: SimulatedProcess) => void | Promise<void>;

/** What `makeProcess` makes a process of. */
export interface ProcessParts extends Pick<
  SimulatedProcess,
  'nodeId' | 'id' | 'cluster' | 'runtime' | 'started' | 'calm' | 'nodeIds' | 'heldMs' | 'hasFound'
> {
  readonly addressOf: (nodeId: NodeId) => NodeAddress;
  readonly recorder: Recorder;
  readonly simulation: Simulation;
}

/** Its methods need no `this`, so that a workload can take them apart. */
export function makeProcess(parts: ProcessParts): SimulatedProcess {
  const { addressOf, recorder, simulation, ...rest } = parts;
  const { id, runtime, calm } = rest;
  const pace = simulation.random(`${id}/every`);
  const every = (ms: number, body: () => void): void => {
    runtime.after(pace.exponential(ms), () => {
      if (calm.aborted) return;
      body();
      every(ms, body);
    });
  };
  return {
    ...rest,
    random: simulation.random(id),
    every,
    addressOf: (nodeId, path) => {
      const { host, port } = addressOf(nodeId);
      return `memory://${host}:${port}${path === undefined ? '' : `/${path}`}`;
    },
    record: (observation) => recorder.record(observation),
    nextId: () => recorder.nextId(),
  };
}
