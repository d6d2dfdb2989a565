// The accepting side up to the hello. Until a connection has said who it is, it costs a bounded number of sockets, of bytes
// and of milliseconds, in total and per address: nobody can hold the door by standing in it.

import { createServer, type Server, type Socket } from 'node:net';
import { ActorError, formatAddress, type NodeAddress, type Runtime } from '@actor/core';
import { type HelloOutcome, readHello } from './handshake.ts';
import type { Acceptor, Security } from './security.ts';

export interface ListenerOptions {
  readonly security: Security;
  readonly runtime: Runtime;
  readonly handshakeTimeoutMs: number;
  readonly pendingMax: number;
  readonly pendingPerAddressMax: number;
}

/** Why a connection ended before its hello was read. */
export type Turnaway =
  | 'too-many-pending'
  | 'too-many-pending-of-address'
  | 'too-slow'
  | 'unauthenticated'
  /** The system could not accept it: no file handle is left, say. */
  | 'not-accepted';

export interface Arrival {
  readonly socket: Socket;
  readonly result: HelloOutcome;
  /** What came behind the hello. */
  readonly rest: Buffer;
  readonly keep: () => void;
}

export interface ListenerEvents {
  /**
   * A hello, or bytes that are none. `keep` makes the socket the receiver's for good; without it the deadline stands, and
   * closes a peer that was refused and does not go.
   */
  onHello(arrival: Arrival): void;
  onTurnedAway(why: Turnaway, from: string, error?: Error): void;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #events: ListenerEvents;
  readonly #server: Server;
  readonly #acceptor: Acceptor;
  /** Unauthenticated connections, and how many of them each remote address has. */
  readonly #pending = new Set<Socket>();
  readonly #pendingOf = new Map<string, number>();
  /** The accepted socket of each remote end, which is how a TLS socket finds the one it is made of. */
  readonly #settle = new Map<string, () => void>();

  constructor(options: ListenerOptions, events: ListenerEvents) {
    this.#options = options;
    this.#events = events;
    this.#server = createServer({ noDelay: true }, (raw) => this.#accept(raw));
    this.#acceptor = options.security.acceptor({
      onSecure: (socket) => this.#onSecure(socket),
      onRefused: (error, from = 'a closed socket') =>
        this.#events.onTurnedAway('unauthenticated', from, error),
    });
  }

  /**
   * Binds, and returns the address that it got.
   * @throws {@link ActorError} ACTOR_BIND_FAILED when the port is taken or the host is not one of this machine's,
   * ACTOR_NODE_STOPPED when it is closed meanwhile.
   */
  bind({ host, port }: NodeAddress): Promise<NodeAddress> {
    return new Promise((resolve, reject) => {
      this.#server.on('error', (cause) => {
        if (this.#server.listening) {
          this.#events.onTurnedAway('not-accepted', 'a peer', cause);
          return;
        }
        const error = `Can't listen on ${formatAddress({ host, port })}: ${cause.message}`;
        reject(new ActorError('ACTOR_BIND_FAILED', error, { details: { host, port }, cause }));
      });
      this.#server.once('close', () =>
        reject(new ActorError('ACTOR_NODE_STOPPED', 'The listener was closed before it was bound.')),
      );
      this.#server.listen({ host, port }, () => {
        const bound = this.#server.address();
        if (bound !== null && typeof bound === 'object') resolve({ host: bound.address, port: bound.port });
      });
    });
  }

  /** The port is free when this returns; connections that have said hello stay. */
  close(): void {
    this.#server.close();
    this.#acceptor.close();
    for (const raw of [...this.#pending]) raw.destroy();
  }

  #accept(raw: Socket): void {
    const address = raw.remoteAddress;
    // Closed again before it was accepted.
    if (address === undefined) {
      raw.destroy();
      return;
    }
    raw.on('error', () => {});
    const ofAddress = this.#pendingOf.get(address) ?? 0;
    const why = this.#isFull(ofAddress);
    if (why !== undefined) {
      raw.destroy();
      this.#events.onTurnedAway(why, address);
      return;
    }
    this.#pending.add(raw);
    this.#pendingOf.set(address, ofAddress + 1);
    const timer = this.#options.runtime.after(this.#options.handshakeTimeoutMs, () => {
      raw.destroy();
      this.#events.onTurnedAway('too-slow', address);
    });
    const end = endOf(raw);
    const settle = (): void => {
      if (!this.#pending.delete(raw)) return;
      timer.cancel();
      this.#settle.delete(end);
      const left = (this.#pendingOf.get(address) ?? 1) - 1;
      if (left === 0) this.#pendingOf.delete(address);
      else this.#pendingOf.set(address, left);
    };
    this.#settle.set(end, settle);
    raw.once('close', settle);
    this.#acceptor.accept(raw);
  }

  #isFull(ofAddress: number): Turnaway | undefined {
    if (this.#pending.size >= this.#options.pendingMax) return 'too-many-pending';
    return ofAddress >= this.#options.pendingPerAddressMax ? 'too-many-pending-of-address' : undefined;
  }

  #onSecure(socket: Socket): void {
    const keep = this.#settle.get(endOf(socket));
    socket.on('error', () => {});
    if (keep === undefined) socket.destroy();
    else readHello(socket, (result, rest) => this.#events.onHello({ socket, result, rest, keep }));
  }
}

function endOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
