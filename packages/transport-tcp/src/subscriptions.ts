// Who listens. Each subscription is one of its own, also of the same function twice, and may end while it is called.

import type { Unsubscribe } from '@actor/core';

interface Subscription<Listener> {
  readonly listener: Listener;
}

export class Subscriptions<Listener> {
  readonly #subscriptions = new Set<Subscription<Listener>>();

  add(listener: Listener): Unsubscribe {
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  each(call: (listener: Listener) => void): void {
    for (const { listener } of this.#subscriptions) call(listener);
  }
}
