// All hosts of one etcd: asks the one that answered last, goes on to the next where it does not, and after a round of
// failures pauses with jitter. Bounded in time and in tries.

import { ActorError, isActorError, pause, type Runtime } from '@actor/core';
import type { EtcdEndpoint } from './endpoint.ts';
import type { EtcdSettings } from './options.ts';
import { backoffMs, within } from './waiting.ts';

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Rounds after the first. @defaultValue retriesMax */
  readonly retries?: number;
}

export class Endpoints {
  readonly #all: readonly EtcdEndpoint[];
  readonly #settings: EtcdSettings;
  readonly #runtime: Runtime;
  #current: number;

  constructor(all: readonly EtcdEndpoint[], settings: EtcdSettings, runtime: Runtime) {
    this.#all = all;
    this.#settings = settings;
    this.#runtime = runtime;
    // Nodes that start together do not all lean on the first host.
    this.#current = Math.floor(runtime.random() * all.length);
  }

  /**
   * What the first host that answers answers.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when none did in any round; ACTOR_UNAUTHENTICATED at once when one
   * refuses this client, since all have the same users; the signal's reason.
   */
  async ask<T>(
    operation: string,
    body: (endpoint: EtcdEndpoint) => Promise<T>,
    options: AskOptions,
  ): Promise<T> {
    const { signal, retries = this.#settings.retriesMax } = options;
    let cause: unknown;
    for (let round = 0; round <= retries; round += 1) {
      if (round > 0) await pause(this.#runtime, this.#backoffMs(round), signal);
      for (const _ of this.#all) {
        signal.throwIfAborted();
        const index = this.#current;
        const endpoint = this.#all[index] as EtcdEndpoint;
        try {
          const ms = this.#settings.requestTimeoutMs;
          return await within(body(endpoint), { runtime: this.#runtime, ms, signal });
        } catch (error) {
          signal.throwIfAborted();
          if (isActorError(error) && !error.retryable) throw error;
          cause = error;
          this.#leave(index);
        }
      }
    }
    throw new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', `etcd can't be asked (${operation}).`, {
      details: { operation, hosts: this.#settings.hosts, rounds: retries + 1 },
      cause,
    });
  }

  reset(): void {
    for (const endpoint of this.#all) endpoint.reset();
  }

  #leave(index: number): void {
    // A host that hangs must not keep what else was asked of it: a watch on it would be silent for ever.
    this.#all[index]?.reset();
    // Another caller may have gone on already.
    if (this.#current === index) this.#current = (index + 1) % this.#all.length;
  }

  #backoffMs(failures: number): number {
    return backoffMs(this.#settings, failures, this.#runtime.random());
  }
}
