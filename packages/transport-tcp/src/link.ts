// A link to one life of one node: a connection per lane. It is up from the moment all three are there until one of them
// breaks, or all of them have been ended by the other side.

import type { Socket } from 'node:net';
import type { Lane, PeerIdentity, Runtime, Timer } from '@actor/core';
import { ActorError } from '@actor/core';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Frame } from './frame.ts';
import type { Hello } from './hello.ts';

/** From the most to the least urgent, which is also the order in which a link's connections are opened. */
export const lanes: readonly Lane[] = ['control', 'user', 'bulk'];

/** How long the other lanes of an ending link may be silent after the first one has ended, in milliseconds. */
const lingerMs = 1_000;

export interface LinkOptions extends ConnectionOptions {
  readonly keepAliveMs: number;
  readonly keepAliveMissesMax: number;
  /** How long the connections may take to come together. */
  readonly openTimeoutMs: number;
}

export interface LinkEvents {
  onUp(link: Link): void;
  onFrame(link: Link, frame: Uint8Array, lane: Lane): void;
  /** Once, last; also for a link that never came up. */
  onDown(link: Link, error: Error | undefined): void;
}

export type LinkState = 'opening' | 'up' | 'ending' | 'down';

interface LaneEnd {
  readonly connection: Connection;
  isEnded: boolean;
  isClosed: boolean;
  misses: number;
}

export class Link {
  readonly peer: PeerIdentity;
  readonly id: string;
  readonly isDialledHere: boolean;
  /** What the peer takes. */
  readonly frameMaxBytes: number;
  readonly #options: LinkOptions;
  readonly #runtime: Runtime;
  readonly #events: LinkEvents;
  readonly #ends = new Map<Lane, LaneEnd>();
  #state: LinkState = 'opening';
  #wasUp = false;
  #timer: Timer;

  constructor(hello: Hello, isDialledHere: boolean, options: LinkOptions, events: LinkEvents) {
    this.peer = hello.identity;
    this.id = hello.linkId;
    this.frameMaxBytes = hello.frameMaxBytes;
    this.isDialledHere = isDialledHere;
    this.#options = options;
    this.#runtime = options.runtime;
    this.#events = events;
    this.#timer = this.#runtime.after(options.openTimeoutMs, () =>
      this.destroy(
        new ActorError('ACTOR_NO_ROUTE', 'The connections of a link did not come together in time.'),
      ),
    );
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Has link-up been reported? */
  get wasUp(): boolean {
    return this.#wasUp;
  }

  has(lane: Lane): boolean {
    return this.#ends.has(lane);
  }

  /** Adds the connection of a lane; the last one brings the link up. */
  add(lane: Lane, socket: Socket, rest: Buffer): void {
    // The news that this link took the place of another may have made a listener stop the transport.
    if (this.#state === 'down') {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#options, rest);
    this.#ends.set(lane, { connection, isEnded: false, isClosed: false, misses: 0 });
    // Until the link is up nothing is read, so the loss of a socket shows only here.
    socket.once('close', () => {
      if (this.#state === 'opening') this.destroy();
    });
    if (this.#ends.size < lanes.length) return;
    this.#timer.cancel();
    this.#state = 'up';
    this.#wasUp = true;
    this.#events.onUp(this);
    // A listener may have ended it.
    if (this.state !== 'up') return;
    for (const [each, end] of this.#ends) this.#open(each, end);
    this.#timer = this.#runtime.after(this.#options.keepAliveMs, () => this.#checkAlive());
  }

  /** Takes the frame, or returns false: the lane is full, the frame is too large for the peer, or the link is not up. */
  send(frame: Frame, lane: Lane): boolean {
    if (frame.byteLength > this.frameMaxBytes) return false;
    return this.#state === 'up' && this.#ends.get(lane)?.connection.send(frame) === true;
  }

  sendAll(frames: readonly Frame[], lane: Lane): void {
    this.#ends.get(lane)?.connection.sendAll(frames);
  }

  /** Sends what is queued, then ends. */
  end(): void {
    if (this.#state !== 'up') {
      this.destroy();
      return;
    }
    this.#state = 'ending';
    for (const { connection } of this.#ends.values()) connection.end();
  }

  destroy(error?: Error): void {
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#timer.cancel();
    for (const { connection } of this.#ends.values()) connection.destroy(error);
    this.#events.onDown(this, error);
  }

  /** Frames that were taken and never written. Only after link-down. */
  takeUnsent(lane: Lane): readonly Frame[] {
    return this.#ends.get(lane)?.connection.takeUnsent() ?? [];
  }

  #open(lane: Lane, end: LaneEnd): void {
    end.connection.open({
      onFrame: (bytes) => {
        if (this.#state === 'up' || this.#state === 'ending') this.#events.onFrame(this, bytes, lane);
      },
      onEnd: () => this.#onEnd(end),
      onClose: (error) => this.#onClose(end, error),
    });
  }

  #onEnd(end: LaneEnd): void {
    end.isEnded = true;
    if (this.#state === 'down') return;
    const isLast = [...this.#ends.values()].every((each) => each.isEnded);
    if (isLast || this.#state === 'ending') return;
    this.#state = 'ending';
    this.#timer.cancel();
    this.#linger();
  }

  // The other lanes may still bring what the peer sent before it ended, for as long as it takes.
  #linger(): void {
    this.#timer = this.#runtime.after(lingerMs, () => {
      const alive = [...this.#ends.values()].filter(({ connection }) => connection.checkAlive());
      if (alive.length > 0) this.#linger();
      else this.destroy();
    });
  }

  #onClose(end: LaneEnd, error: Error | undefined): void {
    end.isClosed = true;
    if (!end.isEnded || [...this.#ends.values()].every((each) => each.isClosed)) this.destroy(error);
  }

  #checkAlive(): void {
    for (const end of this.#ends.values()) {
      end.misses = end.connection.checkAlive() ? 0 : end.misses + 1;
      if (end.misses > this.#options.keepAliveMissesMax) {
        this.destroy(new ActorError('ACTOR_LINK_LOST', 'The other side gives no sign of life.'));
        return;
      }
    }
    this.#timer = this.#runtime.after(this.#options.keepAliveMs, () => this.#checkAlive());
  }
}
