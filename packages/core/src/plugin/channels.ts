// Many named channels over one transport. A frame is [length of the name, 1 byte][name, UTF-8][payload]; the empty name
// is the host's own. A peer's broken or unexpected frame costs itself, a count and a bounded number of warnings.

import { ActorError } from '../errors.ts';
import type { Channel } from './context.ts';
import type { Logger } from './logger.ts';
import type { Counter, Metrics } from './metrics.ts';
import type { NodeAddress, NodeId, PeerIdentity } from './node.ts';
import type { Unsubscribe } from './startable.ts';
import type { Lane, Transport } from './transport.ts';

type Receiver = (from: PeerIdentity, bytes: Uint8Array) => void;
type LinkListener = (peer: PeerIdentity, up: boolean) => void;

export interface ChannelsOptions {
  readonly transport: Transport;
  readonly addressOf: (nodeId: NodeId) => NodeAddress | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** At most this many warnings about frames that no channel takes; all are counted. */
  readonly warningsMax: number;
}

const nameMaxBytes = 32;

export class Channels {
  /** The host's own. */
  readonly own: NamedChannel;
  readonly #options: ChannelsOptions;
  readonly #channels: NamedChannel[] = [];
  readonly #links = new Map<string, PeerIdentity>();
  readonly #linkListeners = new Set<LinkListener>();
  readonly #warned = new Set<string>();
  readonly #unheard: Counter;
  readonly #broken: Counter;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.#unheard = options.metrics.counter(
      'actor_frames_unheard_total',
      'Frames for a channel without listener.',
    );
    this.#broken = options.metrics.counter(
      'actor_frames_broken_total',
      'Frames whose header makes no sense.',
    );
    this.own = this.#add('', new Uint8Array(0), 'control');
    options.transport.receive((from, frame) => this.#receive(from, frame));
    options.transport.onLink((peer, up) => this.#link(peer, up));
  }

  open(name: string, lane: Lane): Channel {
    const known = this.#channels.find((channel) => channel.name === name);
    const encoded = new TextEncoder().encode(name);
    if (encoded.length === 0 || encoded.length > nameMaxBytes) {
      const why = `The name of a channel has 1 to ${nameMaxBytes} bytes; "${name}" has ${encoded.length}.`;
      throw new ActorError('ACTOR_CONFIG_INVALID', why, { details: { path: 'channel', value: name } });
    }
    return known ?? this.#add(name, encoded, lane);
  }

  onLink(listener: LinkListener): Unsubscribe {
    // A wrapper makes each subscription its own, also when one function subscribes twice.
    const subscribed: LinkListener = (peer, up) => listener(peer, up);
    this.#linkListeners.add(subscribed);
    for (const peer of [...this.#links.values()])
      this.#guard('a link listener', () => subscribed(peer, true));
    return () => void this.#linkListeners.delete(subscribed);
  }

  #add(name: string, encoded: Uint8Array, lane: Lane): NamedChannel {
    const channel = new NamedChannel(name, encoded, lane, this.#options, (listener) => this.onLink(listener));
    this.#channels.push(channel);
    return channel;
  }

  #receive(from: PeerIdentity, frame: Uint8Array): void {
    const length = frame[0];
    if (length === undefined || length > nameMaxBytes || frame.length < 1 + length) {
      this.#broken.add();
      this.#warnOnce(`broken from ${from.nodeId}`, from, 'A peer sent a frame with a broken header.');
      return;
    }
    const channel = this.#named(frame);
    const receiver = channel?.receiver;
    if (channel === undefined || receiver === undefined) {
      this.#unheard.add();
      const name = new TextDecoder().decode(frame.subarray(1, 1 + length));
      this.#warnOnce(
        `unheard ${name}`,
        from,
        'Nobody listens to the channel here; its messages are dropped.',
        name,
      );
      return;
    }
    try {
      receiver(from, frame.subarray(1 + length));
    } catch (error) {
      this.#survived(error, channel.name);
    }
  }

  #named(frame: Uint8Array): NamedChannel | undefined {
    for (const channel of this.#channels) if (channel.owns(frame)) return channel;
    return undefined;
  }

  #link(peer: PeerIdentity, up: boolean): void {
    const key = `${peer.incarnation} ${peer.nodeId}`;
    if (up) this.#links.set(key, peer);
    else this.#links.delete(key);
    for (const listener of [...this.#linkListeners]) {
      // One listener may end another's subscription.
      if (this.#linkListeners.has(listener)) this.#guard('a link listener', () => listener(peer, up));
    }
  }

  #guard(what: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#survived(error, what);
    }
  }

  // A listener that throws would take the transport's connection with it, and a peer chose what it was given.
  #survived(error: unknown, what: string): void {
    this.#options.logger.error({ err: error, channel: what }, 'A channel listener threw.');
  }

  /** What the peer chose goes into the fields, which a logger escapes. */
  #warnOnce(key: string, { nodeId, incarnation }: PeerIdentity, message: string, channel?: string): void {
    if (this.#warned.has(key) || this.#warned.size >= this.#options.warningsMax) return;
    this.#warned.add(key);
    this.#options.logger.warn({ peer: nodeId, incarnation, channel }, message);
  }
}

