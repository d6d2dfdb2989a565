// Where other nodes might be: what the config lists, what was joined by hand, members that were known before. Discovery
// adds to these what it knows now. Safety never depends on it: a stale address costs a failed dial.

import { formatAddress, type Discovery, type Logger, type NodeAddress } from '@actor/core';

/** Addresses remembered beside those of the config; the one that was remembered longest ago is forgotten first. */
const rememberedMax = 64;

export interface FindOptions {
  readonly except: readonly NodeAddress[];
  readonly signal: AbortSignal;
  /** How many of the remembered addresses, at most. */
  readonly rememberedMax?: number;
}

export class Seeds {
  readonly #fixed: readonly NodeAddress[];
  readonly #logger: Logger;
  readonly #remembered = new Map<string, NodeAddress>();

  constructor(fixed: readonly NodeAddress[], logger: Logger) {
    this.#fixed = fixed;
    this.#logger = logger;
  }

  remember(addresses: readonly NodeAddress[]): void {
    for (const address of addresses) {
      const key = formatAddress(address);
      this.#remembered.delete(key);
      this.#remembered.set(key, address);
    }
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= rememberedMax) break;
      this.#remembered.delete(oldest);
    }
  }

  forget(address: NodeAddress): void {
    this.#remembered.delete(formatAddress(address));
  }

  /** Every address once, but for the excepted ones. A discovery that can't be asked adds nothing. */
  async find(discovery: Discovery | undefined, options: FindOptions): Promise<readonly NodeAddress[]> {
    const discovered = await this.#discover(discovery, options.signal);
    const remembered = [...this.#remembered.values()].slice(0, options.rememberedMax ?? rememberedMax);
    // What was asked for now is asked for last next time, so that all have their turn.
    this.remember(remembered);
    const all = [...discovered, ...this.#fixed, ...remembered];
    const unique = new Map(all.map((address) => [formatAddress(address), address]));
    for (const address of options.except) unique.delete(formatAddress(address));
    return [...unique.values()];
  }

  async #discover(discovery: Discovery | undefined, signal: AbortSignal): Promise<readonly NodeAddress[]> {
    try {
      return ((await discovery?.discover({ signal })) ?? []).map((node) => node.address);
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.warn({ err: error }, 'discovery can’t be asked; going on with what is known');
      return [];
    }
  }
}
