// Waiting that always ends: after a time, or with a signal.

import type { Runtime } from '@actor/core';

export interface Limits {
  readonly ms: number;
  readonly runtime: Runtime;
  readonly signals: readonly AbortSignal[];
}

/**
 * What the body comes to. Rejects with the reason of the first signal that aborts, or after `ms`; the body is told by the
 * signal that it is given, and what becomes of it is nobody's concern then.
 */
export async function bounded<T>(
  { ms, runtime, signals }: Limits,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  // Not `AbortSignal.any`: on Node 20, a signal that lives long keeps a trace of each that was derived from it.
  const forward = (): void => over.abort(signals.find((signal) => signal.aborted)?.reason);
  for (const signal of signals) signal.addEventListener('abort', forward);
  const timer = runtime.after(ms, () => over.abort(new Error(`There was no answer within ${ms} ms.`)));
  const isOver = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason as Error), { once: true });
  });
  if (signals.some((signal) => signal.aborted)) forward();
  try {
    return await Promise.race([isOver, body(over.signal)]);
  } finally {
    timer.cancel();
    for (const signal of signals) signal.removeEventListener('abort', forward);
  }
}
