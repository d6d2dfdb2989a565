// moleculer over its own TCP transporter: events for what goes one way, actions for asks. Its serializer writes JSON,
// so a binary payload travels as base64.
import { ServiceBroker, type BrokerOptions } from 'moleculer';
import type { Received, Receiver, RemoteClient } from './contender.ts';
import type { Message } from './kinds.ts';

const options = (nodeID: string, urls: readonly string[]): BrokerOptions => ({
  nodeID,
  logger: false,
  transporter: {
    type: 'TCP',
    options: { udpDiscovery: false, useHostname: false, urls, maxPacketSize: 64 * 1_024 * 1_024 },
  },
});

/** The transporter writes the port that it got into its own options. */
function portOf(broker: ServiceBroker): number {
  const { transit } = broker as unknown as { transit: { tx: { opts: { port: number } } } };
  return transit.tx.opts.port;
}

export async function serveMoleculer(receiver: Receiver): Promise<string> {
  const broker = new ServiceBroker(options('server', []));
  broker.createService({
    name: 'receiver',
    actions: {
      ask: (context: { params: { kind: number; message: Message } }) =>
        receiver.take(context.params.kind, context.params.message),
      received: (): Received => ({ messages: receiver.messages, bytes: receiver.bytes }),
    },
    events: {
      'receiver.tell': (context: { params: { kind: number; message: Message } }) => {
        receiver.take(context.params.kind, context.params.message);
      },
      'receiver.bytes': (context: { params: string }) =>
        receiver.takeBytes(Buffer.from(context.params, 'base64')),
    },
  });
  await broker.start();
  return `127.0.0.1:${portOf(broker)}/server`;
}

export class MoleculerClient implements RemoteClient {
  readonly #broker: ServiceBroker;

  private constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  static async connect(address: string): Promise<MoleculerClient> {
    const broker = new ServiceBroker(options('client', [address]));
    await broker.start();
    await broker.waitForServices('receiver', 10_000, 20);
    return new MoleculerClient(broker);
  }

  tell(kind: number, message: Message): boolean {
    void this.#broker.emit('receiver.tell', { kind, message });
    return true;
  }

  ask(kind: number, message: Message): Promise<number> {
    return this.#broker.call<number, object>('receiver.ask', { kind, message });
  }

  tellBytes(bytes: Uint8Array): boolean {
    const { buffer, byteLength, byteOffset } = bytes;
    void this.#broker.emit('receiver.bytes', Buffer.from(buffer, byteOffset, byteLength).toString('base64'));
    return true;
  }

  received(): Promise<Received> {
    return this.#broker.call<Received>('receiver.received');
  }

  stop(): Promise<void> {
    return this.#broker.stop();
  }
}
