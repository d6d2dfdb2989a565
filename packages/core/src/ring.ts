// A queue over a circular array that starts tiny and doubles. Taking and putting are constant in time at both ends.

/** An array longer than this shrinks when the queue runs empty: half a megabyte, and a system has one such queue. */
const keptLength = 65_536;

export class Ring<T> {
  #items: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#length += 1;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const items = this.#items;
    const item = items[this.#head];
    items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (items.length - 1);
    this.#length -= 1;
    // By halves, so that one flood after the other doesn't pay for all the doublings again.
    if (this.#length === 0 && items.length > keptLength) {
      items.length /= 2;
      this.#head = 0;
    }
    return item;
  }

  // The capacity is a power of two, so an index wraps with a mask.
  #grow(): void {
    const items = this.#items;
    const front = items.splice(0, this.#head);
    for (const item of front) items.push(item);
    items.length *= 2;
    this.#head = 0;
  }
}
