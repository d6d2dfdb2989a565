// What the suites are made of: a sentence, and how to try it on a bench that is made anew for each.

import type { Case } from './case.ts';

export interface Claim<Bench, Feature extends string> {
  readonly name: string;
  readonly requires?: Feature;
  readonly run: (bench: Bench) => Promise<void>;
}

export function casesOf<Bench extends { close(): Promise<void> }, Feature extends string>(
  claims: readonly Claim<Bench, Feature>[],
  open: () => Promise<Bench>,
): readonly Case<Feature>[] {
  return claims.map(({ name, requires, run }) => ({
    name,
    ...(requires === undefined ? {} : { requires }),
    run: async () => {
      const bench = await open();
      try {
        await run(bench);
      } catch (error) {
        // The first failure is the one to report, not what it left behind.
        await bench.close().catch(() => {});
        throw error;
      }
      await bench.close();
    },
  }));
}
