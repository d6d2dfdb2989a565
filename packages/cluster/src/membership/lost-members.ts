// Looks for members that were found dead, every `discoveryIntervalMs`: a partition that has healed looks, from here, like
// dead members that answer.

import {
  formatAddress,
  type MembershipContext,
  type NodeAddress,
  type PeerIdentity,
  type Timer,
} from '@actor/core';
import type { Members } from './members.ts';

export interface LostMembersOptions {
  readonly context: Pick<MembershipContext, 'addresses' | 'runtime' | 'timing' | 'logger'>;
  readonly members: Members;
  readonly found: (peer: PeerIdentity) => void;
}

/** The latest deaths, so that those of the last partition are not the last to be tried. */
const lostMax = 32;
/** In one round, so that many cost no flood of dials. */
const perRound = 3;

export class LostMembers {
  readonly #options: LostMembersOptions;
  /** By address: one attempt at a time, which may take longer than the time to the next look. */
  readonly #attempts = new Map<string, AbortController>();
  #tries = 0;
  #timer: Timer | undefined;

  constructor(options: LostMembersOptions) {
    this.#options = options;
  }

  /** Goes on until `end`. */
  begin(): void {
    const { runtime, timing } = this.#options.context;
    const jitter = 0.75 + runtime.random() / 2;
    this.#timer = runtime.after(timing.discoveryIntervalMs * jitter, () => {
      this.#look();
      this.begin();
    });
  }

  end(): void {
    this.#timer?.cancel();
    for (const attempt of this.#attempts.values()) attempt.abort();
  }

  #look(): void {
    const { members } = this.#options;
    const live = new Set(members.live().map((member) => formatAddress(member.address)));
    const lost = members
      .ended()
      .filter((member) => member.status === 'dead' && !live.has(formatAddress(member.address)))
      .slice(-lostMax);
    for (let index = 0; index < Math.min(lost.length, perRound); index += 1) {
      const member = lost[this.#tries % lost.length];
      this.#tries += 1;
      if (member !== undefined) void this.#dial(member.address);
    }
  }

  async #dial(address: NodeAddress): Promise<void> {
    const { context, found } = this.#options;
    const key = formatAddress(address);
    if (this.#attempts.has(key)) return;
    const attempt = new AbortController();
    this.#attempts.set(key, attempt);
    try {
      found(await context.addresses.connect(address, { signal: attempt.signal }));
    } catch (error) {
      context.logger.debug({ err: error }, 'a lost member was not found');
    } finally {
      this.#attempts.delete(key);
    }
  }
}
