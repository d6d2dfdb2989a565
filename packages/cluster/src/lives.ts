// The lives of a node, one after the other: begins the first, joins, keeps looking for nodes that are not members, and
// begins the next life above the last when the others count that one as over.

import {
  ActorError,
  formatAddress,
  isActorError,
  type ActorSystem,
  type MembershipEvent,
  type NodeAddress,
  type Runtime,
  type Timing,
  pause,
} from '@actor/core';
import type { CompleteConfig } from './config.ts';
import { Life, type Verdict } from './life.ts';
import { Search, type SearchOptions } from './search.ts';
import { Seeds } from './seeds.ts';

export interface LivesOptions {
  readonly system: ActorSystem;
  /** Asked anew at each use: a reconfiguration changes the answer. */
  readonly config: () => CompleteConfig;
  readonly report: (event: MembershipEvent) => void;
  readonly turned: (status: 'joining' | 'running') => void;
  /** There will be no further life. */
  readonly failed: (error: unknown) => void;
}

const buryMs = 1_000;
/** See {@link incarnationAfter}. */
const stepMax = 65_536;

export class Lives {
  readonly #options: LivesOptions;
  readonly #seeds: Seeds;
  readonly #over = new AbortController();
  #life: Life | undefined;
  #succession: Promise<void> = Promise.resolve();
  #search: Search | undefined;

  constructor(options: LivesOptions) {
    this.#options = options;
    this.#seeds = new Seeds(options.config().joinAddresses);
  }

  /** The present life, or the last one. */
  get current(): Life | undefined {
    return this.#life;
  }

  /** Resolves when the node is a member of whatever cluster it could reach, be it alone. */
  start(): Promise<void> {
    this.#succession = this.#begin(0);
    return this.#succession;
  }

