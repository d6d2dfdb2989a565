// Appends on their way to one follower, bounded by count and by bytes.

export class Inflights {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #sent: { readonly last: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#sent.length;
  }
  get isFull(): boolean {
    return this.#sent.length >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  add(last: number, bytes: number): void {
    this.#sent.push({ last, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to this index has arrived. */
  freeTo(index: number): void {
    const kept = this.#sent.findIndex((append) => append.last > index);
    this.#drop(kept < 0 ? this.#sent.length : kept);
  }

  /** Makes room for one: an answer got lost, and another one would tell as much. */
  freeFirst(): void {
    this.#drop(Math.min(1, this.#sent.length));
  }

  #drop(count: number): void {
    for (const { bytes } of this.#sent.splice(0, count)) this.#bytes -= bytes;
  }
}
