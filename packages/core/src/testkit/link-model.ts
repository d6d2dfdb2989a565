// What a network does to one packet, as a pure function of the seed, the packets before it and the faults in force. It
// knows neither packets' contents nor clocks; the fault network and the simulated datagrams ask it.

import type { NodeId } from '../plugin/node.ts';
import type { RandomStream } from './random-stream.ts';

/** How one direction of a link behaves. Rates are probabilities per packet, in [0, 1]. */
export interface LinkConditions {
  /** The shortest way, in milliseconds. */
  readonly delayMinMs: number;
  /** The mean of the exponentially distributed rest of the way, in milliseconds. */
  readonly delayMeanMs: number;
  /** Packets queue behind each other at this speed. */
  readonly bandwidthBytesPerMs: number;
  /** The packet never arrives. */
  readonly lossRate: number;
  /** It arrives a second time, soon. */
  readonly duplicationRate: number;
  /** It arrives a second time, up to `replayMaxMs` later. */
  readonly replayRate: number;
  readonly replayMaxMs: number;
  /** It arrives late, and later ones overtake it. */
  readonly reorderRate: number;
  /** One bit of it is another. */
  readonly corruptionRate: number;
  /** The connection that it travels on breaks. */
  readonly resetRate: number;
}

export const perfectLink: LinkConditions = {
  delayMinMs: 0,
  delayMeanMs: 0,
  bandwidthBytesPerMs: Infinity,
  lossRate: 0,
  duplicationRate: 0,
  replayRate: 0,
  replayMaxMs: 10_000,
  reorderRate: 0,
  corruptionRate: 0,
  resetRate: 0,
};

/** One arrival of a packet. */
export interface Arrival {
  readonly delayMs: number;
  /** False for one that goes its own way: later packets may overtake it. */
  readonly isOrdered: boolean;
  /** The bit that is turned over, as a fraction of the length. */
  readonly corruptAt: number | undefined;
}

/** What becomes of one packet. No arrivals: it is lost. */
export interface Fate {
  readonly arrivals: readonly Arrival[];
  readonly isReset: boolean;
}

/** Which links a condition is for; an end that is left out is any node. */
export interface LinkPattern {
  readonly from?: NodeId;
  readonly to?: NodeId;
}

interface Rule {
  readonly pattern: LinkPattern;
  readonly conditions: Partial<LinkConditions>;
}

type Cut = (from: NodeId, to: NodeId) => boolean;

interface DirectedLink {
  readonly random: RandomStream;
  freeAtMs: number;
  cloggedUntilMs: number;
}

const matches = (pattern: LinkPattern, from: NodeId, to: NodeId): boolean =>
  (pattern.from ?? from) === from && (pattern.to ?? to) === to;

export class LinkModel {
  readonly #random: RandomStream;
  readonly #links = new Map<string, DirectedLink>();
  readonly #rules: Rule[] = [];
  readonly #cuts = new Set<Cut>();

  constructor(random: RandomStream, conditions: Partial<LinkConditions> = {}) {
    this.#random = random;
    this.set(conditions);
  }

  /** From now on; what was set later wins, and what is left out stays as it is. */
  set(conditions: Partial<LinkConditions>, pattern: LinkPattern = {}): void {
    const before = this.#rules.findIndex(
      (rule) => rule.pattern.from === pattern.from && rule.pattern.to === pattern.to,
    );
    const [replaced] = before < 0 ? [] : this.#rules.splice(before, 1);
    this.#rules.push({ pattern, conditions: { ...replaced?.conditions, ...conditions } });
  }

  conditions(from: NodeId, to: NodeId): LinkConditions {
    let conditions = perfectLink;
    for (const rule of this.#rules) {
      if (matches(rule.pattern, from, to)) conditions = { ...conditions, ...rule.conditions };
    }
    return conditions;
  }

  /** Stops packets for which it is true, until the function that is returned is called, or `heal`. */
  cut(blocks: Cut): () => void {
    this.#cuts.add(blocks);
    return () => void this.#cuts.delete(blocks);
  }

  heal(): void {
    this.#cuts.clear();
  }

  isCut(from: NodeId, to: NodeId): boolean {
    if (from === to) return false;
    for (const blocks of this.#cuts) if (blocks(from, to)) return true;
    return false;
  }

  get hasCuts(): boolean {
    return this.#cuts.size > 0;
  }

  /** Packets of the matching links that have been seen wait until then, on the clock that `fate` is given. */
  clog(pattern: LinkPattern, untilMs: number): void {
    for (const [key, link] of this.#links) {
      const [from = '', to = ''] = key.split('\n');
      if (matches(pattern, from, to)) link.cloggedUntilMs = untilMs;
    }
  }

  /** The node has a new process, and with it a new clock; what was due on the old one is meaningless. */
  restarted(to: NodeId): void {
    for (const [key, link] of this.#links) {
      if (!key.endsWith(`\n${to}`)) continue;
      link.freeAtMs = 0;
      link.cloggedUntilMs = 0;
    }
  }

  /** Draws the same number of times whatever the conditions are, so that changing one leaves the others' luck alone. */
  fate(packet: {
    readonly from: NodeId;
    readonly to: NodeId;
    readonly bytes: number;
    readonly nowMs: number;
  }): Fate {
    const { from, to, bytes, nowMs } = packet;
    const link = this.#link(from, to);
    const { random } = link;
    const conditions = this.conditions(from, to);
    const isLost = random.chance(conditions.lossRate) || this.isCut(from, to);
    const isLate = random.chance(conditions.reorderRate);
    const isTwice = random.chance(conditions.duplicationRate);
    const isReplayed = random.chance(conditions.replayRate);
    const isReset = random.chance(conditions.resetRate);
    const delays = [0, 1, 2].map(() => conditions.delayMinMs + random.exponential(conditions.delayMeanMs));
    const [delayMs = 0, lateMs = 0, againMs = 0] = delays;
    const replayMs = random.next() * conditions.replayMaxMs;
    const corruption = random.chance(conditions.corruptionRate);
    const corruptAt = random.next();
    if (isLost || isReset) return { arrivals: [], isReset };

    link.freeAtMs = Math.max(link.freeAtMs, nowMs) + bytes / conditions.bandwidthBytesPerMs;
    const waitMs = Math.max(link.freeAtMs, link.cloggedUntilMs) - nowMs;
    const first: Arrival = {
      delayMs: waitMs + delayMs + (isLate ? 1 + delayMs + 2 * lateMs : 0),
      isOrdered: !isLate,
      corruptAt: corruption ? corruptAt : undefined,
    };
    const copy = (ms: number): Arrival => ({ delayMs: waitMs + ms, isOrdered: false, corruptAt: undefined });
    return {
      arrivals: [
        first,
        ...(isTwice ? [copy(1 + delayMs + againMs)] : []),
        ...(isReplayed ? [copy(1 + delayMs + replayMs)] : []),
      ],
      isReset,
    };
  }

  #link(from: NodeId, to: NodeId): DirectedLink {
    const key = `${from}\n${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { random: this.#random.fork(key), freeAtMs: 0, cloggedUntilMs: 0 };
      this.#links.set(key, link);
    }
    return link;
  }
}

/** A copy of the bytes with the bit turned over that the arrival names. */
export function corrupted(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const bit = Math.floor(at * copy.length * 8);
  const index = bit >> 3;
  if (index < copy.length) copy[index] = (copy[index] as number) ^ (1 << (bit & 7));
  return copy;
}
