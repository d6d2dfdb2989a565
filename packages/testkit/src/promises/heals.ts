// G7: when the network is whole again, every node that runs sees exactly those that run, each in its present life and with its present
// metadata, and
// messages get through. Nobody was restarted for it.

import type { ClusterStatus } from '@actor/cluster';
import type { MemberStatus, Metadata, NodeId } from '@actor/core';
import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

/** What one running node sees. */
export interface View {
  readonly nodeId: NodeId;
  readonly status: ClusterStatus;
  readonly incarnation: number;
  readonly metadata: Metadata;
  readonly members: readonly {
    readonly nodeId: NodeId;
    readonly incarnation: number;
    readonly status: MemberStatus;
    readonly metadata: Metadata;
  }[];
}

export function checkHeals(views: readonly View[], history: History): readonly Violation[] {
  return [...ofViews(views), ...ofSureAsks(history)];
}

function ofViews(views: readonly View[]): readonly Violation[] {
  const due = shown(views.map((view) => ({ ...view, status: 'alive' as const })));
  return views.flatMap(({ nodeId, status, members }) => {
    const seen = shown(members);
    if (status === 'running' && seen === due) return [];
    const text = `${nodeId} is ${status} and sees ${seen || 'nobody'}, where ${due} run.`;
    return [{ promise: 'G7' as const, text }];
  });
}

function shown(members: View['members']): string {
  return members
    .map(({ nodeId, incarnation, status, metadata }) => {
      const facts = Object.keys(metadata).length === 0 ? '' : JSON.stringify(metadata);
      return `${nodeId}/${incarnation}${facts}${status === 'alive' ? '' : ` (${status})`}`;
    })
    .sort()
    .join(', ');
}

function ofSureAsks(history: History): readonly Violation[] {
  const sure = new Map<number, string>();
  const violations: Violation[] = [];
  for (const seen of history) {
    if (seen.kind === 'asked' && seen.isSure) sure.set(seen.id, seen.process);
    const process = seen.kind === 'settled' && seen.how !== 'value' ? sure.get(seen.id) : undefined;
    if (process === undefined || seen.kind !== 'settled') continue;
    const text = `Ask ${seen.id} of ${process} failed with ${seen.code ?? seen.how} in a cluster that is whole.`;
    violations.push({ promise: 'G7', text });
  }
  return violations;
}
