// How long to wait before the next dial: doubling from a minimum to a maximum, with jitter, so that the peers of a node
// that went away do not come back in step.

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The wait after the given number of failures in a row (1 or more); `random` is in [0, 1). */
export function backoffMs({ minMs, maxMs }: Backoff, failures: number, random: number): number {
  const fullMs = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + random / 2);
}
