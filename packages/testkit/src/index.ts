// The public door of @actor/testkit: exports only. What is not named here is private.
export {
  type Fault,
  type FaultKind,
  faultKinds,
  type FaultPlan,
  type FaultSchedule,
  planFaults,
} from './faults.ts';
export type { ActorLife, History, Observation, ProcessId, Recorded } from './history.ts';
export { checkHistory } from './promises.ts';
export { checkAccounted, checkCounters } from './promises/accounted.ts';
export { checkAtMostOnce } from './promises/at-most-once.ts';
export { checkDeathWatch } from './promises/death-watch.ts';
export { checkHeals, type View } from './promises/heals.ts';
export { checkOrder } from './promises/order.ts';
export { checkSettles } from './promises/settles.ts';
export { checkSuspicion } from './promises/suspicion.ts';
export { type PromiseName, promiseNames, type Violation } from './promises/violation.ts';
export { describeFailure } from './replay.ts';
export { shrinkSchedule } from './shrink.ts';
export { type CalmCluster, simulate, type SimulateOptions, type SimulationResult } from './simulate.ts';
export type { SimulatedConfig } from './simulated-cluster.ts';
export type { SimulatedProcess, Workload } from './simulated-process.ts';
export { mixedWorkload, type MixedWorkloadOptions } from './workload.ts';
