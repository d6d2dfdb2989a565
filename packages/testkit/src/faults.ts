// What goes wrong in a run, as data: which fault, when, to whom, for how long. A plan is drawn from a seed before the run,
// so that it can be printed, kept in a file, replayed and made smaller.

import type { NodeId } from '@actor/core';
import { RandomStream } from '@actor/core/testkit';

interface Timed {
  /** Virtual time since the start of the run, in milliseconds. */
  readonly atMs: number;
  /** How long it lasts, in milliseconds; the node of a `crash` or `leave` comes back after it. */
  readonly forMs: number;
}

/** One thing that goes wrong. */
export type Fault = Timed &
  (
    | { readonly kind: 'delay'; readonly delayMinMs: number; readonly delayMeanMs: number }
    /** Frames vanish while their link stays up, which no honest transport does; sessions survive it. */
    | { readonly kind: 'loss'; readonly rate: number }
    /** Frames come twice. As hostile as loss. */
    | { readonly kind: 'duplication'; readonly rate: number }
    /** Old frames come again, up to ten seconds late. As hostile as loss. */
    | { readonly kind: 'replay'; readonly rate: number }
    /** Frames overtake each other. As hostile as loss. */
    | { readonly kind: 'reordering'; readonly rate: number }
    /** Links break and come back at once; what was in flight is lost. */
    | { readonly kind: 'resets'; readonly rate: number }
    | { readonly kind: 'partition'; readonly groups: readonly (readonly NodeId[])[] }
    /** Frames of the first get lost on their way to the second; the way back is fine. */
    | { readonly kind: 'one-way'; readonly from: readonly NodeId[]; readonly to: readonly NodeId[] }
    /** A partition that comes and goes, each for `periodMs`. */
    | {
        readonly kind: 'flapping';
        readonly groups: readonly (readonly NodeId[])[];
        readonly periodMs: number;
      }
    /** What is on its way to these nodes is held back, in order. */
    | { readonly kind: 'clog'; readonly to: readonly NodeId[] }
    /** The event loop is blocked, or, `suspended`, the machine sleeps and its monotonic clock stands still. */
    | { readonly kind: 'pause'; readonly node: NodeId; readonly suspended: boolean }
    /** `kill -9`; the next process of the node has a new incarnation. */
    | { readonly kind: 'crash'; readonly node: NodeId }
    /** An orderly stop. */
    | { readonly kind: 'leave'; readonly node: NodeId }
    /** The wall clock is moved, forward or back, and stays so. */
    | { readonly kind: 'clock-jump'; readonly node: NodeId; readonly byMs: number }
    /** Both clocks of the node run at this rate. */
    | { readonly kind: 'clock-drift'; readonly node: NodeId; readonly rate: number }
  );

export type FaultKind = Fault['kind'];

/** Everything that goes wrong in one run, in order of time. Plain data: it survives JSON. */
export interface FaultSchedule {
  readonly faults: readonly Fault[];
}

export interface FaultPlan {
  readonly seed: number;
  readonly nodes: readonly NodeId[];
  /** Nothing goes wrong before. */
  readonly fromMs: number;
  /** Everything is over by then. */
  readonly untilMs: number;
  /**
   * What may go wrong. Each seed leaves some of it out, so that no fault hides behind another.
   * @defaultValue everything
   */
  readonly kinds?: readonly FaultKind[];
}

type Draw = (random: RandomStream, nodes: readonly NodeId[]) => UntimedFault;
type UntimedFault = Fault extends infer F ? (F extends Timed ? Omit<F, keyof Timed> : never) : never;

interface Habit {
  readonly draw: Draw;
  /** The mean time between two of the kind, and the shortest and longest that one lasts, in milliseconds. */
  readonly everyMs: number;
  readonly lastsMs: readonly [number, number];
}

const half = (random: RandomStream, nodes: readonly NodeId[]): readonly NodeId[] =>
  random.shuffle(nodes).slice(0, 1 + random.below(Math.max(1, nodes.length - 1)));

const sides = (random: RandomStream, nodes: readonly NodeId[]): readonly (readonly NodeId[])[] => {
  const one = half(random, nodes);
  return [one, nodes.filter((node) => !one.includes(node))];
};

