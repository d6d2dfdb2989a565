// Death watch across nodes (G6). One watch per watched life and session, however many watch it here. It ends once: by the
// other node's word, or with the session, whichever is first.

import type { GatewayPort, Watcher } from '@actor/core';
import type { RemoteRecipient } from './remote-ref.ts';

interface Watched {
  readonly id: number;
  readonly key: string;
  readonly watchers: Map<Watcher, RemoteRecipient>;
}

export interface WatchSender {
  /** False: no actor can be reached by such a path. */
  watch(id: number, path: string, uid: number | undefined): boolean;
  unwatch(id: number): void;
}

/** Watches of this node's actors on those of the peer. */
export class RemoteWatches {
  readonly #sender: WatchSender;
  readonly #byKey = new Map<string, Watched>();
  readonly #byId = new Map<number, Watched>();
  #lastId = 0;

  constructor(sender: WatchSender) {
    this.#sender = sender;
  }

  watch(recipient: RemoteRecipient, watcher: Watcher): void {
    const key = keyOf(recipient);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.watchers.set(watcher, known.watchers.get(watcher) ?? recipient);
      return;
    }
    this.#lastId += 1;
    const watched = { id: this.#lastId, key, watchers: new Map([[watcher, recipient]]) };
    this.#byKey.set(key, watched);
    this.#byId.set(watched.id, watched);
    if (!this.#sender.watch(watched.id, recipient.path, recipient.uid)) this.#tell(watched);
  }

  unwatch(recipient: RemoteRecipient, watcher: Watcher): void {
    const watched = this.#byKey.get(keyOf(recipient));
    if (watched === undefined || !watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
    this.#remove(watched);
    this.#sender.unwatch(watched.id);
  }

  /** The peer says that it is gone. A watch that has been given up meanwhile is unknown here. */
  terminated(id: number): void {
    const watched = this.#byId.get(id);
    if (watched !== undefined) this.#tell(watched);
  }

  /** Another session takes them over. */
  moveTo(next: RemoteWatches): void {
    for (const watched of [...this.#byId.values()]) {
      this.#remove(watched);
      for (const [watcher, recipient] of watched.watchers) next.watch(recipient, watcher);
    }
  }

  /** The peer itself is gone. */
  end(): void {
    for (const watched of [...this.#byId.values()]) this.#tell(watched);
  }

  #tell(watched: Watched): void {
    this.#remove(watched);
    for (const [watcher, recipient] of watched.watchers) watcher.terminated(recipient);
  }

  #remove(watched: Watched): void {
    this.#byKey.delete(watched.key);
    this.#byId.delete(watched.id);
  }
}

function keyOf({ path, uid }: RemoteRecipient): string {
  return `${uid ?? ''}@${path}`;
}

interface Watching {
  readonly path: string;
  readonly uid: number | undefined;
  readonly watcher: Watcher;
}

/** Watches of the peer's actors on those of this node. */
export class InboundWatches {
  readonly #port: GatewayPort;
  readonly #max: number;
  readonly #terminated: (id: number) => void;
  readonly #watching = new Map<number, Watching>();

  constructor(port: GatewayPort, max: number, terminated: (id: number) => void) {
    this.#port = port;
    this.#max = max;
    this.#terminated = terminated;
  }

  /** The peer does not use a number twice; the second would be without effect. */
  watch(id: number, path: string, uid: number | undefined): void {
    if (this.#watching.has(id)) return;
    if (this.#watching.size >= this.#max) {
      this.#terminated(id);
      return;
    }
    const watcher: Watcher = {
      terminated: () => {
        if (this.#watching.delete(id)) this.#terminated(id);
      },
    };
    this.#watching.set(id, { path, uid, watcher });
    this.#port.watch(path, uid, watcher);
  }

  unwatch(id: number): void {
    const watching = this.#watching.get(id);
    if (watching === undefined) return;
    this.#watching.delete(id);
    this.#port.unwatch(watching.path, watching.uid, watching.watcher);
  }

  end(): void {
    for (const id of [...this.#watching.keys()]) this.unwatch(id);
  }
}
