// Waiting on the runtime's clock.

import type { Runtime } from './runtime.ts';

/** Resolves after `ms`, or as soon as one of the signals aborts; it never rejects. */
export function pause(
  runtime: Runtime,
  ms: number,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      for (const signal of signals) signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = runtime.after(ms, end);
    for (const signal of signals) signal?.addEventListener('abort', end, { once: true });
    if (signals.some((signal) => signal?.aborted)) end();
  });
}
