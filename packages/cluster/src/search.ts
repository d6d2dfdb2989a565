// Looks for nodes that are not members, for one life: once at its beginning, then as soon as discovery tells of one, and every
// `discoveryIntervalMs` whatever discovery tells.

import {
  ActorError,
  formatAddress,
  isActorError,
  type Logger,
  type NodeAddress,
  type Runtime,
  type Timer,
} from '@actor/core';
import type { Life } from './life.ts';
import type { Seeds } from './seeds.ts';

export interface SearchOptions {
  readonly life: Life;
  readonly seeds: Seeds;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly intervalMs: () => number;
  /** Is it the end of the node when all who answer refuse it? Not of one that has been a member before. */
  readonly refusal: 'final' | 'tried again';
}

/** Addresses of earlier members that are tried in one round, so that a long list of them costs no flood of dials. */
const rememberedPerRound = 3;

export class Search {
  readonly #options: SearchOptions;
  readonly #over = new AbortController();
  /** Addresses that discovery told of and that are dialled now. */
  readonly #dials = new Map<string, AbortController>();
  #round = new AbortController();
  #timer: Timer | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /** Joins whatever of the known addresses answers. Where none does, the node is alone for now. */
  async first(): Promise<void> {
    const { life, logger, refusal } = this.#options;
    const { signal } = this.#over;
    try {
      const addresses = await this.#list();
      signal.throwIfAborted();
      if (addresses.length > 0) await life.join(addresses, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isTriedAgain = isActorError(error, 'ACTOR_NO_ROUTE') || isOutlived(error);
      if (!isTriedAgain && !(isRefusal(error) && refusal === 'tried again')) throw error;
      logger.warn({ err: error }, 'no seed answered; running alone and going on trying');
    }
  }

  /** Goes on looking until the end. */
  begin(): void {
    if (this.#over.signal.aborted) return;
    this.#later();
    this.#follow();
  }

  /** From now on every `intervalMs` as it is now. */
  retime(): void {
    if (this.#timer !== undefined) this.#later();
  }

  end(): void {
    this.#over.abort(new ActorError('ACTOR_NODE_STOPPED', 'The search for other nodes has ended.'));
    this.#round.abort();
    for (const dial of this.#dials.values()) dial.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #later(): void {
    const { runtime, intervalMs } = this.#options;
    this.#timer?.cancel();
    this.#timer = runtime.after(intervalMs() * (0.75 + runtime.random() / 2), () => {
      this.#later();
      this.#follow();
      void this.#look();
    });
  }

  /** What a look has not reached by the next one is given up and tried anew. */
  async #look(): Promise<void> {
    const { life } = this.#options;
    this.#round.abort();
    const round = (this.#round = new AbortController());
    try {
      await life.register();
      const addresses = await this.#list(rememberedPerRound);
      if (addresses.length > 0) await life.join(addresses, round.signal);
    } catch (error) {
      this.#missed(error);
    }
  }

  /** Nodes that discovery tells of are dialled at once, each by itself: news must not give up what is under way. */
  #follow(): void {
    const { life } = this.#options;
    life.discovery?.follow((addresses) => {
      const members = new Set(life.membership.members().map((member) => formatAddress(member.address)));
      for (const address of addresses) if (!members.has(formatAddress(address))) void this.#dial(address);
    });
  }

  async #dial(address: NodeAddress): Promise<void> {
    const key = formatAddress(address);
    if (this.#dials.has(key)) return;
    const dial = new AbortController();
    this.#dials.set(key, dial);
    try {
      await this.#options.life.join([address], dial.signal);
    } catch (error) {
      this.#missed(error);
    } finally {
      this.#dials.delete(key);
    }
  }

  async #list(rememberedMax?: number): Promise<readonly NodeAddress[]> {
    const { life, seeds } = this.#options;
    const discovered = (await life.discovery?.find()) ?? [];
    const except = life.membership.members().map((member) => member.address);
    return seeds.list({ discovered, except, ...(rememberedMax === undefined ? {} : { rememberedMax }) });
  }

  #missed(error: unknown): void {
    const { logger } = this.#options;
    if (isRefusal(error)) logger.warn({ err: error }, 'a node that should be a member refuses this one');
    else logger.debug({ err: error }, 'no further node was found');
  }
}

function isRefusal(error: unknown): boolean {
  return isActorError(error, 'ACTOR_UNAUTHENTICATED') || isActorError(error, 'ACTOR_PROTOCOL_MISMATCH');
}

/**
 * A seed holds on to a link with a life that is above this one and gone: the machine crashed, and its clock went back. The
 * seed will find out, and then tell this node which incarnation to take.
 */
function isOutlived(error: unknown): boolean {
  return isActorError(error) && error.details['reason'] === 'old-incarnation';
}
