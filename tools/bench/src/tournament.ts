// Runs a section: every workload in rounds that interleave the contenders, A B C A B C, so that whatever else the
// machine does falls on all of them alike.
import { Contestant } from './contestant.ts';
import type { Column, Section, Workload } from './section.ts';
import type { Sample } from './workload.ts';

export interface Pace {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** Where each process leaves its CPU profile. */
  readonly profileDir?: string | undefined;
}

/** What one contender did in one workload. Rounds that failed are told, not hidden in the median. */
export interface Score {
  readonly samples: readonly Sample[];
  readonly errors: readonly string[];
}

/** By workload, then by column. */
export type Scores = ReadonlyMap<string, ReadonlyMap<string, Score>>;

class Standing implements Score {
  readonly samples: Sample[] = [];
  readonly errors: string[] = [];
  readonly column: Column;
  readonly #contestant: Contestant;
  #isOut = false;

  constructor(column: Column, contestant: Contestant) {
    this.column = column;
    this.#contestant = contestant;
  }

  async enter(workload: Workload): Promise<void> {
    const { contender, shapes } = this.column;
    await this.#try(this.#contestant.enter({ contender, shapes, workload: workload.name }));
    this.#isOut = this.errors.length > 0;
  }

  async round(roundMs: number): Promise<Sample | undefined> {
    return this.#isOut ? undefined : this.#try(this.#contestant.round(roundMs));
  }

  async #try<T>(attempt: Promise<T>): Promise<T | undefined> {
    try {
      return await attempt;
    } catch (error) {
      this.errors.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  leave(): Promise<void> {
    return this.#contestant.leave();
  }
}

async function play(section: Section, workload: Workload, pace: Pace): Promise<ReadonlyMap<string, Score>> {
  const standings = section.columns
    .filter(({ name }) => workload.without?.includes(name) !== true)
    .map((column) => new Standing(column, new Contestant(section.process, pace.profileDir)));
  try {
    await Promise.all(standings.map((standing) => standing.enter(workload)));
    // The first round warms up and doesn't count.
    for (const standing of standings) await standing.round(pace.warmUpMs);
    for (let round = 0; round < pace.rounds; round++)
      for (const standing of standings) {
        const sample = await standing.round(pace.roundMs);
        if (sample !== undefined) standing.samples.push(sample);
      }
  } finally {
    await Promise.all(standings.map((standing) => standing.leave()));
  }
  return new Map(standings.map((standing) => [standing.column.name, standing]));
}

export async function run(section: Section, pace: Pace, onWorkload: (name: string) => void): Promise<Scores> {
  const scores = new Map<string, ReadonlyMap<string, Score>>();
  for (const workload of section.workloads) {
    onWorkload(`${section.title}: ${workload.measures[0]?.label ?? workload.name}`);
    scores.set(workload.name, await play(section, workload, pace));
  }
  return scores;
}
