// One run: nodes start and work, faults come and go, everything heals, comes to rest and stops; then the promises are
// checked. A run is a function of its options, so a seed that fails once fails again.

import type { NodeId } from '@actor/core';
import { type FaultKind, type FaultSchedule, planFaults } from './faults.ts';
import { Guard } from './guard.ts';
import type { History } from './history.ts';
import { Injection } from './injection.ts';
import { checkHistory } from './promises.ts';
import { checkCounters } from './promises/accounted.ts';
import { checkHeals, type View } from './promises/heals.ts';
import { checkSuspicion } from './promises/suspicion.ts';
import type { Violation } from './promises/violation.ts';
import { brokenPromises } from './replay.ts';
import { requireSchedule, requireWhole } from './requirements.ts';
import { SimulatedCluster, type SimulatedConfig, told } from './simulated-cluster.ts';
import type { SimulatedProcess, Workload } from './simulated-process.ts';
import { mixedWorkload } from './workload.ts';

export interface SimulateOptions {
  /** A whole number; the same one gives the same run. */
  readonly seed: number;
  /**
   * How many nodes: `node-1`, `node-2`, …
   * @defaultValue 3
   */
  readonly nodes?: number;
  /**
   * Virtual time from the start until everything has to be at rest. The last third or so is without faults: the cluster
   * has to heal in it. In milliseconds.
   * @defaultValue 30_000
   */
  readonly durationMs?: number;
  /**
   * Which kinds of faults may come, or exactly which faults do.
   * @defaultValue every kind, of which each seed leaves some out
   */
  readonly faults?: readonly FaultKind[] | FaultSchedule;
  /**
   * The program of the nodes.
   * @defaultValue {@link mixedWorkload}: actors that tell, ask, stream to and watch each other, for G1, G2, G5 and G6
   */
  readonly workload?: Workload;
  /** Options of every node. What is left out is default, or drawn from the seed where no program should notice. */
  readonly config?: Partial<SimulatedConfig>;
  /**
   * Runs when everything is at rest and the nodes still run, in virtual time. What it throws is a violation.
   */
  readonly check?: (cluster: CalmCluster) => void | Promise<void>;
  /**
   * What to do about violations: reject with an error that names them, or leave them in the result.
   * @defaultValue 'reject'
   */
  readonly onViolation?: 'reject' | 'return';
  /** The command that runs this seed again, for the error's text. */
  readonly replayCommand?: string;
}

/** What `check` gets to see. */
export interface CalmCluster {
  /** The processes that run, by node. */
  readonly processes: ReadonlyMap<NodeId, SimulatedProcess>;
  readonly history: History;
}

export interface SimulationResult {
  readonly ok: boolean;
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Two runs of one seed have the same, whichever process they ran in. */
  readonly traceHash: string;
  readonly stats: {
    readonly virtualMs: number;
    /** Events of the simulation: timers, packets, tasks. */
    readonly events: number;
    /** Messages of actors. */
    readonly messages: number;
    readonly faults: number;
  };
  /** What went wrong when, as data; `faults: schedule` gives the same run again. */
  readonly schedule: FaultSchedule;
  readonly history: History;
}

/** Nodes form a cluster in peace first. */
const formMs = 2_000;
/** Asks of the workload that began before the calm are over after this. */
const restMs = 7_000;

/**
 * Runs a cluster of real nodes in this process, on virtual time and a network with faults, and checks the promises.
 *
 * @example
 * const { stats } = await simulate({ seed: 7, nodes: 5 });
 * @throws {@link ActorError} ACTOR_ASSERTION when a promise is broken, with the violations and the schedule in `details`;
 * ACTOR_CONFIG_INVALID when an option is wrong.
 */
export async function simulate(options: SimulateOptions): Promise<SimulationResult> {
  const run = new Run(options);
  const result = await run.result();
  if (result.ok || options.onViolation === 'return') return result;
  throw brokenPromises(result, options.replayCommand ?? run.command);
}

class Run {
  readonly #options: SimulateOptions;
  readonly #cluster: SimulatedCluster;
  readonly #schedule: FaultSchedule;
  readonly #injection: Injection;
  /** The default program needs none: it is checked by lint. */
  readonly #guard: Guard | undefined;
  readonly #durationMs: number;
  readonly #calmMs: number;

