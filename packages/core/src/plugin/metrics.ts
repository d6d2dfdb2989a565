// A tiny waist for metrics back ends. Names follow `actor_<noun>_<unit>[_total]`; labels come from small fixed sets,
// never from ids of users or entities.

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `amount` (default 1), which is never negative. */
  add(amount?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  record(value: number, labels?: Labels): void;
}

/** Asking twice for one name gives the same instrument. Instruments must not throw and must not block. */
export interface Metrics {
  counter(name: string, help?: string): Counter;
  gauge(name: string, help?: string): Gauge;
  histogram(name: string, help?: string): Histogram;
}

const counter: Counter = { add: () => {} };
const gauge: Gauge = { set: () => {} };
const histogram: Histogram = { record: () => {} };

/** Metrics that nobody reads: the default. */
export const noMetrics: Metrics = { counter: () => counter, gauge: () => gauge, histogram: () => histogram };
