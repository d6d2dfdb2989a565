// A network with faults around any transports: partitions, delays, resets, and, for what must survive a hostile network,
// loss, duplication, reordering and corruption. One network is shared by all transports that it wraps, of whatever kind,
// so one call cuts both ends of a link at one instant. Time comes from each transport's own runtime only.

import { formatAddress, type NodeAddress, type NodeId } from '../plugin/node.ts';
import type { Runtime } from '../runtime.ts';
import type { TransportFactory } from '../plugin/transport.ts';
import { FaultTransport } from './fault-transport.ts';
import { type LinkConditions, LinkModel, type LinkPattern } from './link-model.ts';
import { RandomStream } from './random-stream.ts';

export interface FaultNetworkOptions {
  /** The same seed, and the same frames, give the same faults. */
  readonly seed: number;
  /**
   * Faults that keep the transport's contract: frames come late, but in order, and what is lost is lost with its link.
   * @defaultValue none
   */
  readonly conditions?: Partial<
    Pick<LinkConditions, 'delayMinMs' | 'delayMeanMs' | 'bandwidthBytesPerMs' | 'resetRate'>
  >;
  /**
   * Faults that break the transport's contract, for code that claims to survive those: frames vanish, come twice, late,
   * out of order or changed while their link stays up. Nothing that relies on the contract may be tested with them.
   * @defaultValue none
   */
  readonly hostile?: Partial<
    Pick<
      LinkConditions,
      'lossRate' | 'duplicationRate' | 'replayRate' | 'replayMaxMs' | 'reorderRate' | 'corruptionRate'
    >
  >;
  /**
   * How long a link stays up after a partition has cut it, in milliseconds: how soon the system notices. Frames are lost
   * from the beginning. `Infinity`: links are reset when the partition ends, not before.
   * @defaultValue 0
   */
  readonly noticeMs?: number;
  /**
   * How long a dial into a partition takes to fail, in milliseconds.
   * @defaultValue 1
   */
  readonly dialFailMs?: number;
}

/** Undoes the fault. What else is in force stays so. */
export type Mend = () => void;

export class FaultNetwork {
  readonly model: LinkModel;
  readonly noticeMs: number;
  readonly dialFailMs: number;
  readonly #random: RandomStream;
  readonly #transports = new Set<FaultTransport>();
  readonly #nodes = new Map<string, NodeId>();

  constructor(options: FaultNetworkOptions) {
    const root = new RandomStream(options.seed);
    this.#random = root.fork('network');
    this.model = new LinkModel(root.fork('links'), { ...options.conditions, ...options.hostile });
    this.noticeMs = options.noticeMs ?? 0;
    this.dialFailMs = options.dialFailMs ?? 1;
  }

  /** The same transports, but on this network. Ends that are not wrapped are reached as if there were no faults. */
  wrap(factory: TransportFactory): TransportFactory {
    return (context) => {
      const transport = new FaultTransport(factory(context), context, this);
      this.#transports.add(transport);
      return transport;
    };
  }

