// A payload that is nothing but many bytes. It is written and read past the encoder, in the encoder's own format, because
// at this size each copy of it, and each piece of memory made for one, shows.

import { Buffer } from 'node:buffer';
import { typedArrayType } from './payload-scan.ts';

/** What MessagePack puts before bytes: a Buffer is its own binary type, any other view msgpackr's typed array. */
const bufferToken = 0xc6;
const extensionToken = 0xc9;
/** The typed array that is a Uint8Array. */
const uint8Kind = 1;
const bytesMin = 4_096;

/** No subclass, which may have a way of its own to be encoded. */
export function isManyBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array &&
    value.length >= bytesMin &&
    (value.constructor === Uint8Array || value.constructor === Buffer)
  );
}

/** What goes before the bytes. */
export function leadOf(bytes: Uint8Array): Uint8Array {
  const isBuffer = Buffer.isBuffer(bytes);
  const lead = Buffer.allocUnsafe(isBuffer ? 5 : 7);
  lead[0] = isBuffer ? bufferToken : extensionToken;
  lead.writeUInt32BE(bytes.length + (isBuffer ? 0 : 1), 1);
  if (!isBuffer) lead.set([typedArrayType, uint8Kind], 5);
  return lead;
}

/** A view of the bytes that the payload from `start` to `end` is; undefined when it is anything else. */
export function manyBytes(payload: Buffer, start: number, end: number): Uint8Array | undefined {
  if (end - start < bytesMin) return undefined;
  const token = payload[start];
  if (token !== bufferToken && token !== extensionToken) return undefined;
  if (payload.readUInt32BE(start + 1) !== end - start - (token === bufferToken ? 5 : 6)) return undefined;
  if (token === bufferToken) return payload.subarray(start + 5, end);
  if (payload[start + 5] !== typedArrayType || payload[start + 6] !== uint8Kind) return undefined;
  return new Uint8Array(payload.buffer, payload.byteOffset + start + 7, end - start - 7);
}

/** Who keeps the bytes keeps little else alive with them. */
export function isMostOfItsMemory(bytes: Uint8Array): boolean {
  return 2 * bytes.byteLength >= bytes.buffer.byteLength;
}

/** In memory of its own. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.isBuffer(bytes)
    ? Buffer.allocUnsafeSlow(bytes.byteLength)
    : new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
