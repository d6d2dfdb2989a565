// Where an actor stands: its name below its parent, its children, and who watches whom.

import { Activity } from './activity.ts';
import { Family, type Child } from './family.ts';
import type { Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import { Watches } from './watches.ts';

export abstract class Place extends Activity implements Watcher, Child<Place> {
  readonly parent: Place | undefined;
  /** Its name, or its number where nobody named it. */
  readonly key: string | number;
  /** Among the actors of its system. */
  private readonly number: number;
  older: Place | undefined = undefined;
  younger: Place | undefined = undefined;
  private family: Family<Place> | undefined = undefined;
  private watchers: Set<Watcher> | undefined = undefined;
  private watchList: Watches | undefined = undefined;

  constructor(kernel: Kernel, parent: Place | undefined, name: string | undefined) {
    super(kernel);
    kernel.actors += 1;
    this.number = kernel.actors;
    this.parent = parent;
    this.key = name ?? this.number;
  }

  abstract get isStopped(): boolean;
  /** This actor as a recipient. */
  protected abstract recipient(): Recipient;
  /** A child has stopped for good. */
  protected abstract childLeft(): void;
  /** Somebody whom this actor watches has ended. */
  abstract terminated(of: Recipient): void;

  get name(): string {
    const { key } = this;
    return typeof key === 'string' ? key : `$${key}`;
  }

  /** Unique among all lives of all actors at this address, also of an earlier life of this process. */
  get uid(): number {
    return this.kernel.uidsFrom + this.number;
  }

  get path(): string {
    const above = this.parent?.path;
    return above === undefined || above === '' ? this.name : `${above}/${this.name}`;
  }

  get address(): string {
    return `${this.kernel.origin}/${this.path}`;
  }

  child(name: string): Place | undefined {
    return this.family?.get(name);
  }

  /** The oldest first. */
  children(): readonly Place[] {
    return this.family === undefined ? [] : this.family.all();
  }

  protected adopt(child: Place): void {
    this.family ??= new Family();
    this.family.add(child);
  }

  /** Whose turn it is to go; undefined when all have gone. */
  protected nextToGo(): Place | undefined {
    return this.family?.youngest;
  }

  watch(watcher: Watcher): void {
    if (this.isStopped) watcher.terminated(this.recipient());
    else (this.watchers ??= new Set()).add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.watchers?.delete(watcher);
  }

  /** `ref` is what `onTerminated` will be given. */
  watchFor(ref: ActorRef, target: Recipient): void {
    if (this.isStopped) return;
    this.watchList ??= new Watches(this);
    this.watchList.add(keyOf(target), ref, target);
  }

  unwatchFor(ref: ActorRef, target: Recipient): void {
    this.watchList?.remove(keyOf(target), ref);
  }

  /** The ref by which the actor that has ended was watched, once. */
  protected takeWatched(key: string): ActorRef | undefined {
    return this.watchList?.take(key);
  }

  /** The actor has stopped: its parent and its watchers learn it, and it watches nobody any more. */
  protected leave(): void {
    this.watchList?.clear();
    const { parent } = this;
    if (parent !== undefined) {
      parent.family?.remove(this);
      parent.childLeft();
    }
    for (const watcher of [...(this.watchers ?? [])]) watcher.terminated(this.recipient());
    this.watchers = undefined;
  }
}

/** One life of one actor. A system's own are told by uid alone, for its origin changes when a gateway is attached. */
export function keyOf(target: Recipient): string {
  return target instanceof Place ? `#${target.uid}` : `${target.address}#${target.uid ?? ''}`;
}
