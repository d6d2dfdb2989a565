// Writes the history of a run, and folds it into the fingerprint of the run.

import type { Simulation } from '@actor/core/testkit';
import type { History, Observation, Recorded } from './history.ts';

export class Recorder {
  readonly #simulation: Simulation;
  readonly #history: Recorded[] = [];
  #lastId = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  get history(): History {
    return this.#history;
  }

  /** A number for a message or a watch, unique in the run. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  record(observation: Observation): void {
    const recorded = { ...observation, atMs: this.#simulation.nowMs };
    this.#simulation.note(JSON.stringify(recorded));
    this.#history.push(recorded);
  }
}
