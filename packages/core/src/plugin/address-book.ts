// Which address a node id has now, learnt from links and from whoever knows better, and the way to learn who is at an
// address: ask there until somebody answers.

import { ActorError, isActorError } from '../errors.ts';
import type { Runtime, Timer } from '../runtime.ts';
import type { Channels } from './channels.ts';
import type { AddressBook, Timing } from './context.ts';
import { formatAddress, type NodeAddress, type NodeId, type PeerIdentity } from './node.ts';
import type { Transport } from './transport.ts';

export interface AddressesOptions {
  readonly nodeId: NodeId;
  readonly transport: Transport;
  readonly channels: Channels;
  readonly runtime: Runtime;
  readonly timing: Timing;
  /** How long a dial and the answer to it may take before it counts as a failed try. */
  readonly answerMs: number;
  /** Nodes remembered; the one learnt longest ago is forgotten first. */
  readonly nodesMax: number;
}

interface Entry {
  readonly address: NodeAddress;
  readonly incarnation: number;
}

// What the two ends of `connect` say to each other: [kind, 1 byte][nonce, 4 bytes].
const who = 1;
const here = 2;
const refusals: ReadonlySet<string> = new Set(['ACTOR_UNAUTHENTICATED', 'ACTOR_PROTOCOL_MISMATCH']);

export class Addresses implements AddressBook {
  readonly #options: AddressesOptions;
  readonly #entries = new Map<NodeId, Entry>();
  /** By the address that was dialled. */
  readonly #answered = new Map<string, NodeId>();
  readonly #attempts = new Map<number, Attempt>();
  #nonce = 0;
  #isClosed = false;

  constructor(options: AddressesOptions) {
    this.#options = options;
    options.channels.onLink((peer, up) => {
      if (up) this.#meet(peer);
    });
    options.channels.own.receive((from, bytes) => this.#receive(from, bytes));
    options.transport.onDialFailed?.((to, error) => {
      for (const attempt of [...this.#attempts.values()]) attempt.dialFailed(to, error);
    });
  }

  addressOf(nodeId: NodeId): NodeAddress | undefined {
    return this.#entries.get(nodeId)?.address;
  }

  nodeAt(address: NodeAddress): NodeId | undefined {
    return this.#answered.get(formatAddress(address));
  }

  learn(nodeId: NodeId, address: NodeAddress): void {
    this.#remember(this.#entries, nodeId, {
      address,
      incarnation: this.#entries.get(nodeId)?.incarnation ?? 0,
    });
  }

  forget(nodeId: NodeId): void {
    this.#entries.delete(nodeId);
  }

  connect(address: NodeAddress, options: { readonly signal?: AbortSignal } = {}): Promise<PeerIdentity> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#isClosed) throw stopped();
      if (formatAddress(address) === formatAddress(this.#options.transport.address())) {
        throw noRoute(address, 'it is the address of this node itself');
      }
      const nonce = (this.#nonce = (this.#nonce + 1) >>> 0);
      const aborted = (): void => attempt.settle(() => reject(signal?.reason as Error));
      const attempt = new Attempt(address, this.#options, {
        ask: () => this.#say(address, who, nonce),
        answered: (peer) => {
          this.#answeredBy(address, peer.nodeId);
          resolve(peer);
        },
        failed: (error) => {
          // A transport may see by itself that it has dialled its own node.
          if (isActorError(error) && error.details['reason'] === 'self') {
            this.#answeredBy(address, this.#options.nodeId);
          }
          reject(error);
        },
        done: () => {
          this.#attempts.delete(nonce);
          signal?.removeEventListener('abort', aborted);
        },
      });
      this.#attempts.set(nonce, attempt);
      signal?.addEventListener('abort', aborted, { once: true });
      attempt.try();
    });
  }

  /** Fails what is under way, and every later `connect`. */
  close(): void {
    this.#isClosed = true;
    for (const attempt of [...this.#attempts.values()]) attempt.fail(stopped());
  }

  #meet(peer: PeerIdentity): void {
    const known = this.#entries.get(peer.nodeId);
    // The link of an older life may come up late.
    if (known !== undefined && known.incarnation > peer.incarnation) return;
    this.#remember(this.#entries, peer.nodeId, peer);
  }

  #answeredBy(address: NodeAddress, nodeId: NodeId): void {
    this.#remember(this.#answered, formatAddress(address), nodeId);
  }

  /** What was learnt longest ago is forgotten first. */
  #remember<V>(entries: Map<string, V>, key: string, value: V): void {
    entries.delete(key);
    entries.set(key, value);
    for (const oldest of entries.keys()) {
      if (entries.size <= this.#options.nodesMax) break;
      entries.delete(oldest);
    }
  }

  #say(address: NodeAddress, kind: number, nonce: number): boolean {
    const bytes = new Uint8Array(5);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, kind);
    view.setUint32(1, nonce);
    return this.#options.channels.own.sendTo(address, bytes);
  }

  #receive(from: PeerIdentity, bytes: Uint8Array): void {
    if (bytes.length !== 5) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const nonce = view.getUint32(1);
    if (view.getUint8(0) === who) this.#say(from.address, here, nonce);
    else if (view.getUint8(0) === here) this.#attempts.get(nonce)?.answer(from);
  }
}

