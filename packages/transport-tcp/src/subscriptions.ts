// Who listens. Each subscription is one of its own, also of the same function twice, and may end while it is called. A
// listener that throws breaks a contract, but a peer may have chosen what it was given, so the others and the links go on.

import type { Unsubscribe } from '@actor/core';

interface Subscription<Listener> {
  readonly listener: Listener;
  isOver: boolean;
}

export class Subscriptions<Listener> {
  readonly #onThrown: (error: unknown) => void;
  #subscriptions: readonly Subscription<Listener>[] = [];

  constructor(onThrown: (error: unknown) => void) {
    this.#onThrown = onThrown;
  }

  add(listener: Listener): Unsubscribe {
    const subscription = { listener, isOver: false };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      subscription.isOver = true;
      this.#subscriptions = this.#subscriptions.filter((each) => each !== subscription);
    };
  }

  /** Calls those that are there now; one that comes meanwhile has been told of what is by its subscription. */
  each(call: (listener: Listener) => void): void {
    for (const subscription of this.#subscriptions) if (!subscription.isOver) this.#call(subscription, call);
  }

  #call({ listener }: Subscription<Listener>, call: (listener: Listener) => void): void {
    try {
      call(listener);
    } catch (error) {
      this.#onThrown(error);
    }
  }
}