/** One name on the transport. */
export class NamedChannel implements Channel {
  readonly name: string;
  readonly #header: Uint8Array;
  /** Room before the header, for the transport. */
  readonly #room: number;
  readonly #lane: Lane;
  readonly #options: ChannelsOptions;
  readonly #onLink: (listener: LinkListener) => Unsubscribe;
  #receiver: Receiver | undefined;

  constructor(
    name: string,
    encoded: Uint8Array,
    lane: Lane,
    options: ChannelsOptions,
    onLink: (listener: LinkListener) => Unsubscribe,
  ) {
    this.name = name;
    this.#header = Uint8Array.of(encoded.length, ...encoded);
    const { transport } = options;
    this.#room = transport.sendInPlace === undefined ? 0 : (transport.supports.headBytes ?? 0);
    this.#lane = lane;
    this.#options = options;
    this.#onLink = onLink;
  }

  get headBytes(): number {
    return this.#room + this.#header.length;
  }

  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  owns(frame: Uint8Array): boolean {
    const header = this.#header;
    for (let i = 0; i < header.length; i += 1) if (frame[i] !== header[i]) return false;
    return true;
  }

  send(to: NodeId, bytes: Uint8Array): boolean {
    const address = this.#options.addressOf(to);
    return address !== undefined && this.sendTo(address, bytes);
  }

  get ownFrames(): boolean {
    return this.#options.transport.supports.ownFrames === true;
  }

  sendInPlace(to: NodeId, frame: Uint8Array, tail?: Uint8Array): boolean {
    const { addressOf, transport } = this.#options;
    const address = addressOf(to);
    if (address === undefined) return false;
    frame.set(this.#header, this.#room);
    if (transport.sendInPlace !== undefined) return transport.sendInPlace(address, frame, tail, this.#lane);
    return transport.send(address, tail === undefined ? frame : joined(frame, tail), this.#lane);
  }

  /** For the host, which speaks to addresses before it knows who is there. */
  sendTo(address: NodeAddress, bytes: Uint8Array): boolean {
    return this.#options.transport.send(address, joined(this.#header, bytes), this.#lane);
  }

  receive(listener: Receiver): Unsubscribe {
    if (this.#receiver !== undefined) {
      throw new ActorError('ACTOR_NAME_TAKEN', `Channel "${this.name}" has a listener already.`, {
        details: { channel: this.name },
      });
    }
    const receiver: Receiver = (from, bytes) => listener(from, bytes);
    this.#receiver = receiver;
    return () => {
      if (this.#receiver === receiver) this.#receiver = undefined;
    };
  }

  onLink(listener: LinkListener): Unsubscribe {
    return this.#onLink(listener);
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const frame = new Uint8Array(head.length + tail.length);
  frame.set(head);
  frame.set(tail, head.length);
  return frame;
}
