// Payloads as MessagePack. The keys of objects that come again and again travel once per session and direction, as
// numbered shapes: the encoder hands them out, the session carries them in order, the decoder knows them. A payload that
// fails to decode changes nothing for the next one. Instances of classes arrive as plain objects: nothing that comes
// from the wire chooses a constructor.

import { Buffer } from 'node:buffer';
import { type ActorRef, isActorError, isActorRef, type Serializer } from '@actor/core';
import { addExtension, Packr, Unpackr } from 'msgpackr';
import { copyOf, isManyBytes, isMostOfItsMemory, leadOf, manyBytes } from './byte-payload.ts';
import { defaultRemotingLimits } from './limits.ts';
import { isOpaque, isThenable, notSerializable } from './not-serializable.ts';
import { PayloadScan, refType, type ScanLimits, sharedShapesMax } from './payload-scan.ts';
import { asBuffer, badFrame } from './wire.ts';

/** A ref as it travels. The decoder turns it into one of the receiving system. */
interface TravellingRef {
  readonly address: string;
  readonly uid: number | undefined;
  readonly protocolName: string | undefined;
}

class ForeignRef implements TravellingRef {
  readonly address: string;
  readonly uid: number | undefined;
  readonly protocolName: string | undefined;

  constructor(parts: unknown) {
    const [address, uid, protocolName] = Array.isArray(parts) ? (parts as unknown[]) : [];
    if (typeof address !== 'string') throw badFrame('a ref of it has no address');
    if (uid != null && typeof uid !== 'number') throw badFrame('the uid of a ref of it is no number');
    if (protocolName != null && typeof protocolName !== 'string')
      throw badFrame('the protocol of a ref of it is no text');
    this.address = address;
    this.uid = uid ?? undefined;
    this.protocolName = protocolName ?? undefined;
  }
}

/** Refs are recognised by their brand, since several copies of the core may be installed. */
const anyRef = Object.defineProperty(class {}, Symbol.hasInstance, { value: isActorRef });

// msgpackr keeps its extensions for the whole process; this one means the same to every user of it.
addExtension({
  Class: anyRef,
  type: refType,
  write: (ref: ActorRef) => [ref.address, ref.uid ?? null, ref.protocolName ?? null],
  read: (parts: unknown) => new ForeignRef(parts),
});

// Modes of `encode`: hand out the working buffer instead of a view of it, and write over it the next time.
const reuseBuffer = 512;
const resetBuffer = 1024;
/** A larger working buffer is given up after use. */
const bufferMaxBytes = 1024 * 1024;
/** An object's keys become a shared shape when they are seen for the third time: a dictionary's never are. */
const sightingsMin = 3;
const sightingsMax = 1_024;
const shapeMaxKeys = 64;
const shapeMaxCharacters = 1_024;
/** All the shapes that there can be, as they travel: three bytes for a character, two for the length of a key. */
export const shapesMaxBytes: number = sharedShapesMax * (3 * shapeMaxCharacters + 2 * shapeMaxKeys + 8);

const nothing = new Uint8Array(0);

type Keys = readonly string[];
interface WorkingBuffer extends Uint8Array {
  readonly start: number;
  readonly end: number;
}

export interface EncoderOptions {
  /** Those of the other side, which has the same config as this one. */
  readonly limits: ScanLimits;
  readonly sharesShapes: boolean;
}

/**
 * One direction of one session. The result of `encode` is `lead`, then `bytes` from `start` to `end`, until the next call.
 */
export class PayloadEncoder {
  lead: Uint8Array = nothing;
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;
  readonly #structures: Keys[] & { sharedLength?: number } = [];
  readonly #sightings = new Map<string, number>();
  readonly #packr: Packr;
  readonly #scan: PayloadScan;
  readonly #depthMax: number;
  #handedOut = 0;

