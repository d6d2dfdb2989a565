// Datagrams over the link model: lost, late, repeated, reordered and cut off as it says, on virtual time.

import type { DatagramNetwork, DatagramPort } from '../datagram.ts';
import { ActorError } from '../errors.ts';
import { formatAddress, type NodeAddress } from '../plugin/node.ts';
import type { Unsubscribe } from '../plugin/startable.ts';
import { corrupted, type LinkModel } from './link-model.ts';
import type { SimulatedRuntime } from './simulated-runtime.ts';
import type { Simulation } from './simulation.ts';

/** As UDP over IPv4: what is larger never arrives. */
const datagramMaxBytes = 65_507;

export interface SimulatedDatagramsOptions {
  readonly simulation: Simulation;
  /** The model of a {@link FaultNetwork}, so that its partitions cut datagrams too, or one of its own. */
  readonly model: LinkModel;
}

export class SimulatedDatagrams {
  readonly #options: SimulatedDatagramsOptions;
  readonly #ports = new Map<string, SimulatedPort>();
  #nextPort = 1;

  constructor(options: SimulatedDatagramsOptions) {
    this.#options = options;
  }

  /** The network as the process sees it. */
  of(runtime: SimulatedRuntime): DatagramNetwork {
    return { bind: (listen) => Promise.resolve().then(() => this.#bind(runtime, listen)) };
  }

  #bind(runtime: SimulatedRuntime, listen: NodeAddress): DatagramPort {
    const address = listen.port === 0 ? { ...listen, port: this.#freePort(listen.host) } : listen;
    const key = formatAddress(address);
    if (this.#ports.get(key)?.isOpen === true) {
      throw new ActorError('ACTOR_BIND_FAILED', `The datagram address ${key} is taken.`, {
        details: { address: key },
      });
    }
    const port = new SimulatedPort(runtime, address, (to, bytes) => this.#carry(port, to, bytes));
    this.#ports.set(key, port);
    return port;
  }

  #freePort(host: string): number {
    while (this.#ports.get(formatAddress({ host, port: this.#nextPort }))?.isOpen === true)
      this.#nextPort += 1;
    return this.#nextPort;
  }

  #carry(from: SimulatedPort, to: NodeAddress, bytes: Uint8Array): void {
    const port = this.#ports.get(formatAddress(to));
    if (port === undefined || bytes.length > datagramMaxBytes) return;
    const { model, simulation } = this.#options;
    const ends = { from: from.runtime.node, to: port.runtime.node };
    const { arrivals } = model.fate({ ...ends, bytes: bytes.length, nowMs: simulation.nowMs });
    for (const { delayMs, corruptAt } of arrivals) {
      const arrived = corruptAt === undefined ? bytes.slice() : corrupted(bytes, corruptAt);
      port.runtime.input(Math.max(delayMs, 0.001), () => port.deliver(from.address(), arrived));
    }
  }
}

class SimulatedPort implements DatagramPort {
  readonly runtime: SimulatedRuntime;
  readonly #address: NodeAddress;
  readonly #carry: (to: NodeAddress, bytes: Uint8Array) => void;
  readonly #listeners = new Set<(from: NodeAddress, bytes: Uint8Array) => void>();
  #isClosed = false;

  constructor(
    runtime: SimulatedRuntime,
    address: NodeAddress,
    carry: (to: NodeAddress, bytes: Uint8Array) => void,
  ) {
    this.runtime = runtime;
    this.#address = address;
    this.#carry = carry;
  }

  /** Closed, or left behind by a process that was killed. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.runtime.isDead;
  }

  address(): NodeAddress {
    return this.#address;
  }

  send(to: NodeAddress, bytes: Uint8Array): void {
    if (this.isOpen) this.#carry(to, bytes);
  }

  receive(listener: (from: NodeAddress, bytes: Uint8Array) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  deliver(from: NodeAddress, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    for (const listener of [...this.#listeners]) listener(from, bytes);
  }
}
