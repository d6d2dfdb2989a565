// Whom one actor watches. An entry leaves when the end of the watched actor is handed to `onTerminated`, or by `unwatch`,
// whichever comes first: that is what makes it exactly once (G6).

import type { Recipient, Watcher } from './gateway.ts';
import type { ActorRef } from './ref.ts';

export class Watches {
  readonly #watcher: Watcher;
  readonly #watched = new Map<string, { readonly ref: ActorRef; readonly target: Recipient }>();

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  /** `key` stands for one life of one actor. */
  add(key: string, ref: ActorRef, target: Recipient): void {
    if (this.#watched.has(key)) return;
    this.#watched.set(key, { ref, target });
    target.watch(this.#watcher);
  }

  /** `key` is that of the life that `ref` means now; it may have been another one when it was watched. */
  remove(key: string, ref: ActorRef): void {
    const { address, uid } = ref;
    for (const [known, entry] of this.#watched) {
      const isSame = known === key || (entry.ref.uid === uid && entry.ref.address === address);
      if (!isSame) continue;
      this.#watched.delete(known);
      entry.target.unwatch(this.#watcher);
    }
  }

  /** The ref by which the actor was watched, once. */
  take(key: string): ActorRef | undefined {
    const entry = this.#watched.get(key);
    this.#watched.delete(key);
    return entry?.ref;
  }

  clear(): void {
    for (const { target } of this.#watched.values()) target.unwatch(this.#watcher);
    this.#watched.clear();
  }
}
