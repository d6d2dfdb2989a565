// What the sections have in common: a workload is run in rounds, in the process of one contender.

/** One round's figures, by the measure's key. */
export type Sample = Readonly<Record<string, number>>;

/** Works for about `roundMs` and tells what was completed. */
export type Round = (roundMs: number) => Promise<Sample>;

/** A contender that is ready to run one workload. */
export interface Entry {
  readonly round: Round;
  stop(): Promise<void>;
}

/** Which contender is to run what. With `all` shapes the process has messages and handlers of eight kinds, else one. */
export interface Assignment {
  readonly contender: string;
  readonly shapes: 'one' | 'all';
  readonly workload: string;
}

/** Runs `step` until the time is over; what was completed per second. */
export async function repeat(roundMs: number, step: () => Promise<number>): Promise<{ perSecond: number }> {
  const start = performance.now();
  let completed = 0;
  let elapsedMs = 0;
  do {
    completed += await step();
    elapsedMs = performance.now() - start;
  } while (elapsedMs < roundMs);
  return { perSecond: (completed / elapsedMs) * 1_000 };
}
