// Where other nodes might be: what the config lists, what was joined by hand, members that were known before, and what
// discovery knows now. Safety never depends on it: a stale address costs a failed dial.

import { formatAddress, type NodeAddress } from '@actor/core';

/** Addresses remembered beside those of the config; the one that was remembered longest ago is forgotten first. */
const rememberedMax = 64;

export interface ListOptions {
  readonly discovered: readonly NodeAddress[];
  readonly except: readonly NodeAddress[];
  /**
   * How many of the remembered addresses, at most.
   * @defaultValue all
   */
  readonly rememberedMax?: number;
}

export class Seeds {
  readonly #fixed: readonly NodeAddress[];
  readonly #remembered = new Map<string, NodeAddress>();

  constructor(fixed: readonly NodeAddress[]) {
    this.#fixed = fixed;
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

  /** Every address once, but for the excepted ones. */
  list(options: ListOptions): readonly NodeAddress[] {
    const remembered = [...this.#remembered.values()].slice(0, options.rememberedMax ?? rememberedMax);
    // What was asked for now is asked for last next time, so that all have their turn.
    this.remember(remembered);
    const all = [...options.discovered, ...this.#fixed, ...remembered];
    const unique = new Map(all.map((address) => [formatAddress(address), address]));
    for (const address of options.except) unique.delete(formatAddress(address));
    return [...unique.values()];
  }
}
