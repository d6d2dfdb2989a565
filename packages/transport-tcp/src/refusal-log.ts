// Refusals are for people to read and for anybody to cause: each reason is logged at once, then at most once per interval,
// with the number of those that were not.

import type { Counter, Logger, Runtime } from '@actor/core';

const intervalMs = 10_000;

interface Quiet {
  untilMs: number;
  suppressed: number;
}

export class RefusalLog {
  readonly #logger: Logger;
  readonly #runtime: Runtime;
  readonly #counter: Counter;
  readonly #quiet = new Map<string, Quiet>();

  constructor(logger: Logger, runtime: Runtime, counter: Counter) {
    this.#logger = logger;
    this.#runtime = runtime;
    this.#counter = counter;
  }

  /** `reason` comes from a fixed set; everything else goes into the fields. */
  warn(reason: string, fields: Readonly<Record<string, unknown>>): void {
    this.#counter.add(1, { reason });
    const nowMs = this.#runtime.monotonicMs();
    const quiet = this.#quiet.get(reason);
    if (quiet !== undefined && nowMs < quiet.untilMs) {
      quiet.suppressed += 1;
      return;
    }
    this.#logger.warn({ reason, suppressed: quiet?.suppressed ?? 0, ...fields }, 'connection refused');
    this.#quiet.set(reason, { untilMs: nowMs + intervalMs, suppressed: 0 });
  }
}