  constructor(options: SimulateOptions) {
    const { seed, nodes = 3, durationMs = 30_000, faults, config = {}, workload = mixedWorkload() } = options;
    requireWhole('seed', seed, Number.MIN_SAFE_INTEGER);
    requireWhole('nodes', nodes, 1);
    const nodeIds = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
    this.#options = options;
    this.#guard = options.workload && new Guard((text) => this.#cluster.fail({ promise: 'seeded', text }));
    this.#cluster = new SimulatedCluster({ seed, nodeIds, workload, config, guard: this.#guard });
    this.#durationMs = durationMs;
    this.#calmMs = durationMs - restMs;
    const untilMs = this.#calmMs - healingMs(config);
    requireWhole('durationMs', durationMs, durationMs - untilMs + formMs + 1);
    if (faults !== undefined && 'faults' in faults) {
      requireSchedule(faults, { nodeIds, untilMs });
      this.#schedule = faults;
    } else {
      const kinds = faults === undefined ? {} : { kinds: faults };
      this.#schedule = planFaults({ seed, nodes: nodeIds, fromMs: formMs, untilMs, ...kinds });
    }
    this.#injection = new Injection(this.#cluster);
  }

  get command(): string {
    const { seed, nodes = 3, durationMs = 30_000 } = this.#options;
    return `simulate({ seed: ${seed}, nodes: ${nodes}, durationMs: ${durationMs}, … })`;
  }

  async result(): Promise<SimulationResult> {
    const { simulation, recorder } = this.#cluster;
    const run = async (): Promise<void> => {
      await this.#work();
      await this.#rest();
      await this.#stop();
    };
    try {
      await (this.#guard === undefined ? run() : this.#guard.around(run));
    } catch (error) {
      // An exception that left a timer, a packet's handler or a task ends a real process.
      this.#cluster.fail({
        promise: 'G0',
        text: `An event has thrown at ${simulation.nowMs} ms: ${told(error)}`,
      });
    }
    const { violations } = this.#cluster;
    let messages = 0;
    for (const { sent } of this.#cluster.counters().values()) messages += sent;
    return {
      ok: violations.length === 0,
      seed: simulation.seed,
      violations,
      traceHash: simulation.traceHash(),
      stats: {
        virtualMs: Math.round(simulation.nowMs),
        events: simulation.events,
        messages,
        faults: this.#injection.count,
      },
      schedule: this.#schedule,
      history: recorder.history,
    };
  }

  async #work(): Promise<void> {
    const { simulation, nodes } = this.#cluster;
    this.#injection.start(this.#schedule);
    const random = simulation.random('start');
    for (const node of nodes.values()) simulation.after(random.below(500), () => node.start());
    await simulation.run({ untilMs: this.#calmMs });
    // News of metadata may still be on its way; the check at rest includes it.
    this.#cluster.fail(...checkHeals(this.#cluster.views().map(withoutMetadata), []));
  }

  async #rest(): Promise<void> {
    const { simulation, nodes, recorder } = this.#cluster;
    recorder.record({ kind: 'calm' });
    this.#cluster.settleDown();
    await simulation.run({ untilMs: this.#durationMs });
    recorder.record({ kind: 'at-rest' });
    const { check } = this.#options;
    const processes = new Map(
      [...nodes.values()].flatMap(({ nodeId, process }) =>
        process === undefined ? [] : [[nodeId, process]],
      ),
    );
    if (check !== undefined) {
      try {
        await simulation.settle((async () => check({ processes, history: recorder.history }))());
      } catch (error) {
        this.#cluster.fail({ promise: 'check', text: told(error) });
      }
    }
    this.#cluster.fail(...checkHeals(this.#cluster.views(), recorder.history));
  }

  async #stop(): Promise<void> {
    const { simulation, nodes, recorder } = this.#cluster;
    const random = simulation.random('stop');
    const stops = [...nodes.values()].map(
      (node) =>
        new Promise<void>((resolve) => {
          simulation.after(random.below(1_000), () => void node.leave().then(resolve));
        }),
    );
    await simulation.settle(Promise.all(stops));
    const { history } = recorder;
    const hasCrashes = history.some((seen) => seen.kind === 'process-crashed');
    this.#cluster.fail(
      ...checkHistory(history),
      ...checkCounters(this.#cluster.counters(), hasCrashes),
      ...checkSuspicion(history, this.#schedule),
    );
  }
}

function withoutMetadata(view: View): View {
  const members = view.members.map((member) => ({ ...member, metadata: {} }));
  return { ...view, metadata: {}, members };
}

/** How long a cluster may take to be whole again after the last fault. */
function healingMs(config: Partial<SimulatedConfig>): number {
  const { discoveryIntervalMs = 2_000, heartbeatIntervalMs = 500 } = config;
  const { suspectTimeoutMs = Math.max(1_000, heartbeatIntervalMs * 3) } = config;
  return 2.5 * discoveryIntervalMs + 6 * heartbeatIntervalMs + suspectTimeoutMs;
}
