// Finds a smaller schedule that still fails with the same seed.
import { type FaultSchedule, shrinkSchedule, simulate } from '@actor/testkit';

export function shrink(seed: number, nodes: number, schedule: FaultSchedule): Promise<FaultSchedule> {
  return shrinkSchedule(schedule, async (faults) => {
    const { ok } = await simulate({ seed, nodes, faults, onViolation: 'return' });
    return !ok;
  });
}
