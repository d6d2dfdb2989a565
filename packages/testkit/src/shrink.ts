// Delta debugging (Zeller 2002): of the faults of a failing run, those that it takes to fail.

import type { Fault, FaultSchedule } from './faults.ts';

/** A schedule that still fails, and does not when any one of its faults is left out. `fails` runs a schedule. */
export async function shrinkSchedule(
  schedule: FaultSchedule,
  fails: (schedule: FaultSchedule) => Promise<boolean>,
): Promise<FaultSchedule> {
  let { faults } = schedule;
  let parts = 2;
  while (faults.length > 0) {
    const smaller = await withoutAPart(faults, Math.min(parts, faults.length), fails);
    if (smaller !== undefined) {
      faults = smaller;
      parts = Math.max(parts - 1, 2);
    } else if (parts >= faults.length) break;
    else parts = Math.min(parts * 2, faults.length);
  }
  return { faults };
}

async function withoutAPart(
  faults: readonly Fault[],
  parts: number,
  fails: (schedule: FaultSchedule) => Promise<boolean>,
): Promise<readonly Fault[] | undefined> {
  const size = Math.ceil(faults.length / parts);
  for (let from = 0; from < faults.length; from += size) {
    const rest = faults.filter((_, index) => index < from || index >= from + size);
    if (await fails({ faults: rest })) return rest;
  }
  return undefined;
}
