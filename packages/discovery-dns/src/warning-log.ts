// A name server that is away for a day is one thing to tell and not seventeen thousand: each kind of warning is logged at
// once, then at most once a minute, with the number of those that were not.

import type { Logger, Runtime } from '@actor/core';

const intervalMs = 60_000;

interface Quiet {
  readonly untilMs: number;
  suppressed: number;
}

export class WarningLog {
  readonly #logger: Logger;
  readonly #runtime: Runtime;
  readonly #quiet = new Map<string, Quiet>();

  constructor(logger: Logger, runtime: Runtime) {
    this.#logger = logger;
    this.#runtime = runtime;
  }

  /** `message` is one of a fixed set; everything else goes into the fields. */
  warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#runtime.monotonicMs();
    const quiet = this.#quiet.get(message);
    if (quiet !== undefined && nowMs < quiet.untilMs) {
      quiet.suppressed += 1;
      return;
    }
    this.#quiet.set(message, { untilMs: nowMs + intervalMs, suppressed: 0 });
    this.#logger.warn({ ...fields, suppressed: quiet?.suppressed ?? 0 }, message);
  }
}
