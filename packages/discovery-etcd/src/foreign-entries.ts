// What stands below the prefix and is no node of this cluster's making. Anybody who can write there can cause it, so it is
// told once and then at most once per interval, with the number of those passed over in silence.

import type { Logger, Runtime } from '@actor/core';

const intervalMs = 60_000;
const shownMax = 200;

export class ForeignEntries {
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  #quietUntilMs = 0;
  #suppressed = 0;

  constructor(runtime: Runtime, logger: Logger) {
    this.#runtime = runtime;
    this.#logger = logger;
  }

  warn(key: string, why: string): void {
    const nowMs = this.#runtime.monotonicMs();
    if (nowMs < this.#quietUntilMs) {
      this.#suppressed += 1;
      return;
    }
    const fields = { key: key.slice(0, shownMax), why, suppressed: this.#suppressed };
    this.#logger.warn(fields, 'an entry in etcd is not a node and is passed over');
    this.#quietUntilMs = nowMs + intervalMs;
    this.#suppressed = 0;
  }
}
