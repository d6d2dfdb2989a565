// nact, as its documentation uses it: a function of state and message per actor, queries by a message that carries the
// reference to answer to.
import nact from 'nact';
import type { LocalContender } from './contender.ts';
import type { Context, Kind, Message, State } from './kinds.ts';

interface Query {
  readonly query: Message;
  readonly from: nact.Ref<number>;
}
type Ref = nact.Ref<Message | Query>;

const timeoutMs = 1_000;
const isQuery = (message: Message | Query): message is Query => 'from' in message && 'query' in message;

export class Nact implements LocalContender<Ref> {
  #system = nact.start();
  #spawned = 0;

  spawn(kind: Kind, states: readonly State[]): readonly Ref[] {
    const behave = (context: Context, message: Message | Query): Context => {
      if (isQuery(message)) nact.dispatch(message.from, kind.handle(context, message.query));
      else kind.handle(context, message);
      return context;
    };
    return states.map((state) =>
      nact.spawn(this.#system, behave, `actor-${this.#spawned++}`, {
        initialState: { state } satisfies Context,
      }),
    );
  }

  tell(ref: Ref, message: Message): void {
    nact.dispatch(ref, message);
  }

  ask(ref: Ref, message: Message): Promise<number> {
    return nact.query(ref, (from: nact.Ref<number>) => ({ query: message, from }), timeoutMs);
  }

  clear(): Promise<void> {
    nact.stop(this.#system);
    this.#system = nact.start();
    return Promise.resolve();
  }
}
