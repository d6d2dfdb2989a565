// What the workers are given and what they give back: plain data.
import type { FaultSchedule, SimulationResult } from '@actor/testkit';

export interface Job {
  readonly seed: number;
  readonly nodes: number;
  readonly schedule?: FaultSchedule;
}

export interface Outcome extends Pick<SimulationResult, 'seed' | 'traceHash' | 'stats' | 'schedule'> {
  /** The text of the failure, command included; undefined when every promise was kept. */
  readonly failure: string | undefined;
}

export function replayCommand({ seed, nodes }: Job): string {
  return `pnpm sim cluster --seeds 1 --first-seed ${seed} --nodes ${nodes}`;
}
