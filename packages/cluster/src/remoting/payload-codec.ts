// Payloads to bytes and back, for one direction of one session: by the built-in MessagePack, which keeps what it has
// learnt of the session, or by a serializer that the config brings.

import type { Buffer } from 'node:buffer';
import { ActorError, isActorError, type Serializer } from '@actor/core';
import {
  type DecoderOptions,
  type EncoderOptions,
  Msgpack,
  PayloadDecoder,
  PayloadEncoder,
} from './msgpack.ts';
import { notSerializable } from './not-serializable.ts';
import { badFrame } from './wire.ts';

/** The result of `encode` is `lead`, then `bytes` from `start` to `end`, until the next call; `length` bytes in all. */
export interface PayloadWriter {
  readonly lead: Uint8Array;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly length: number;
  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE with `details.path` naming the value that can't be encoded. */
  encode(value: unknown): void;
  /** The keys that the other side has to know before the payload just encoded, one object's after the other's. */
  nextShape(): readonly string[] | undefined;
}

export interface PayloadReader {
  /** @throws {@link ActorError} ACTOR_BAD_FRAME */
  define(keys: readonly string[]): void;
  /** Nothing in the value refers to `bytes`, unless those are its own. @throws {@link ActorError} ACTOR_BAD_FRAME */
  decode(bytes: Buffer, start: number, end: number): unknown;
}

export function writerFor(serializer: Serializer, options: EncoderOptions): PayloadWriter {
  return serializer instanceof Msgpack ? new PayloadEncoder(options) : new PluggedWriter(serializer);
}

export function readerFor(serializer: Serializer, options: DecoderOptions): PayloadReader {
  return serializer instanceof Msgpack ? new PayloadDecoder(options) : new PluggedReader(serializer);
}

const nothing = new Uint8Array(0);

class PluggedWriter implements PayloadWriter {
  readonly lead = nothing;
  readonly start = 0;
  bytes: Uint8Array = nothing;
  readonly #serializer: Serializer;

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  get end(): number {
    return this.bytes.length;
  }

  get length(): number {
    return this.bytes.length;
  }

  encode(value: unknown): void {
    let bytes: unknown;
    try {
      bytes = this.#serializer.encode(value);
    } catch (error) {
      throw isActorError(error) ? error : notSerializable(value, error);
    }
    // No bytes at all are the payload that is undefined.
    if (bytes instanceof Uint8Array && bytes.length > 0) this.bytes = bytes;
    else throw this.#refused();
  }

  nextShape(): undefined {
    return undefined;
  }

  #refused(): ActorError {
    const why = `payload can't be sent to another node: the serializer ${this.#serializer.name} made no bytes of it.`;
    return new ActorError('ACTOR_NOT_SERIALIZABLE', why, { details: { path: 'payload' } });
  }
}

class PluggedReader implements PayloadReader {
  readonly #serializer: Serializer;

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  define(): void {
    throw badFrame(`it defines shapes, of which the serializer ${this.#serializer.name} knows nothing`);
  }

  decode(bytes: Buffer, start: number, end: number): unknown {
    try {
      // A copy: what a serializer keeps of it must not change when the frame's memory is used again.
      return this.#serializer.decode(new Uint8Array(bytes.subarray(start, end)));
    } catch (error) {
      throw isActorError(error) ? error : badFrame(`a payload of it can't be decoded (${String(error)})`);
    }
  }
}
