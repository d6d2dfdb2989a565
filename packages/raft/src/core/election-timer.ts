// When to stand for election, and when not to help somebody else to: both are counted from the last word of a leader.
import type { Settings } from './settings.ts';

export class ElectionTimer {
  readonly #settings: Settings;
  /** Ticks since the leader was heard of, a vote was given, or a campaign began. */
  #elapsed = 0;
  #timeout = 0;
  /**
   * With leases: for so long no other leader may be helped, whatever this node forgot meanwhile by a restart or a new term.
   */
  #promiseTicks: number;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#promiseTicks = settings.lease ? settings.electionTicks : 0;
    this.restart();
  }

  /** Nothing was heard for so long that an election is due. */
  get isDue(): boolean {
    return this.#elapsed >= this.#timeout;
  }
  /** A leader was heard of within the time in which no other one may be elected. */
  get isFresh(): boolean {
    return this.#elapsed < this.#settings.electionTicks;
  }
  get isPromised(): boolean {
    return this.#promiseTicks > 0;
  }

  tick(): void {
    this.#elapsed++;
    if (this.#promiseTicks > 0) this.#promiseTicks--;
  }

  /** The time begins again, with the same timeout. */
  reset(): void {
    this.#elapsed = 0;
  }

  /** The leader spoke, and may count on this node for an election timeout. */
  heard(): void {
    this.reset();
    if (this.#settings.lease) this.#promiseTicks = this.#settings.electionTicks;
  }

  /** The time begins again with another timeout, so that two nodes seldom stand together twice. */
  restart(): void {
    const { electionTicks, random } = this.#settings;
    this.#elapsed = 0;
    this.#timeout = electionTicks + Math.floor(random() * electionTicks);
  }
}