interface Conversation {
  readonly ask: () => boolean;
  readonly answered: (peer: PeerIdentity) => void;
  readonly failed: (error: Error) => void;
  readonly done: () => void;
}

/** One `connect`: tries, each of which ends by an answer, a failed dial or silence. */
class Attempt {
  readonly #address: NodeAddress;
  readonly #options: AddressesOptions;
  readonly #conversation: Conversation;
  #tries = 0;
  #timer: Timer | undefined;
  #isTrying = false;
  #isSettled = false;
  #lastFailure: ActorError | undefined;

  constructor(address: NodeAddress, options: AddressesOptions, conversation: Conversation) {
    this.#address = address;
    this.#options = options;
    this.#conversation = conversation;
  }

  try(): void {
    const { runtime, answerMs } = this.#options;
    this.#tries += 1;
    this.#isTrying = true;
    this.#timer = runtime.after(answerMs, () => this.#tryFailed());
    // The failure may be reported before `ask` returns, and then this try is over already.
    if (!this.#conversation.ask() && this.#isTrying) this.#tryFailed();
  }

  answer(peer: PeerIdentity): void {
    this.settle(() => this.#conversation.answered(peer));
  }

  dialFailed(to: NodeAddress, error: ActorError): void {
    if (formatAddress(to) !== formatAddress(this.#address)) return;
    this.#lastFailure = error;
    if (refusals.has(error.code)) this.fail(error);
    // A transport dials again by itself; its failures between two tries are no tries of ours.
    else if (this.#isTrying) this.#tryFailed();
  }

  fail(error: Error): void {
    this.settle(() => this.#conversation.failed(error));
  }

  settle(how: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#conversation.done();
    how();
  }

  #tryFailed(): void {
    const { runtime, timing } = this.#options;
    this.#isTrying = false;
    this.#timer?.cancel();
    if (this.#isSettled) return;
    if (this.#tries > timing.maxRetries) {
      const tries = `${this.#tries} ${this.#tries === 1 ? 'try' : 'tries'}`;
      this.fail(noRoute(this.#address, `nobody answered after ${tries}`, this.#lastFailure));
      return;
    }
    const jitter = 0.5 + runtime.random();
    this.#timer = runtime.after(timing.retryDelayMs * jitter, () => this.try());
  }
}

function noRoute(to: NodeAddress, why: string, cause?: ActorError): ActorError {
  const address = formatAddress(to);
  const options = { details: { address }, ...(cause === undefined ? {} : { cause }) };
  return new ActorError('ACTOR_NO_ROUTE', `No node at ${address}: ${why}.`, options);
}

function stopped(): ActorError {
  return new ActorError('ACTOR_NODE_STOPPED', 'The node has been stopped.');
}
