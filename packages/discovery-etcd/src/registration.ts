// Keeps one node findable: does what LeaseState says is next, over and over, until it ends. Neither an outage of etcd nor
// the loss of its data is the end of it.

import { ActorError, pause, type Logger, type Runtime } from '@actor/core';
import type { EtcdEntry } from './endpoint.ts';
import type { Endpoints } from './endpoints.ts';
import { LeaseState } from './lease-state.ts';
import type { EtcdSettings } from './options.ts';
import { backoffMs } from './waiting.ts';

export interface RegistrationOptions {
  readonly endpoints: Endpoints;
  readonly settings: EtcdSettings;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #state = new LeaseState();
  readonly #over = new AbortController();
  #entry: EtcdEntry;
  #waiters: Waiter[] = [];
  #wake = new AbortController();
  #failures = 0;
  #lossesTold = 0;
  readonly #running: Promise<void>;

  constructor(entry: EtcdEntry, options: RegistrationOptions) {
    this.#entry = entry;
    this.#options = options;
    this.#running = this.#run();
  }

  get key(): string {
    return this.#entry.key;
  }

  /** Resolves when the value is in etcd. A rejection means that it is not there yet: it goes on being tried. */
  write(value: string): Promise<void> {
    this.#entry = { key: this.#entry.key, value };
    this.#state.outdate();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#wake.abort();
    });
  }

  /** A listing of that revision does not have the key. */
  missed(revision: number): void {
    if (!this.#state.missed(revision)) return;
    this.#options.logger.warn({ key: this.key }, 'somebody deleted the registration; writing it again');
    this.#wake.abort();
  }

  /**
   * Gives the lease back, and the key with it unless another has written it since.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when etcd is away; then the lease runs out by itself.
   */
  async end(signal: AbortSignal): Promise<void> {
    this.#over.abort(new ActorError('ACTOR_NODE_STOPPED', 'The registration has ended.'));
    await this.#running;
    const { lease } = this.#state;
    if (lease === undefined) return;
    await this.#options.endpoints.ask('revoke', (endpoint) => endpoint.revoke(lease), { signal });
  }

  async #run(): Promise<void> {
    const { runtime, logger, settings } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.#step();
        if (this.#failures > 0) logger.info({ key: this.key }, 'etcd answers again');
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        this.#failures += 1;
        const level = this.#failures === 1 ? 'warn' : 'debug';
        logger[level]({ err: error, key: this.key }, 'the registration can not be kept up; trying again');
        this.#settle((waiter) => waiter.reject(error));
        const ms = backoffMs(settings, this.#failures, runtime.random());
        await pause(runtime, ms, signal, this.#asleep());
      }
    }
    this.#settle((waiter) => waiter.reject(signal.reason));
  }

  async #step(): Promise<void> {
    const { endpoints, settings, runtime } = this.#options;
    const ask = { signal: this.#over.signal };
    const step = this.#state.next(runtime.monotonicMs());
    this.#tellOfLoss();
    // Counted from before the request leaves: etcd can't have begun to count earlier.
    let sentMs = 0;
    switch (step.kind) {
      case 'grant': {
        const { lease, ttlMs } = await endpoints.ask(
          'grant',
          (endpoint) => {
            sentMs = runtime.monotonicMs();
            return endpoint.grant(settings.leaseTtlMs);
          },
          ask,
        );
        this.#state.granted(lease, ttlMs, sentMs);
        break;
      }
      case 'put': {
        const entry = this.#entry;
        const revision = await endpoints.ask('put', (endpoint) => endpoint.put(entry, step.lease), ask);
        if (revision === undefined) this.#state.lost();
        else if (entry === this.#entry) this.#written(revision);
        break;
      }
      case 'renew': {
        const ttlMs = await endpoints.ask(
          'keep-alive',
          (endpoint) => {
            sentMs = runtime.monotonicMs();
            return endpoint.keepAlive(step.lease);
          },
          ask,
        );
        this.#state.renewed(ttlMs, sentMs);
        break;
      }
      case 'wait':
        await pause(runtime, step.ms, this.#over.signal, this.#asleep());
    }
  }

  #written(revision: number): void {
    this.#state.written(revision);
    this.#settle((waiter) => waiter.resolve());
  }

  #tellOfLoss(): void {
    if (this.#state.losses === this.#lossesTold) return;
    this.#lossesTold = this.#state.losses;
    this.#options.logger.warn({ key: this.key }, 'the lease of the registration is lost; registering anew');
  }

  /** What wakes the next sleep. A wake-up from before it does not count: what it was for is in the state. */
  #asleep(): AbortSignal {
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
    return this.#wake.signal;
  }

  #settle(how: (waiter: Waiter) => void): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) how(waiter);
  }
}
