// The φ accrual failure detector of Hayashibara, Défago, Yared and Katayama (SRDS 2004): not "dead or alive" but how
// unlikely the present silence is, given the intervals seen so far. Pure: the caller says what time it is.

export interface PhiAccrualOptions {
  /** The interval that the peer says it keeps, in milliseconds: the estimate until there are samples. */
  readonly expectedMs: number;
  /** Samples kept. */
  readonly windowMax: number;
}

export class PhiAccrual {
  readonly #expectedMs: number;
  readonly #windowMax: number;
  readonly #intervals: number[] = [];
  #next = 0;
  #mean: number;
  #deviation: number;
  #lastMs: number;
  #sampledMs: number | undefined;
  #wasFault = false;

  /** Counting starts as if a heartbeat had come at `nowMs`. */
  constructor(options: PhiAccrualOptions, nowMs: number) {
    this.#expectedMs = options.expectedMs;
    this.#windowMax = options.windowMax;
    this.#mean = options.expectedMs;
    this.#deviation = this.#deviationMin;
    this.#lastMs = nowMs;
  }

  get expectedMs(): number {
    return this.#expectedMs;
  }

  arrived(nowMs: number): void {
    this.#lastMs = Math.max(nowMs, this.#lastMs);
    const intervalMs = nowMs - (this.#sampledMs ?? -Infinity);
    // What comes between two beats of the rhythm is a sign of life but says nothing about the rhythm.
    if (intervalMs < this.#expectedMs / 2) return;
    this.#sampledMs = nowMs;
    if (intervalMs === Infinity) return;
    // Nor does a silence that was a fault: one outage would blind the detector to the next. A second one in a row is rhythm.
    const capMs = this.#expectedMs * 4;
    const isFault = intervalMs > capMs && !this.#wasFault;
    this.#wasFault = intervalMs > capMs;
    if (isFault) return;
    this.#intervals[this.#next] = Math.min(intervalMs, capMs);
    this.#next = (this.#next + 1) % this.#windowMax;
    const count = this.#intervals.length;
    this.#mean = this.#intervals.reduce((sum, each) => sum + each, 0) / count;
    const variance = this.#intervals.reduce((sum, each) => sum + (each - this.#mean) ** 2, 0) / count;
    this.#deviation = Math.max(Math.sqrt(variance), this.#deviationMin);
    // After a stall beats come close together; a mean below the peer's own rhythm would make punctuality suspicious.
    this.#mean = Math.max(this.#mean, this.#expectedMs);
  }

  /** −log10 of the probability that a heartbeat comes later than now: 1 is one wrong suspicion in 10, 8 one in 10⁸. */
  phi(nowMs: number): number {
    const y = (nowMs - this.#lastMs - this.#mean) / this.#deviation;
    // The logistic approximation of the normal distribution's tail (Bowling et al. 2009), exact to 0.014 %.
    const e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
    // Far in the tail e underflows to 0, which is Infinity: as suspicious as it gets.
    return y > 0 ? -Math.log10(e / (1 + e)) : -Math.log10(1 - 1 / (1 + e));
  }

  /** This node did not listen for so long: the silence of that time is its own, not the peer's. */
  excuse(ms: number): void {
    this.#lastMs += ms;
    if (this.#sampledMs !== undefined) this.#sampledMs += ms;
  }

  // An even rhythm would have a deviation of nothing, and the first hiccup would be damning.
  get #deviationMin(): number {
    return this.#expectedMs / 4;
  }
}