  /** Nodes of different groups don't reach each other; a node of no group reaches all. */
  partition(...groups: readonly (readonly NodeId[])[]): Mend {
    const group = new Map(groups.flatMap((nodes, index) => nodes.map((nodeId) => [nodeId, index] as const)));
    return this.#cut((from, to) => {
      const [a, b] = [group.get(from), group.get(to)];
      return a !== undefined && b !== undefined && a !== b;
    });
  }

  /** Nobody reaches the node, and it reaches nobody. */
  isolate(nodeId: NodeId): Mend {
    return this.#cut((from, to) => from === nodeId || to === nodeId);
  }

  /** Frames of the first get lost on their way to the second; the other direction works while its links last. */
  oneWay(from: readonly NodeId[], to: readonly NodeId[]): Mend {
    return this.#cut((a, b) => from.includes(a) && to.includes(b));
  }

  /** A random half of the nodes apart from the rest. Returns the two sides with the mend. */
  halves(nodes: readonly NodeId[]): { readonly sides: readonly (readonly NodeId[])[]; readonly mend: Mend } {
    const shuffled = this.#random.shuffle(nodes);
    const middle = Math.ceil(shuffled.length / 2);
    const sides = [shuffled.slice(0, middle), shuffled.slice(middle)];
    return { sides, mend: this.partition(...sides) };
  }

  /** Two random sides that both still reach one node, the bridge. */
  bridge(nodes: readonly NodeId[]): {
    readonly bridge: NodeId;
    readonly sides: readonly (readonly NodeId[])[];
    readonly mend: Mend;
  } {
    const [bridge = '', ...rest] = this.#random.shuffle(nodes);
    return { bridge, ...this.halves(rest) };
  }

  /** A partition that comes and goes, each for `periodMs`, until it is mended. The clock may be a simulation. */
  flipFlop(
    groups: readonly (readonly NodeId[])[],
    options: { readonly periodMs: number; readonly clock: Pick<Runtime, 'after'> },
  ): Mend {
    let mend: Mend | undefined;
    let isOver = false;
    const flip = (): void => {
      if (isOver) return;
      if (mend === undefined) mend = this.partition(...groups);
      else {
        mend();
        mend = undefined;
      }
      timer = options.clock.after(options.periodMs, flip);
    };
    let timer = options.clock.after(0, flip);
    return () => {
      isOver = true;
      timer.cancel();
      mend?.();
    };
  }

  /** Ends every partition. Conditions stay. */
  heal(): void {
    this.model.heal();
    this.#changed();
  }

  /** The link between the two breaks and is up again: what was in flight is lost. */
  reset(a: NodeId, b: NodeId): void {
    for (const transport of this.#transports) {
      if (transport.nodeId === a) transport.reset(b);
      if (transport.nodeId === b) transport.reset(a);
    }
  }

  /** Every frame takes `delayMinMs` and an exponentially distributed time with mean `delayMeanMs` more. */
  setDelay(
    delay: { readonly delayMinMs?: number; readonly delayMeanMs?: number },
    pattern?: LinkPattern,
  ): void {
    this.model.set({ delayMinMs: delay.delayMinMs ?? 0, delayMeanMs: delay.delayMeanMs ?? 0 }, pattern);
  }

  /** Breaks the transport's contract. */
  setLoss(lossRate: number, pattern?: LinkPattern): void {
    this.model.set({ lossRate }, pattern);
  }

  /** Any conditions, of all links or of some. */
  set(conditions: Partial<LinkConditions>, pattern?: LinkPattern): void {
    this.model.set(conditions, pattern);
  }

  /** Holds the frames to these nodes back for so long, on their own clocks. In order, and nothing is lost. */
  clog(to: readonly NodeId[], forMs: number): void {
    for (const transport of this.#transports) {
      if (to.includes(transport.nodeId)) transport.clog(forMs);
    }
  }

  /** The node that was last started at the address. */
  nodeAt(address: NodeAddress): NodeId | undefined {
    return this.#nodes.get(formatAddress(address));
  }

  /** @internal */
  started(transport: FaultTransport): void {
    this.model.restarted(transport.nodeId);
    this.#nodes.set(formatAddress(transport.address()), transport.nodeId);
  }

  /** @internal */
  stopped(transport: FaultTransport): void {
    this.#transports.delete(transport);
  }

  #cut(blocks: (from: NodeId, to: NodeId) => boolean): Mend {
    const mend = this.model.cut(blocks);
    this.#changed();
    return () => {
      mend();
      this.#changed();
    };
  }

  #changed(): void {
    for (const transport of this.#transports) transport.cutsChanged();
  }
}

/** A transport factory with the network that its transports are on. */
export type FaultyTransportFactory = TransportFactory & { readonly network: FaultNetwork };

/**
 * The same transports on a network with faults. Use the factory for all nodes, or `network.wrap` for further ones.
 *
 * @example
 * const transport = faultNetwork(memory({ fabric }), { seed: 7, conditions: { delayMeanMs: 2 } });
 * // … nodes a, b and c with this transport …
 * transport.network.partition(['a'], ['b', 'c']);
 */
export function faultNetwork(
  transport: TransportFactory,
  options: FaultNetworkOptions,
): FaultyTransportFactory {
  const network = new FaultNetwork(options);
  return Object.assign(network.wrap(transport), { network });
}
