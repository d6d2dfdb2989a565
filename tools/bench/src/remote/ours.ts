// This project between two processes, by its public API: a node each, and typed refs by address.
import { ClusterManager } from '@actor/cluster';
import { actor, ask, bounded, isActorError, protocol, silentLogger, tell, type ActorRef } from '@actor/core';
import { tcp } from '@actor/transport-tcp';
import type { Received, Receiver, RemoteClient } from './contender.ts';
import { kinds, type Message } from './kinds.ts';

const messages = { record: tell<Message>(), confirm: ask<Message, number>() };
const contracts = kinds.map(({ name }) => protocol(name, messages));
const Sink = protocol('sink', { take: tell<Uint8Array>(), received: ask<void, Received>() });

/** More than the workload ever has on its way. */
const mailbox = bounded(100_000, 'reject');

const newNode = (nodeName: string, isEncrypted: boolean, joinAddresses: readonly string[]): ClusterManager =>
  new ClusterManager({
    clusterName: 'bench',
    nodeName,
    transport: tcp(
      isEncrypted ? { secret: 'a secret that both sides of the benchmark know' } : { insecure: true },
    ),
    joinAddresses,
    logger: silentLogger,
  });

export async function serveOurs(receiver: Receiver, isEncrypted: boolean): Promise<string> {
  const node = newNode('server', isEncrypted, []);
  await node.start();
  for (const [kind, contract] of contracts.entries())
    node.registerActor(
      actor(contract, {
        mailbox,
        on: {
          record(_ctx, message) {
            receiver.take(kind, message);
          },
          confirm: (_ctx, message) => receiver.take(kind, message),
        },
      }),
      { name: contract.name },
    );
  node.registerActor(
    actor(Sink, {
      on: {
        take(_ctx, bytes) {
          receiver.takeBytes(bytes);
        },
        received: () => ({ messages: receiver.messages, bytes: receiver.bytes }),
      },
    }),
    { name: 'sink' },
  );
  return node.address;
}

export class OursClient implements RemoteClient {
  readonly #node: ClusterManager;
  readonly #refs: readonly ActorRef<(typeof contracts)[number]>[];
  readonly #sink: ActorRef<typeof Sink>;
  #received: Received = { messages: 0, bytes: 0 };

  private constructor(node: ClusterManager, address: string) {
    this.#node = node;
    this.#refs = contracts.map((contract) => node.ref(contract, `${address}/${contract.name}`));
    this.#sink = node.ref(Sink, `${address}/sink`);
  }

  static async connect(address: string, isEncrypted: boolean): Promise<OursClient> {
    const node = newNode('client', isEncrypted, [address.replace('tcp://', '')]);
    await node.start();
    return new OursClient(node, address);
  }

  tell(kind: number, message: Message): boolean {
    return this.#refs[kind]?.tell.record(message) === 'accepted';
  }

  ask(kind: number, message: Message): Promise<number> {
    const ref = this.#refs[kind];
    if (ref === undefined) throw new Error(`There is no kind ${kind}.`);
    return ref.ask.confirm(message);
  }

  tellBytes(bytes: Uint8Array): boolean {
    return this.#sink.tell.take(bytes) === 'accepted';
  }

  /** When the queue is full, there is no room for the question either; then what was known stands. */
  async received(): Promise<Received> {
    try {
      this.#received = await this.#sink.ask.received();
    } catch (error) {
      if (!isActorError(error, 'ACTOR_SEND_QUEUE_FULL')) throw error;
    }
    return this.#received;
  }

  stop(): Promise<void> {
    return this.#node.stop();
  }
}
