// The children of one actor, and the order in which they leave it: one after the other, the youngest first. They are a
// chain through the children themselves, because a map of many thousands costs more than they do.

/** What a family knows of a child; the links belong to the family. */
export interface Child<C> {
  /** Its own name, or its number where it was given none. */
  readonly key: string | number;
  readonly name: string;
  older: C | undefined;
  younger: C | undefined;
}

export class Family<C extends Child<C>> {
  #oldest: C | undefined;
  #youngest: C | undefined;
  /** By key. Those without a name of their own are in it from the first time that one of them is looked for. */
  readonly #known = new Map<string | number, C>();
  #knowsAll = false;

  /** Whose turn it is to go; undefined when all have gone. */
  get youngest(): C | undefined {
    return this.#youngest;
  }

  add(child: C): void {
    child.older = this.#youngest;
    if (child.older === undefined) this.#oldest = child;
    else child.older.younger = child;
    this.#youngest = child;
    if (this.#knowsAll || typeof child.key === 'string') this.#known.set(child.key, child);
  }

  remove(child: C): void {
    const { older, younger } = child;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    child.older = undefined;
    child.younger = undefined;
    if (this.#knowsAll || typeof child.key === 'string') this.#known.delete(child.key);
  }

  /** The child of that name: one that was given none is `$` and its number. */
  get(name: string): C | undefined {
    if (!name.startsWith('$')) return this.#known.get(name);
    if (!this.#knowsAll) for (const child of this.all()) this.#known.set(child.key, child);
    this.#knowsAll = true;
    const child = this.#known.get(Number(name.slice(1)));
    return child?.name === name ? child : undefined;
  }

  /** The oldest first. */
  all(): C[] {
    const children: C[] = [];
    for (let child = this.#oldest; child !== undefined; child = child.younger) children.push(child);
    return children;
  }
}
