// Keeps a discovery plugin at work for one life of the node: starts it, registers the node, asks it and follows its changes.
// What of that fails or hangs is tried again at every look and never holds the node up: a cluster that runs needs no registry.

import {
  isActorError,
  type Discovery,
  type Logger,
  type NodeAddress,
  type NodeInfo,
  type Runtime,
  type Timing,
} from '@actor/core';
import { within } from './lifecycle.ts';

export interface DiscoveryDriverOptions {
  /** A plugin is started once, so each try to start needs a new one. */
  readonly make: () => Discovery;
  readonly timing: Pick<Timing, 'discoveryIntervalMs'>;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** Gives up what is under way; what was registered stays so until `deregister`. */
  readonly signal: AbortSignal;
}

type Step = 'start' | 'register' | 'discover' | 'watch';

export class DiscoveryDriver {
  readonly #options: DiscoveryDriverOptions;
  /** What has not come to an end yet: a plugin that hangs is not called again on top of it. */
  readonly #underWay = new Map<Step, Promise<void>>();
  /** What failed when it was tried last, so that an outage is one warning. */
  readonly #failing = new Set<Step>();
  #discovery: Discovery;
  #isStarted = false;
  #isRegistered = false;
  #known: readonly NodeAddress[] = [];

  constructor(options: DiscoveryDriverOptions) {
    this.#options = options;
    this.#discovery = options.make();
  }

  /** @throws {@link ActorError} what the plugin rejects with, when it says that trying again is of no use. */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    await this.#try('start', async () => {
      try {
        await this.#discovery.start({ signal: this.#options.signal });
        this.#isStarted = true;
      } catch (error) {
        if (!isFinal(error) && !this.#options.signal.aborted) this.#discovery = this.#options.make();
        throw error;
      }
    });
  }

  /** Makes the node findable, unless it is. */
  async register(node: NodeInfo): Promise<void> {
    if (this.#isRegistered) return;
    await this.#whenStarted('register', async () => {
      await this.#discovery.register(node);
      this.#isRegistered = true;
    });
  }

  /** What was registered is no longer true; the next `register` replaces it. */
  outdate(): void {
    this.#isRegistered = false;
  }

  /** Where nodes are: what the plugin answers, or what it last said when it can't be asked. */
  async find(): Promise<readonly NodeAddress[]> {
    await this.#whenStarted('discover', async () => {
      this.#know(await this.#discovery.discover({ signal: this.#options.signal }));
    });
    return this.#known;
  }

  /** Calls the listener with each change from now on, unless it is followed already. */
  follow(listener: (addresses: readonly NodeAddress[]) => void): void {
    if (!this.#isStarted || this.#underWay.has('watch')) return;
    const watching = this.#run('watch', async () => {
      for await (const nodes of this.#discovery.watch({ signal: this.#options.signal })) {
        this.#failing.delete('watch');
        this.#know(nodes);
        listener(this.#known);
      }
      if (!this.#options.signal.aborted) throw new Error('The watch of the discovery has ended.');
    });
    watching.catch((error: unknown) => this.#failed('watch', error));
  }

  async deregister(nodeId: string): Promise<void> {
    await this.#underWay.get('register')?.catch(() => {});
    if (this.#isStarted) await this.#discovery.deregister(nodeId);
  }

  stop(): Promise<void> {
    return this.#discovery.stop();
  }

  #know(nodes: readonly NodeInfo[]): void {
    this.#known = nodes.map((node) => node.address);
  }

  async #whenStarted(step: Step, body: () => Promise<void>): Promise<void> {
    await this.start();
    if (this.#isStarted) await this.#try(step, body);
  }

  /** Waits for it no longer than until the next look, and not at all when it hangs since an earlier one. */
  async #try(step: Step, body: () => Promise<void>): Promise<void> {
    const { runtime, timing, signal } = this.#options;
    if (this.#underWay.has(step)) return;
    try {
      const isDone = await within(runtime, timing.discoveryIntervalMs, () => this.#run(step, body), {
        signal,
      });
      if (isDone) this.#failing.delete(step);
      else this.#failed(step, new Error('The discovery does not answer.'));
    } catch (error) {
      signal.throwIfAborted();
      if (step === 'start' && isFinal(error)) throw error;
      this.#failed(step, error);
    }
  }

  #run(step: Step, body: () => Promise<void>): Promise<void> {
    const running = body().finally(() => this.#underWay.delete(step));
    this.#underWay.set(step, running);
    return running;
  }

  #failed(step: Step, err: unknown): void {
    if (this.#options.signal.aborted) return;
    const level = this.#failing.has(step) ? 'debug' : 'warn';
    this.#failing.add(step);
    this.#options.logger[level]({ err, step }, 'discovery fails; going on with what is known, trying again');
  }
}

/** Trying again is of no use: a mistake in the options, a refused password. */
function isFinal(error: unknown): boolean {
  return isActorError(error) && !error.retryable;
}
