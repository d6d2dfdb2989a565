// Ends things in order under one deadline. A step that fails or hangs costs its share of the time, never the steps after
// it: an orderly stop must end, and end with everything closed.

import { ActorError, type Logger, type Runtime } from '@actor/core';

export interface Step {
  readonly name: string;
  /** The part of the time that is left which it may take, from 0 to 1. */
  readonly share: number;
  run(deadlineMs: number): Promise<void>;
}

export interface Shutdown {
  readonly deadlineMs: number;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

export function isDeadline(deadlineMs: unknown): deadlineMs is number {
  return typeof deadlineMs === 'number' && Number.isFinite(deadlineMs) && deadlineMs >= 0;
}

export function notADeadline(deadlineMs: unknown): ActorError {
  return new ActorError(
    'ACTOR_CONFIG_INVALID',
    `deadlineMs must be a number of at least 0 milliseconds, not ${String(deadlineMs)}.`,
    { details: { path: 'deadlineMs', value: deadlineMs } },
  );
}

/** Never rejects. */
export async function shutDown(steps: readonly Step[], options: Shutdown): Promise<void> {
  const { runtime, logger } = options;
  const endMs = runtime.monotonicMs() + options.deadlineMs;
  for (const step of steps) {
    const deadlineMs = Math.max(0, endMs - runtime.monotonicMs()) * step.share;
    try {
      const isDone = await within(runtime, deadlineMs, () => step.run(deadlineMs));
      if (!isDone)
        logger.warn({ step: step.name, deadlineMs }, 'a step of the shutdown took too long; going on');
    } catch (error) {
      logger.warn({ err: error, step: step.name }, 'a step of the shutdown failed; going on');
    }
  }
}

/**
 * False when the body is not done in time; its signal aborts then, and what becomes of it is nobody's concern any more.
 * Rejects with the reason of `options.signal` when that aborts meanwhile.
 */
export async function within(
  runtime: Runtime,
  ms: number,
  body: (signal: AbortSignal) => Promise<unknown>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  options.signal?.throwIfAborted();
  const over = new AbortController();
  const running = body(over.signal);
  let cancel = (): void => {};
  const isLate = new Promise<false>((resolve, reject) => {
    const timer = runtime.after(ms, () => resolve(false));
    const aborted = (): void => reject(options.signal?.reason as Error);
    options.signal?.addEventListener('abort', aborted, { once: true });
    cancel = () => {
      timer.cancel();
      options.signal?.removeEventListener('abort', aborted);
    };
  });
  try {
    return await Promise.race([running.then(() => true as const), isLate]);
  } finally {
    cancel();
    over.abort();
  }
}
