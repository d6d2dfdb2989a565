// How long is waited for etcd, and between two tries.

import { ActorError, pause, type Runtime } from '@actor/core';

/** How long to wait after a number of failures in a row (1 or more): doubling, with jitter, so that nodes do not keep step. */
export function backoffMs(
  { backoffMinMs, backoffMaxMs }: { readonly backoffMinMs: number; readonly backoffMaxMs: number },
  failures: number,
  random: number,
): number {
  const fullMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(failures - 1, 30));
  return fullMs * (0.5 + random / 2);
}

export interface Bound {
  readonly runtime: Runtime;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/**
 * The outcome of the promise, if it comes in time.
 * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when it does not; the signal's reason when that aborts before.
 */
export async function within<T>(promise: Promise<T>, { runtime, ms, signal }: Bound): Promise<T> {
  const late = new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', `etcd gave no answer within ${ms} ms.`);
  // The promise itself may never settle, and must not leave anything behind then.
  const over = new AbortController();
  const limit = pause(runtime, ms, signal, over.signal).then((): never => {
    throw signal.aborted ? (signal.reason as Error) : late;
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    over.abort();
    limit.catch(() => {});
  }
}
