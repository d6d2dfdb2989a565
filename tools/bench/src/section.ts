// What a section of the table is made of, as data.
import type { Assignment } from './workload.ts';

/**
 * The reference figures of one goal: what is aimed at, beside what the floor and the best peer reached when it was set.
 * Machines differ, so it is the two ratios that are to be reached in each run.
 */
export interface Goal {
  readonly at: number;
  readonly floor: number;
  readonly peer: number;
  /** The column of that peer. */
  readonly peerName: string;
}

/** One figure of a workload, a row of the table. */
export interface Measure {
  /** In the sample. */
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** How much of the sample's figure is one unit. */
  readonly scale: number;
  readonly better: 'more' | 'less';
  readonly goal?: Goal;
}

export interface Workload {
  readonly name: string;
  readonly measures: readonly Measure[];
  /** Those that can't run it, by the column's name. */
  readonly without?: readonly string[];
}

export interface Column extends Omit<Assignment, 'workload'> {
  readonly name: string;
  readonly role: 'ours' | 'floor' | 'peer' | 'variant';
}

/** A ratio worth a column of its own in the second table. */
interface Comparison {
  readonly of: string;
  readonly to: string;
}

export interface Section {
  readonly title: string;
  /** The module that runs in each contender's process. */
  readonly process: URL;
  readonly columns: readonly Column[];
  readonly workloads: readonly Workload[];
  readonly comparisons: readonly Comparison[];
}
