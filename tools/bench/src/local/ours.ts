// This project, by its public API: a contract and a definition for each kind of message.
import { ActorSystem, actor, ask, bounded, protocol, tell, type Actor, type ActorRef } from '@actor/core';
import type { LocalContender } from './contender.ts';
import { kinds, type Kind, type Message, type State } from './kinds.ts';

const messages = { receive: tell<Message>(), answer: ask<Message, number>() };
type Definition = Actor<typeof messages, State, State>;
type Ref = ActorRef<Definition['protocol']>;

/** A flood is 100,000 messages at once. */
const mailbox = bounded(200_000, 'reject');

function define(kind: Kind): Definition {
  return actor(protocol(kind.name, messages), {
    state: (args: State) => args,
    mailbox,
    on: {
      receive(ctx, message) {
        kind.handle(ctx, message);
      },
      answer: (ctx, message) => kind.handle(ctx, message),
    },
  });
}

const definitions = new Map(kinds.map((kind) => [kind, define(kind)]));

const waiter = actor(protocol('waiter', { wait: ask() }), {
  on: { wait: async () => Promise.resolve() },
});

export class Ours implements LocalContender<Ref> {
  #system = new ActorSystem({ name: 'bench' });

  /** In a process in which an asynchronous handler has run. */
  static async besideAsyncActor(): Promise<Ours> {
    const ours = new Ours();
    await ours.#system.spawn(waiter).ask.wait();
    return ours;
  }

  spawn(kind: Kind, states: readonly State[]): readonly Ref[] {
    const definition = definitions.get(kind);
    if (definition === undefined) throw new Error(`${kind.name} has no definition.`);
    return states.map((args) => this.#system.spawn(definition, { args }));
  }

  tell(ref: Ref, message: Message): void {
    const result = ref.tell.receive(message);
    if (result !== 'accepted') throw new Error(`A message was ${result}.`);
  }

  ask(ref: Ref, message: Message): Promise<number> {
    return ref.ask.answer(message);
  }

  async clear(): Promise<void> {
    await this.#system.stop({ deadlineMs: 60_000 });
    this.#system = new ActorSystem({ name: 'bench' });
  }
}
