// Which seeds a simulated test runs: a fixed range, and fresh ones whose numbers are in the names of the tests, so that a
// failure says how to replay it. SEED=7 runs that one alone, RUNS=1000 that many fresh ones.

export function seeds(range: {
  readonly first: number;
  readonly fixed: number;
  readonly fresh: number;
}): number[] {
  const { SEED, RUNS } = process.env;
  if (SEED !== undefined) return [Number(SEED)];
  const fresh = Array.from({ length: Number(RUNS ?? range.fresh) }, () =>
    Math.floor(Math.random() * 2 ** 31),
  );
  if (RUNS !== undefined) return fresh;
  return [...Array.from({ length: range.fixed }, (_, index) => range.first + index), ...fresh];
}
