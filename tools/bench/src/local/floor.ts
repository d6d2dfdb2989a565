// The floor of one process: a ready queue of actors with a ring buffer each, drained in a microtask. No features: the
// least code that could do the job.
import type { LocalContender } from './contender.ts';
import type { Context, Kind, Message, State } from './kinds.ts';

/** A queue in a circular buffer that doubles when it is full. */
class Ring<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(8).fill(undefined);
  #head = 0;
  size = 0;

  push(item: T): void {
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.size++) & (this.#slots.length - 1)] = item;
  }

  /** Only while there is something in it. */
  shift(): T {
    const head = this.#head;
    const item = this.#slots[head] as T;
    this.#slots[head] = undefined;
    this.#head = (head + 1) & (this.#slots.length - 1);
    this.size--;
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let index = 0; index < old.length; index++)
      this.#slots[index] = old[(this.#head + index) & (old.length - 1)];
    this.#head = 0;
  }
}

type Handle = Kind['handle'];

class Ask {
  readonly message: Message;
  readonly reply: (value: number) => void;

  constructor(message: Message, reply: (value: number) => void) {
    this.message = message;
    this.reply = reply;
  }
}

class FloorActor implements Context {
  readonly state: State;
  readonly handle: Handle;
  /** Made with the first message. */
  queue: Ring<Message | Ask> | undefined = undefined;

  constructor(state: State, handle: Handle) {
    this.state = state;
    this.handle = handle;
  }
}

export class Floor implements LocalContender<FloorActor> {
  readonly #ready = new Ring<FloorActor>();
  #isScheduled = false;

  spawn(kind: Kind, states: readonly State[]): readonly FloorActor[] {
    return states.map((state) => new FloorActor(state, kind.handle));
  }

  tell(actor: FloorActor, message: Message): void {
    this.#send(actor, message);
  }

  ask(actor: FloorActor, message: Message): Promise<number> {
    return new Promise<number>((resolve) => this.#send(actor, new Ask(message, resolve)));
  }

  clear(): Promise<void> {
    return Promise.resolve();
  }

  #send(actor: FloorActor, item: Message | Ask): void {
    const queue = (actor.queue ??= new Ring());
    if (queue.size === 0) {
      this.#ready.push(actor);
      if (!this.#isScheduled) {
        this.#isScheduled = true;
        queueMicrotask(this.#drain);
      }
    }
    queue.push(item);
  }

  /** Runs who is ready now; whoever becomes ready meanwhile has the next microtask, behind everybody else. */
  readonly #drain = (): void => {
    for (let due = this.#ready.size; due > 0; due--) {
      const actor = this.#ready.shift();
      const queue = actor.queue as Ring<Message | Ask>;
      while (queue.size > 0) {
        const item = queue.shift();
        if (item instanceof Ask) item.reply(actor.handle(actor, item.message));
        else actor.handle(actor, item);
      }
    }
    this.#isScheduled = this.#ready.size > 0;
    if (this.#isScheduled) queueMicrotask(this.#drain);
  };
}
