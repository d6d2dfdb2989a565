// Seeded randomness that can be split. A fork depends only on its parent's key and its label, never on how much was drawn
// before, so an extra draw in one place does not reshuffle the rest of a simulated run.

const lanes = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

export class RandomStream {
  readonly #key: string;
  // State of the small fast counting generator (sfc32): 128 bits, passes PractRand, no multiplication.
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    this.#key = String(seed);
    this.#a = hash(this.#key, lanes[0]);
    this.#b = hash(this.#key, lanes[1]);
    this.#c = hash(this.#key, lanes[2]);
    for (let i = 0; i < 12; i += 1) this.bits();
  }

  /** A stream of its own for the label; the same label gives the same stream. */
  fork(label: string): RandomStream {
    return new RandomStream(`${this.#key}/${label}`);
  }

  /** 32 bits, as an unsigned whole number. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number in [0, 1) of 53 bits. */
  next(): number {
    return ((this.bits() >>> 5) * 67_108_864 + (this.bits() >>> 6)) / 9_007_199_254_740_992;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True with this probability; draws also when the answer is certain, so that the draws that follow stay the same. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** Exponentially distributed with this mean. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** One of the values; there must be at least one. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** A shuffled copy. */
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      const held = shuffled[i] as T;
      shuffled[i] = shuffled[j] as T;
      shuffled[j] = held;
    }
    return shuffled;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 1) bytes[i] = this.bits() >>> 24;
    return bytes;
  }
}

/** FNV-1a over the characters, then mixed so that labels that differ in their last character differ everywhere. */
export function hash(text: string, seed = 0): number {
  let value = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
