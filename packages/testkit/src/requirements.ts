// Refuses options that make no run, at the call that gives them.

import { ActorError, type NodeId } from '@actor/core';
import { type Fault, faultKinds, type FaultSchedule } from './faults.ts';

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID */
export function requireWhole(path: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw invalid(path, `must be a whole number of at least ${least}, not ${value}`);
  }
}

/** A schedule may come from a file. @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the fault. */
export function requireSchedule(
  { faults }: FaultSchedule,
  run: { readonly nodeIds: readonly NodeId[]; readonly untilMs: number },
): void {
  if (!Array.isArray(faults)) throw invalid('faults.faults', 'must be a list');
  for (const [index, fault] of (faults as readonly Fault[]).entries()) {
    const path = `faults.faults[${index}]`;
    if (!faultKinds.includes(fault.kind)) throw invalid(path, `is of no kind that there is: "${fault.kind}"`);
    const endMs = fault.atMs + fault.forMs;
    if (!(fault.atMs >= 0 && fault.forMs >= 0 && endMs <= run.untilMs)) {
      throw invalid(path, `must lie between 0 and ${run.untilMs} ms, so that the cluster has time to heal`);
    }
    for (const nodeId of nodesOf(fault)) {
      if (!run.nodeIds.includes(nodeId))
        throw invalid(path, `names "${nodeId}", which is no node of this run`);
    }
  }
}

function nodesOf(fault: Fault): readonly NodeId[] {
  if ('node' in fault) return [fault.node];
  if ('groups' in fault) return fault.groups.flat();
  if (fault.kind === 'clog') return fault.to;
  return fault.kind === 'one-way' ? [...fault.from, ...fault.to] : [];
}

function invalid(path: string, why: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path} ${why}.`, { details: { path } });
}
