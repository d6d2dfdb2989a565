// Who listens. Each subscription is one of its own, also of the same function twice, and may end while it is called.

import type { Unsubscribe } from '@actor/core';

interface Subscription<Listener> {
  readonly listener: Listener;
  isOver: boolean;
}

export class Subscriptions<Listener> {
  #subscriptions: readonly Subscription<Listener>[] = [];

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
    for (const subscription of this.#subscriptions) if (!subscription.isOver) call(subscription.listener);
  }

  clear(): void {
    for (const subscription of this.#subscriptions) subscription.isOver = true;
    this.#subscriptions = [];
  }
}
