import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joined } from '../src/frame.ts';
import { FrameDecoder, frameKind, headerBytes, writeHeader } from '../src/framing.ts';

function header(length: number, kind: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  writeHeader(bytes, 0, length, kind);
  return bytes;
}

function decode(pieces: readonly Buffer[], frameMaxBytes = 1_000): { frames: string[]; pings: number } {
  const result = { frames: [] as string[], pings: 0 };
  const decoder = new FrameDecoder(frameMaxBytes, {
    onFrame: (bytes) => result.frames.push(Buffer.from(bytes).toString('hex')),
    onPing: () => (result.pings += 1),
  });
  for (const piece of pieces) decoder.push(piece);
  return result;
}

/** The bytes in pieces that end at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length));
}

describe('frames', () => {
  test('come out as they went in, for any frames and any cuts of the stream', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(10_000), { maxLength: 30 }), (sent, places) => {
        const { frames: got } = decode(cut(Buffer.from(joined(sent)), places));
        expect(got).toEqual(sent.map((frame) => Buffer.from(frame).toString('hex')));
      }),
    );
  });

  test('arrive byte by byte, with signs of life between them', () => {
    const ping = header(0, frameKind.ping);
    const stream = Buffer.concat([ping, joined([Buffer.from('ab')]), header(0, frameKind.pong), ping]);
    const bytes = [...stream].map((byte) => Buffer.of(byte));
    expect(decode(bytes)).toEqual({ frames: ['6162'], pings: 2 });
  });

  test('over the limit are refused by their header, before any memory is set aside', () => {
    expect(() => decode([header(1_001, frameKind.frame)])).toThrow(
      expect.objectContaining({ code: 'ACTOR_BAD_FRAME', details: { length: 1_001, maxBytes: 1_000 } }),
    );
    expect(decode([header(1_000, frameKind.frame)]).frames).toEqual([]);
  });

  test('of an unknown kind, or signs of life with a body, are refused', () => {
    expect(() => decode([header(0, 3)])).toThrow(expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }));
    expect(() => decode([header(1, frameKind.ping)])).toThrow(
      expect.objectContaining({ code: 'ACTOR_BAD_FRAME' }),
    );
  });

  test('either decode or are refused, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode([Buffer.from(bytes)]);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ACTOR_BAD_FRAME' });
        }
      }),
    );
  });
});
