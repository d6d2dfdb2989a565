// A network between two processes that a test can cut: everything goes through a proxy in the test's own process.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export type Cut = 'silent' | 'refused';

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rewrite: ((first: Buffer) => Buffer) | undefined;
  #target = 0;
  #cut: Cut | undefined;

  private constructor(rewrite?: (first: Buffer) => Buffer) {
    this.#rewrite = rewrite;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** `rewrite` changes the first bytes that the dialling side says. */
  static async open(rewrite?: (first: Buffer) => Buffer): Promise<Proxy> {
    const proxy = new Proxy(rewrite);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where connections go, from now on. */
  lead(port: number): void {
    this.#target = port;
  }

  /** `silent`: nothing passes, nobody is told. `refused`: connections break, and new ones do at once. */
  cut(how: Cut): void {
    this.#cut = how;
    for (const socket of this.#sockets) {
      if (how === 'silent') socket.pause();
      else socket.destroy();
    }
  }

  heal(): void {
    this.#cut = undefined;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    if (this.#cut === 'refused') {
      socket.destroy();
      return;
    }
    const onward = connect(this.#target, '127.0.0.1');
    let isFirst = true;
    socket.on('data', (bytes: Buffer) => {
      onward.write(isFirst && this.#rewrite !== undefined ? this.#rewrite(bytes) : bytes);
      isFirst = false;
    });
    onward.on('data', (bytes: Buffer) => void socket.write(bytes));
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.setNoDelay(true);
      this.#sockets.add(end);
      if (this.#cut === 'silent') end.pause();
      end.on('end', () => other.end());
      end.on('error', () => {});
      end.on('close', () => {
        this.#sockets.delete(end);
        other.destroy();
      });
    }
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
