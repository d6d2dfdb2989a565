// The way to an etcd, which a test can cut and heal at once.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class OutageProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: string) {
    const { hostname, port } = new URL(target);
    this.#server = createServer((socket) => this.#accept(socket, hostname, Number(port)));
  }

  static async open(target: string): Promise<OutageProxy> {
    const proxy = new OutageProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks what is connected, and from now on whatever tries to. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket, host: string, port: number): void {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const onward = connect(port, host);
    for (const end of [socket, onward]) {
      this.#sockets.add(end);
      end.setNoDelay(true);
      end.on('error', () => {});
      end.on('close', () => {
        this.#sockets.delete(end);
        (end === socket ? onward : socket).destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  }
}