const habits: Readonly<Record<FaultKind, Habit>> = {
  delay: {
    draw: (random) => ({
      kind: 'delay',
      delayMinMs: random.below(20),
      delayMeanMs: random.pick([1, 5, 20, 100]),
    }),
    everyMs: 6_000,
    lastsMs: [500, 6_000],
  },
  loss: {
    draw: (random) => ({ kind: 'loss', rate: random.pick([0.01, 0.05, 0.2, 0.4]) }),
    everyMs: 6_000,
    lastsMs: [500, 5_000],
  },
  duplication: {
    draw: (random) => ({ kind: 'duplication', rate: random.pick([0.02, 0.1, 0.5]) }),
    everyMs: 6_000,
    lastsMs: [500, 6_000],
  },
  replay: {
    draw: (random) => ({ kind: 'replay', rate: random.pick([0.01, 0.1, 0.3]) }),
    everyMs: 6_000,
    lastsMs: [500, 6_000],
  },
  reordering: {
    draw: (random) => ({ kind: 'reordering', rate: random.pick([0.02, 0.1, 0.5]) }),
    everyMs: 6_000,
    lastsMs: [500, 6_000],
  },
  resets: {
    draw: (random) => ({ kind: 'resets', rate: random.pick([0.001, 0.01, 0.05]) }),
    everyMs: 6_000,
    lastsMs: [500, 4_000],
  },
  partition: {
    draw: (random, nodes) => ({ kind: 'partition', groups: sides(random, nodes) }),
    everyMs: 6_000,
    lastsMs: [50, 8_000],
  },
  'one-way': {
    draw: (random, nodes) => {
      const [from = [], to = []] = sides(random, nodes);
      return { kind: 'one-way', from, to };
    },
    everyMs: 8_000,
    lastsMs: [50, 6_000],
  },
  flapping: {
    draw: (random, nodes) => ({
      kind: 'flapping',
      groups: sides(random, nodes),
      periodMs: random.pick([50, 300, 1_500]),
    }),
    everyMs: 12_000,
    lastsMs: [500, 5_000],
  },
  clog: {
    draw: (random, nodes) => ({ kind: 'clog', to: half(random, nodes) }),
    everyMs: 8_000,
    lastsMs: [50, 3_000],
  },
  pause: {
    draw: (random, nodes) => ({ kind: 'pause', node: random.pick(nodes), suspended: random.chance(0.3) }),
    everyMs: 5_000,
    lastsMs: [20, 5_000],
  },
  crash: {
    draw: (random, nodes) => ({ kind: 'crash', node: random.pick(nodes) }),
    everyMs: 6_000,
    lastsMs: [1, 6_000],
  },
  leave: {
    draw: (random, nodes) => ({ kind: 'leave', node: random.pick(nodes) }),
    everyMs: 10_000,
    lastsMs: [10, 6_000],
  },
  'clock-jump': {
    draw: (random, nodes) => ({
      kind: 'clock-jump',
      node: random.pick(nodes),
      byMs: random.pick([-86_400_000, -5_000, -10, 10, 5_000, 86_400_000]),
    }),
    everyMs: 8_000,
    lastsMs: [0, 1],
  },
  'clock-drift': {
    draw: (random, nodes) => ({
      kind: 'clock-drift',
      node: random.pick(nodes),
      rate: random.between(0.95, 1.05),
    }),
    everyMs: 8_000,
    lastsMs: [500, 10_000],
  },
};

/** Every kind of fault that there is. */
export const faultKinds: readonly FaultKind[] = Object.keys(habits) as FaultKind[];

/** Draws the faults of a run. The same plan gives the same faults. */
export function planFaults(plan: FaultPlan): FaultSchedule {
  const root = new RandomStream(plan.seed).fork('faults');
  const swarm = root.fork('swarm');
  const faults = faultKinds.flatMap((kind) => {
    // Drawn for each kind that there is, so that leaving one out of `kinds` changes nothing about the others.
    const isOn = swarm.chance(0.55);
    return isOn && (plan.kinds ?? faultKinds).includes(kind) ? ofKind(kind, root.fork(kind), plan) : [];
  });
  return { faults: faults.sort((a, b) => a.atMs - b.atMs) };
}

function ofKind(kind: FaultKind, random: RandomStream, plan: FaultPlan): Fault[] {
  const { draw, everyMs, lastsMs } = habits[kind];
  const faults: Fault[] = [];
  let atMs = plan.fromMs;
  for (;;) {
    atMs += Math.round(random.exponential(everyMs));
    const forMs = Math.round(random.between(...lastsMs));
    const fault = draw(random, plan.nodes);
    if (atMs + 1 >= plan.untilMs) return faults;
    faults.push({ atMs, forMs: Math.min(forMs, plan.untilMs - atMs), ...fault });
  }
}
