// The smallest transport there can be, for tests of what stands on one: every send to a known address arrives.
import {
  ActorError,
  formatAddress,
  type Lane,
  type NodeAddress,
  type PeerIdentity,
  type Transport,
  type TransportContext,
  type TransportFactory,
} from '../../src/index.ts';

type Receiver = (from: PeerIdentity, frame: Uint8Array, lane: Lane) => void;

export class Wire {
  readonly ends = new Map<string, WireEnd>();
  /** What a dial to the address fails with, instead of reaching it. */
  readonly failures = new Map<string, ActorError>();
  /** Frames to these addresses vanish. */
  readonly silent = new Set<string>();
  readonly factory: TransportFactory = (context) => new WireEnd(this, context);
}

export class WireEnd implements Transport {
  readonly kind = 'wire';
  readonly supports = { frameMaxBytes: 1_000, dialFailures: true, authenticated: false };
  readonly sent: Uint8Array[] = [];
  readonly #wire: Wire;
  readonly #context: TransportContext;
  readonly #receivers = new Set<Receiver>();
  readonly #links = new Set<(peer: PeerIdentity, up: boolean) => void>();
  readonly #failed = new Set<(to: NodeAddress, error: ActorError) => void>();
  #isUp = false;
  isStopped = false;

  constructor(wire: Wire, context: TransportContext) {
    this.#wire = wire;
    this.#context = context;
  }

  get identity(): PeerIdentity {
    const { nodeId, incarnation } = this.#context;
    return { nodeId, incarnation, address: this.address() };
  }

  address(): NodeAddress {
    if (!this.#isUp) throw new ActorError('ACTOR_NODE_NOT_STARTED', 'not started');
    return this.#context.listen;
  }

  start(): Promise<void> {
    this.#isUp = true;
    this.#wire.ends.set(formatAddress(this.#context.listen), this);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    this.#wire.ends.delete(formatAddress(this.#context.listen));
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  send(to: NodeAddress, frame: Uint8Array, lane: Lane): boolean {
    if (this.isStopped) return false;
    const address = formatAddress(to);
    this.sent.push(frame);
    const end = this.#wire.ends.get(address);
    const failure = this.#wire.failures.get(address) ?? new ActorError('ACTOR_NO_ROUTE', 'nobody there');
    if (this.#wire.silent.has(address)) return true;
    this.#context.runtime.macrotask(() => {
      if (end === undefined || this.#wire.failures.has(address)) {
        for (const listener of this.#failed) listener(to, failure);
      } else end.deliver(this.identity, frame, lane);
    });
    return true;
  }

  broadcast(): void {}

  deliver(from: PeerIdentity, frame: Uint8Array, lane: Lane = 'user'): void {
    for (const receiver of this.#receivers) receiver(from, frame, lane);
  }

  link(peer: PeerIdentity, up: boolean): void {
    for (const listener of this.#links) listener(peer, up);
  }

  receive(listener: Receiver): () => void {
    this.#receivers.add(listener);
    return () => this.#receivers.delete(listener);
  }

  onLink(listener: (peer: PeerIdentity, up: boolean) => void): () => void {
    this.#links.add(listener);
    return () => this.#links.delete(listener);
  }

  onDialFailed(listener: (to: NodeAddress, error: ActorError) => void): () => void {
    this.#failed.add(listener);
    return () => this.#failed.delete(listener);
  }
}
