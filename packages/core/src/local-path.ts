// A recipient for whoever lives at a path of this system, now and later: what a ref by address is.

import type { Cell } from './cell.ts';
import { Envelope, type SendResult } from './envelope.ts';
import { noSuchActor, terminated } from './failure.ts';
import type { Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { Method } from './method.ts';
import type { ActorRef } from './ref.ts';

export class LocalPath implements Recipient {
  readonly #kernel: Kernel;
  readonly #root: Cell;
  readonly #path: string;
  readonly uid: number | undefined;

  constructor(kernel: Kernel, root: Cell, at: { readonly path: string; readonly uid: number | undefined }) {
    this.#kernel = kernel;
    this.#root = root;
    this.#path = at.path;
    this.uid = at.uid;
  }

  get address(): string {
    return `${this.#kernel.origin}/${this.#path}`;
  }

  /** The actor that is meant, if it lives. */
  occupant(): Cell | undefined {
    const path = this.#path;
    let cell: Cell | undefined = this.#root;
    // Most actors are at the top, and this runs for each message from another node.
    if (!path.includes('/')) cell = cell.child(path);
    else for (const name of path.split('/')) cell = cell?.child(name);
    return this.uid === undefined || cell?.uid === this.uid ? cell : undefined;
  }

  tell(method: Method, payload: unknown, sender: ActorRef | undefined): SendResult {
    const cell = this.occupant();
    return cell === undefined
      ? this.send(new Envelope(method, payload, sender))
      : cell.tell(method, payload, sender);
  }

  send(envelope: Envelope): SendResult {
    const cell = this.occupant();
    if (cell !== undefined) return cell.send(envelope);
    const { address } = this;
    const wasBound = this.uid !== undefined;
    this.#kernel.discard(envelope, address, wasBound ? 'terminated' : 'no-such-actor');
    envelope.reply?.reject(wasBound ? terminated(address) : noSuchActor(address));
    return 'no-route';
  }

  watch(watcher: Watcher): void {
    const cell = this.occupant();
    if (cell === undefined) watcher.terminated(this);
    else cell.watch(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.occupant()?.unwatch(watcher);
  }
}
