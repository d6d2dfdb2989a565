// Walks the MessagePack bytes of a payload before anything is made of them. A peer can't make this process nest, count
// or allocate beyond its budgets, redefine the shapes that both sides share, or reach an extension that is not listed.

import { badFrame } from './wire.ts';

export interface ScanLimits {
  readonly depthMax: number;
  readonly elementsMax: number;
}

/** Shared shapes have the record ids below this, shapes of one payload those from here to twice as much. */
export const sharedShapesMax = 32;

/** The extension type of refs. */
export const refType = 0x41;

/** msgpackr's extension type of typed arrays; the first byte says which. */
export const typedArrayType = 0x74;

const undefinedType = 0x00;
const bigintType = 0x42;
const errorType = 0x65;
const recordType = 0x72;
const setType = 0x73;
const regexpType = 0x78;
const timestampType = 0xff;
/** Turning bytes into a bigint is not linear in their number. */
const bigintMaxBytes = 8_192;

export class PayloadScan {
  readonly #limits: ScanLimits;
  readonly #shapes: readonly (readonly string[])[];
  readonly #own: number[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #left = 0;
  #hasRefs = false;

  /** `shapes` are the shared ones, by record id; the array may grow. */
  constructor(limits: ScanLimits, shapes: readonly (readonly string[])[]) {
    this.#limits = limits;
    this.#shapes = shapes;
  }

  /**
   * Is there a ref in the payload?
   * @throws {@link ActorError} ACTOR_BAD_FRAME when the bytes are not exactly one acceptable value.
   */
  hasRefs(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#left = this.#limits.elementsMax;
    this.#hasRefs = false;
    if (this.#own.length > 0) this.#own.length = 0;
    this.#value(0);
    if (this.#at !== end) throw badFrame('a payload of it goes on after its value');
    return this.#hasRefs;
  }

  #value(depth: number): void {
    if (depth > this.#limits.depthMax)
      throw badFrame(`a payload of it nests deeper than ${this.#limits.depthMax}`);
    if (--this.#left < 0) throw badFrame(`a payload of it has more than ${this.#limits.elementsMax} values`);
    if (this.#at >= this.#end) throw badFrame('a payload of it ends too early');
    const token = this.#bytes[this.#at++] as number;
    if (token < 0x40 || token >= 0xe0) return;
    if (token < 0x80) this.#record(token - 0x40, depth);
    else if (token < 0x90) this.#values(2 * (token - 0x80), depth);
    else if (token < 0xa0) this.#values(token - 0x90, depth);
    else if (token < 0xc0) this.#skip(token - 0xa0);
    else this.#wide(token, depth);
  }

  #wide(token: number, depth: number): void {
    switch (token) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#number(1));
      case 0xc5:
      case 0xda:
        return this.#skip(this.#number(2));
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#number(4));
      case 0xc7:
        return this.#extension(this.#number(1));
      case 0xc8:
        return this.#extension(this.#number(2));
      case 0xc9:
        return this.#extension(this.#number(4));
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return this.#skip(8);
      case 0xd4:
        return this.#tagged(depth);
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (token - 0xd4));
      case 0xdc:
        return this.#values(this.#number(2), depth);
      case 0xdd:
        return this.#values(this.#number(4), depth);
      case 0xde:
        return this.#values(2 * this.#number(2), depth);
      case 0xdf:
        return this.#values(2 * this.#number(4), depth);
      default:
        throw badFrame('a payload of it has an unknown token');
    }
  }

  /** One byte of type, one of filling, and for most types a value. */
  #tagged(depth: number): void {
    const type = this.#number(1);
    const filler = this.#number(1);
    switch (type) {
      case undefinedType:
      case bigintType:
      case timestampType:
        return;
      case recordType:
        return this.#definition(filler, depth);
      case refType:
        this.#hasRefs = true;
        return this.#value(depth + 1);
      case errorType:
      case setType:
      case regexpType:
        return this.#value(depth + 1);
      default:
        throw badFrame(`a payload of it has the unknown extension ${type}`);
    }
  }

  #extension(length: number): void {
    const type = this.#number(1);
    if (type === bigintType && length > bigintMaxBytes) throw badFrame('a bigint of it is too large');
    if (type !== bigintType && type !== typedArrayType && type !== timestampType) {
      throw badFrame(`a payload of it has the unknown extension ${type}`);
    }
    if (length === 0) throw badFrame('an extension of it is empty');
    this.#skip(length);
  }

  /** A shape that this payload alone uses, and the first record of it. */
  #definition(token: number, depth: number): void {
    const id = token - 0x40;
    if (id < sharedShapesMax || id >= 2 * sharedShapesMax)
      throw badFrame('a payload of it redefines a shape');
    const keys = this.#keys();
    this.#own[id - sharedShapesMax] = keys;
    this.#values(keys, depth);
  }

  #keys(): number {
    const token = this.#number(1);
    const count = token >= 0x90 && token < 0xa0 ? token - 0x90 : token === 0xdc ? this.#number(2) : -1;
    for (let i = 0; i < count; i += 1) {
      const key = this.#bytes[this.#at] ?? 0;
      const isText = (key >= 0xa0 && key < 0xc0) || (key >= 0xd9 && key <= 0xdb);
      if (!isText) throw badFrame('a key of it is no text');
      this.#value(0);
    }
    if (count < 0) throw badFrame('a shape of it has no keys');
    return count;
  }

  #record(id: number, depth: number): void {
    const keys = id < sharedShapesMax ? this.#shapes[id]?.length : this.#own[id - sharedShapesMax];
    if (keys === undefined) throw badFrame('a payload of it has an unknown shape');
    this.#values(keys, depth);
  }

  #values(count: number, depth: number): void {
    // Each value takes a byte at least, so a count beyond the bytes is a lie, and is not believed.
    if (count > this.#end - this.#at) throw badFrame('a payload of it ends too early');
    for (let i = 0; i < count; i += 1) this.#value(depth + 1);
  }

  #number(bytes: 1 | 2 | 4): number {
    const start = this.#at;
    this.#skip(bytes);
    let value = 0;
    for (let i = start; i < this.#at; i += 1) value = value * 256 + (this.#bytes[i] as number);
    return value;
  }

  #skip(bytes: number): void {
    if (bytes > this.#end - this.#at) throw badFrame('a payload of it ends too early');
    this.#at += bytes;
  }
}
