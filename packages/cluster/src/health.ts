// Liveness and readiness as data, for whatever serves the probes.

import type { ClusterStatus } from './cluster-event.ts';

export interface Health {
  /** False when only a restart helps. */
  readonly live: boolean;
  /** True when the node takes part and work may be sent to it. */
  readonly ready: boolean;
  /** Why it is not ready, for people; empty when it is. */
  readonly reasons: readonly string[];
}

const reasons: Readonly<Record<ClusterStatus, string | undefined>> = {
  initializing: 'the node has not been started',
  joining: 'the node is looking for the members of its cluster',
  running: undefined,
  leaving: 'the node is leaving its cluster',
  stopped: 'the node has been stopped',
  failed: 'the node has failed',
};

export function healthOf(status: ClusterStatus, failure?: Error): Health {
  const reason = reasons[status];
  const why = status === 'failed' && failure !== undefined ? `${reason}: ${failure.message}` : reason;
  return {
    live: status !== 'failed' && status !== 'stopped',
    ready: reason === undefined,
    reasons: why === undefined ? [] : [why],
  };
}
