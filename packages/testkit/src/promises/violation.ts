// The promises of design and documents by their names, and what it means that one is broken.

/** What the simulator can check so far; docs/guarantees.md says what each means. `G0` is: no process dies of itself. */
export const promiseNames = {
  G0: 'runs',
  G1: 'order',
  G2: 'at most once',
  G5: 'settles',
  G6: 'death watch',
  G7: 'heals',
  G8: 'accounted',
  busy: 'a busy node is not a dead node',
  seeded: 'nothing but the seed decides',
  check: 'the check of this run',
} as const;

export type PromiseName = keyof typeof promiseNames;

export interface Violation {
  readonly promise: PromiseName;
  /** What was seen, in a sentence. */
  readonly text: string;
}
