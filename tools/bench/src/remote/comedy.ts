// comedy with a forked actor: it starts its own process and talks to it over Node's channel between parent and child.
import { createSystem, type ActorRef, type ActorSystem } from 'comedy';
import type { Received, RemoteClient } from './contender.ts';
import type { Message } from './kinds.ts';

/** Its source text is what reaches the other process, so it uses nothing from outside. */
class ComedyReceiver {
  messages = 0;

  tell(message: Message): void {
    if (message.id > 0) this.messages++;
  }

  ask(message: Message): number {
    return message.id;
  }

  received(): Received {
    return { messages: this.messages, bytes: 0 };
  }
}

export class ComedyClient implements RemoteClient {
  readonly #system: ActorSystem;
  readonly #actor: ActorRef;

  private constructor(system: ActorSystem, actor: ActorRef) {
    this.#system = system;
    this.#actor = actor;
  }

  static async connect(): Promise<ComedyClient> {
    const system = createSystem({ test: true, config: {} });
    const root = await system.rootActor();
    return new ComedyClient(system, await root.createChild(ComedyReceiver, { mode: 'forked' }));
  }

  tell(_kind: number, message: Message): boolean {
    void this.#actor.send('tell', message);
    return true;
  }

  ask(_kind: number, message: Message): Promise<number> {
    return this.#actor.sendAndReceive('ask', message) as Promise<number>;
  }

  /** Not over a channel of JSON: the workload leaves it out. */
  tellBytes(): boolean {
    return false;
  }

  received(): Promise<Received> {
    return this.#actor.sendAndReceive('received') as Promise<Received>;
  }

  async stop(): Promise<void> {
    await this.#system.destroy();
  }
}
