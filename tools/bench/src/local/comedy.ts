// comedy with in-memory actors: an object of handlers per actor.
import { createSystem, type ActorRef, type ActorSystem } from 'comedy';
import type { LocalContender } from './contender.ts';
import type { Kind, Message, State } from './kinds.ts';

/** What it says at start and stop would be printed between our lines. */
const newSystem = (): ActorSystem => createSystem({ test: true, config: {} });

export class Comedy implements LocalContender<ActorRef> {
  #system = newSystem();

  async spawn(kind: Kind, states: readonly State[]): Promise<readonly ActorRef[]> {
    const root = await this.#system.rootActor();
    return Promise.all(
      states.map((state) => {
        const context = { state };
        return root.createChild({ receive: (message: Message) => kind.handle(context, message) });
      }),
    );
  }

  tell(actor: ActorRef, message: Message): void {
    void actor.send('receive', message);
  }

  ask(actor: ActorRef, message: Message): Promise<number> {
    return actor.sendAndReceive('receive', message) as Promise<number>;
  }

  async clear(): Promise<void> {
    await this.#system.destroy();
    this.#system = newSystem();
  }
}