  constructor({ limits, sharesShapes }: EncoderOptions) {
    this.#depthMax = limits.depthMax;
    this.#scan = new PayloadScan(limits, this.#structures);
    this.#packr = new Packr({
      structures: this.#structures,
      maxSharedStructures: sharedShapesMax,
      maxOwnStructures: sharedShapesMax,
      moreTypes: true,
      shouldShareStructure: (keys) => sharesShapes && this.#isShape(keys),
      useRecords: (object: object) => {
        if (object.constructor === Object) return true;
        if (isThenable(object) || isOpaque(object)) throw new TypeError('nothing can be read out of it');
        return true;
      },
      writeFunction: () => {
        throw new TypeError('a function');
      },
    });
  }

  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE with `details.path` naming the value that can't be encoded. */
  encode(value: unknown): void {
    if (isManyBytes(value)) {
      this.lead = leadOf(value);
      this.bytes = value;
      this.start = 0;
      this.end = value.length;
      return;
    }
    this.lead = nothing;
    try {
      const buffer = this.#packr.encode(value, reuseBuffer | resetBuffer) as Uint8Array as WorkingBuffer;
      this.bytes = buffer;
      this.start = buffer.start;
      this.end = buffer.end;
      // What the other side would refuse is refused here, where its sender is. A value takes a byte at least.
      if (buffer.end - buffer.start > this.#depthMax) this.#scan.hasRefs(buffer, buffer.start, buffer.end);
      if (buffer.length > bufferMaxBytes) this.#packr.useBuffer(Buffer.allocUnsafeSlow(8_192));
    } catch (error) {
      throw notSerializable(value, error, this.#depthMax);
    }
  }

  /** How many bytes the payload has. */
  get length(): number {
    return this.lead.length + this.end - this.start;
  }

  /** The next shape that the other side has to know before the payload just encoded; undefined when it knows all. */
  nextShape(): Keys | undefined {
    if (this.#handedOut >= (this.#structures.sharedLength ?? 0)) return undefined;
    this.#handedOut += 1;
    return this.#structures[this.#handedOut - 1];
  }

  #isShape(keys: Keys): boolean {
    if (keys.length > shapeMaxKeys) return false;
    const joined = keys.join('\n');
    if (joined.length > shapeMaxCharacters) return false;
    const sightings = (this.#sightings.get(joined) ?? 0) + 1;
    if (sightings >= sightingsMin) return this.#sightings.delete(joined);
    if (this.#sightings.size >= sightingsMax) this.#sightings.clear();
    this.#sightings.set(joined, sightings);
    return false;
  }
}

export interface DecoderOptions {
  /** The memory of what is decoded is nobody else's: large parts of it need not be copied. */
  readonly ownsBytes: boolean;
  readonly limits: ScanLimits;
  readonly ref: (
    address: string,
    options: { uid?: number | undefined; protocol?: string | undefined },
  ) => ActorRef;
}

/** The other end of a {@link PayloadEncoder}. */
export class PayloadDecoder {
  readonly #structures: string[][] & { sharedLength?: number } = [];
  readonly #unpackr: Unpackr;
  readonly #scan: PayloadScan;
  readonly #ownsBytes: boolean;
  readonly #ref: DecoderOptions['ref'];
  readonly #span = { start: 0, end: 0 };

  constructor(options: DecoderOptions) {
    this.#unpackr = new Unpackr({
      structures: this.#structures,
      moreTypes: true,
      copyBuffers: true,
    });
    this.#scan = new PayloadScan(options.limits, this.#structures);
    this.#ownsBytes = options.ownsBytes;
    this.#ref = options.ref;
  }

  /** Learns the next shared shape. @throws {@link ActorError} ACTOR_BAD_FRAME beyond the number there may be. */
  define(keys: readonly string[]): void {
    const known = this.#structures.sharedLength ?? 0;
    if (known >= sharedShapesMax) throw badFrame('it defines too many shapes');
    // Behind the shared ones lie those of the last payload, which are over.
    this.#structures.length = known;
    this.#structures.push(Object.assign([...keys], { isShared: true }));
    this.#structures.sharedLength = known + 1;
  }

  /**
   * The value in `bytes` from `start` to `end`. Nothing in it refers to `bytes`, unless those are its own.
   * @throws {@link ActorError} ACTOR_BAD_FRAME
   */
  decode(bytes: Buffer, start: number, end: number): unknown {
    const many = manyBytes(bytes, start, end);
    if (many !== undefined) return this.#ownsBytes && isMostOfItsMemory(many) ? many : copyOf(many);
    const hasRefs = this.#scan.hasRefs(bytes, start, end);
    try {
      const span = this.#span;
      span.start = start;
      span.end = end;
      const value: unknown = this.#unpackr.unpack(bytes, span);
      return hasRefs ? this.#revive(value) : value;
    } catch (error) {
      throw isActorError(error) ? error : badFrame(`a payload of it can't be decoded (${String(error)})`);
    }
  }

  #revive(value: unknown): unknown {
    if (value instanceof ForeignRef) {
      return this.#ref(value.address, { uid: value.uid, protocol: value.protocolName });
    }
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    if (value instanceof Map) {
      return new Map([...value].map(([key, part]) => [this.#revive(key), this.#revive(part)]));
    }
    if (value instanceof Set) return new Set([...value].map((part) => this.#revive(part)));
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) holder[key] = this.#revive(holder[key]);
    return value;
  }
}

/**
 * The serializer of a cluster that is given none. In a session it does more than these two methods, which are for those
 * that wrap it (to compress, to encrypt): there the keys of objects travel once, refs arrive as refs, and large byte arrays
 * are not copied.
 */
export class Msgpack implements Serializer {
  readonly name = 'msgpack';
  readonly #encoder = new PayloadEncoder({ limits: defaultRemotingLimits, sharesShapes: false });
  readonly #decoder = new PayloadDecoder({
    ownsBytes: false,
    limits: defaultRemotingLimits,
    ref: (address) => {
      throw badFrame(`a ref of it (${address}) leads nowhere outside a session`);
    },
  });

  encode(value: unknown): Uint8Array {
    const encoder = this.#encoder;
    encoder.encode(value);
    const { lead, bytes, start, end } = encoder;
    const result = new Uint8Array(encoder.length);
    result.set(lead);
    result.set(bytes.subarray(start, end), lead.length);
    return result;
  }

  decode(bytes: Uint8Array): unknown {
    return this.#decoder.decode(asBuffer(bytes), 0, bytes.length);
  }
}

export function msgpack(): Serializer {
  return new Msgpack();
}
