// The children of one actor, and the order in which they leave it: one after the other, the youngest first.

/** What a family knows of a child. */
export interface Child {
  /** Its own name, or its number where it was given none. */
  readonly key: string | number;
  readonly name: string;
  readonly isStopped: boolean;
}

export class Family<C extends Child> {
  readonly #children = new Map<string | number, C>();
  #leaving: C[] = [];

  add(child: C): void {
    this.#children.set(child.key, child);
  }

  remove(child: C): void {
    this.#children.delete(child.key);
  }

  /** The child of that name: one that was given none is `$` and its number. */
  get(name: string): C | undefined {
    const child = this.#children.get(name.startsWith('$') ? Number(name.slice(1)) : name);
    return child?.name === name ? child : undefined;
  }

  /** The oldest first. */
  all(): C[] {
    return [...this.#children.values()];
  }

  /** All of them have to go. */
  dismiss(): void {
    this.#leaving = this.all();
  }

  /** Whose turn it is to go; undefined when all have gone. */
  next(): C | undefined {
    const leaving = this.#leaving;
    while (leaving.at(-1)?.isStopped === true) leaving.pop();
    return leaving.at(-1);
  }
}
