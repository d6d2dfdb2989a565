// Node's version of the datagram seam: UDP.

import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';

import type { DatagramNetwork, DatagramPort } from './datagram.ts';
import { ActorError } from './errors.ts';
import { formatAddress, type NodeAddress } from './plugin/node.ts';
import type { Unsubscribe } from './plugin/startable.ts';

/** The UDP ports of this machine. */
export function systemDatagrams(): DatagramNetwork {
  return { bind };
}

async function bind(listen: NodeAddress): Promise<DatagramPort> {
  try {
    const { address, family } = await lookup(listen.host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(listen.port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new SystemDatagramPort(socket, listen.host);
  } catch (cause) {
    const at = formatAddress(listen);
    throw new ActorError('ACTOR_BIND_FAILED', `The UDP address ${at} can't be bound.`, {
      details: { address: at },
      cause,
    });
  }
}

class SystemDatagramPort implements DatagramPort {
  readonly #socket: Socket;
  readonly #address: NodeAddress;
  readonly #listeners = new Set<(from: NodeAddress, bytes: Uint8Array) => void>();
  #isClosed = false;

  constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#address = { host, port: socket.address().port };
    // Errors after binding are those of single datagrams: an unreachable peer that said so.
    socket.on('error', () => {});
    socket.on('message', (bytes, { address, port }) => {
      for (const listener of [...this.#listeners]) listener({ host: address, port }, bytes);
    });
  }

  address(): NodeAddress {
    return this.#address;
  }

  send(to: NodeAddress, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#socket.send(bytes, to.port, to.host, () => {});
    } catch {
      // Node throws for a port or host that can't be an address. To the sender that is one more lost datagram.
    }
  }

  receive(listener: (from: NodeAddress, bytes: Uint8Array) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