  /** @throws {@link ActorError} when no address was reached, or the code of a refusal. */
  async join(addresses: readonly NodeAddress[], signal: AbortSignal | undefined): Promise<void> {
    this.#seeds.remember(addresses);
    for (let life = this.#life; life !== undefined; life = this.#life) {
      try {
        return await life.join(addresses, signal);
      } catch (error) {
        if (this.#over.signal.aborted || !isActorError(error, 'ACTOR_NODE_STOPPED')) throw error;
      }
      // That life was over, or ended meanwhile: the next one joins.
      await life.condemned;
      await this.#succession;
    }
  }

  /** Looks for other nodes now, and from now on every `discoveryIntervalMs` as the config says now. */
  retime(): void {
    this.#search?.retime();
  }

  /** No life begins any more, and what is under way is given up. Resolves when that is so. */
  async close(): Promise<void> {
    this.#over.abort(new ActorError('ACTOR_NODE_STOPPED', 'The node has been stopped.'));
    this.#search?.end();
    await this.#succession.catch(() => {});
  }

  /** Begins the life after the one of that incarnation. */
  async #begin(above: number): Promise<void> {
    let life: Life | undefined;
    let last = above;
    try {
      for (;;) {
        life = await this.#open(last);
        const verdict = await this.#join(life, last === 0 ? 'final' : 'tried again');
        this.#over.signal.throwIfAborted();
        if (verdict === undefined) break;
        last = Math.max(life.incarnation, verdict.incarnation);
        await this.#bury(life, verdict);
      }
      this.#run(life);
    } catch (error) {
      // Whoever gave this up ends the life himself, with a word to the others if they know of it already.
      if (!this.#over.signal.aborted) await life?.stop(buryMs);
      throw error;
    }
  }

  /** Why the life is over when it turns out to be so already. */
  async #join(life: Life, refusal: SearchOptions['refusal']): Promise<Verdict | undefined> {
    const { config, turned } = this.#options;
    const { runtime, logger } = config();
    const intervalMs = (): number => config().discoveryIntervalMs;
    const search = new Search({ life, seeds: this.#seeds, runtime, logger, intervalMs, refusal });
    this.#search = search;
    turned('joining');
    const joined = search.first().catch((error: unknown) => {
      // The membership gave up because it learnt that this life is over.
      this.#over.signal.throwIfAborted();
      if (isActorError(error, 'ACTOR_NODE_STOPPED')) return life.condemned;
      throw error;
    });
    const verdict = await Promise.race([joined, life.condemned]);
    if (verdict === undefined) return undefined;
    search.end();
    return verdict;
  }

  #run(life: Life): void {
    this.#options.turned('running');
    this.#search?.begin();
    void life.condemned.then((verdict) => this.#follow(life, verdict));
  }

  #follow(life: Life, verdict: Verdict): void {
    if (this.#over.signal.aborted) return;
    this.#search?.end();
    this.#options.turned('joining');
    this.#succession = this.#bury(life, verdict).then(() =>
      this.#begin(Math.max(life.incarnation, verdict.incarnation)),
    );
    this.#succession.catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#options.failed(error);
    });
  }

  /** Starts a life. The first one has its port or has it not; a later one waits for its predecessor's to be free. */
  async #open(last: number): Promise<Life> {
    const { runtime, maxRetries, retryDelayMs, host, port } = this.#options.config();
    // Of the config, not of the last life's address: that is what the others dial, which may be mapped to it.
    let listen = { host, port: port === 0 ? (this.#life?.address().port ?? 0) : port };
    for (let tries = 0; ; tries += 1) {
      this.#over.signal.throwIfAborted();
      const life = this.#make(incarnationAfter(last, runtime), listen);
      try {
        await life.start();
        this.#life = life;
        return life;
      } catch (error) {
        if (last === 0 || !isActorError(error, 'ACTOR_BIND_FAILED')) throw error;
        if (tries >= maxRetries) {
          if (listen.port === port) throw error;
          listen = { host, port };
        }
        await pause(runtime, retryDelayMs, this.#over.signal);
      }
    }
  }

  #make(incarnation: number, listen: NodeAddress): Life {
    const { config, system } = this.#options;
    return new Life({
      config: config(),
      timing: timingOf(config),
      metadata: config().metadata,
      system,
      incarnation,
      listen,
      signal: this.#over.signal,
      report: (event) => this.#report(event),
    });
  }

  /** Ends a condemned life. @throws {@link ActorError} ACTOR_NAME_TAKEN when another process lives under this node's id. */
  async #bury(life: Life, { by, successor }: Verdict): Promise<void> {
    const { runtime, logger, nodeId, retryDelayMs } = this.#options.config();
    logger.warn(
      { by, incarnation: life.incarnation },
      'the others count this node as dead; it takes a new life',
    );
    await life.stop(buryMs);
    if (successor !== undefined) {
      const details = { nodeId, address: successor, by };
      const where = successor === 'somewhere' ? successor : `at ${formatAddress(successor)}`;
      const text = `Another process lives as ${nodeId} ${where}; this one stops.`;
      throw new ActorError('ACTOR_NAME_TAKEN', text, { details });
    }
    // Two nodes that condemned each other's every life would otherwise do so without a breath.
    await pause(runtime, retryDelayMs * runtime.random(), this.#over.signal);
  }

  #report(event: MembershipEvent): void {
    if (event.kind === 'member-up') this.#seeds.remember([event.member.address]);
    if (event.kind === 'member-left') this.#seeds.forget(event.member.address);
    this.#options.report(event);
  }
}

/** What plugins see of the config's timing, as it is at each look. */
function timingOf(config: () => CompleteConfig): Timing {
  return {
    get heartbeatIntervalMs() {
      return config().heartbeatIntervalMs;
    },
    get discoveryIntervalMs() {
      return config().discoveryIntervalMs;
    },
    get maxRetries() {
      return config().maxRetries;
    },
    get retryDelayMs() {
      return config().retryDelayMs;
    },
  };
}

/**
 * The wall clock's time, which no other life of the node has had. Where that went back, one above the last that is known
 * here, by a random step: somebody behind a partition may have met a later life, and two lives of one incarnation would be
 * taken for one another.
 */
function incarnationAfter(last: number, runtime: Runtime): number {
  const wallMs = Math.floor(runtime.wallMs());
  return wallMs > last ? wallMs : last + 1 + Math.floor(runtime.random() * stepMax);
}
