// A running fingerprint of everything that happened, in order: two runs of one seed must end with the same one.

export class TraceHash {
  #high = 0x6a09e667;
  #low = 0x3c6ef372;

  number(value: number): void {
    const low = value | 0;
    const high = Math.floor(value / 4_294_967_296) | 0;
    this.#low = Math.imul(this.#low ^ low, 0x9e3779b1) ^ (this.#high >>> 13);
    this.#high = Math.imul(this.#high ^ high ^ (this.#low >>> 16), 0x85ebca77);
  }

  text(value: string): void {
    for (let i = 0; i < value.length; i += 1) this.number(value.charCodeAt(i));
    this.number(value.length);
  }

  bytes(value: Uint8Array): void {
    let sum = 0x811c9dc5;
    for (let i = 0; i < value.length; i += 1) sum = Math.imul(sum ^ (value[i] as number), 0x01000193);
    this.number(sum);
    this.number(value.length);
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
