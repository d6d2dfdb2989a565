import { Duplex } from 'node:stream';
import { Simulation } from '@actor/core/testkit';
import { expect, test } from 'vitest';
import { Connection } from '../src/connection.ts';
import { pieceOf, ReadyFrame } from '../src/frame.ts';
import { frameKind, headerBytes, writeHeader } from '../src/framing.ts';

const mebibyte = 1024 ** 2;

/** A socket that keeps what is written into it, and says that it has gone only when `drain` is called. */
class Pipe extends Duplex {
  readonly pieces: Buffer[] = [];
  #done: (() => void) | undefined;

  constructor() {
    super({ writableHighWaterMark: 100 });
  }

  drain(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  get bytes(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(piece);
    this.#done = done;
  }

  override _writev(writes: readonly { readonly chunk: Buffer }[], done: () => void): void {
    for (const { chunk } of writes) this.pieces.push(chunk);
    this.#done = done;
  }
}

function open(chunkBytes = 4_096) {
  const simulation = new Simulation();
  const pipe = new Pipe();
  const options = {
    runtime: simulation.runtime('a'),
    frameMaxBytes: mebibyte,
    queueMaxBytes: 64 * mebibyte,
    chunkBytes,
  };
  // Of a socket, a connection needs what every stream has.
  const socket = pipe as unknown as ConstructorParameters<typeof Connection>[0];
  const connection = new Connection(socket, options, Buffer.alloc(0));
  connection.open({ onFrame: () => {}, onEnd: () => {}, onClose: () => {} });
  return { simulation, pipe, connection };
}

function sign(kind: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  writeHeader(bytes, 0, 0, kind);
  return bytes;
}

test('a large frame goes into the socket in pieces of chunkBytes', async () => {
  const { simulation, pipe, connection } = open();
  connection.send(Buffer.alloc(10_000));
  await simulation.advance(1);
  expect(pipe.pieces.map(({ length }) => length)).toEqual([headerBytes, 4_096, 4_096, 1_808]);
});

test('a frame that comes with room for its header goes into the socket as it lies', async () => {
  const { simulation, pipe, connection } = open();
  const room = (length: number): Buffer => Buffer.alloc(headerBytes + length, 1);
  const [small, head, tail, large] = [room(50), room(100), Buffer.alloc(5_000, 2), room(4_097)];
  connection.send(new ReadyFrame(small, undefined));
  await simulation.advance(1);
  connection.send(new ReadyFrame(head, tail));
  connection.send(new ReadyFrame(large, undefined));
  connection.send(new ReadyFrame(room(50), Buffer.alloc(60)));
  connection.send(Buffer.alloc(10));
  pipe.drain();
  await simulation.advance(1);
  expect(pipe.pieces[0]).toBe(small);
  expect(pipe.pieces[1]).toBe(head);
  expect(pipe.pieces.map(({ length }) => length)).toEqual([
    ...[headerBytes + 50],
    ...[headerBytes + 100, 4_096, 904],
    ...[4_096, headerBytes + 1],
    headerBytes + 110 + headerBytes + 10,
  ]);
  expect(pipe.pieces.map((piece) => piece[headerBytes])).toEqual([1, 1, 2, 2, 1, 1, 1]);
});

test('a socket that takes nothing holds one batch; the rest waits, and can be taken back whole', async () => {
  const { simulation, pipe, connection } = open(65_536);
  for (let number = 0; number < 8; number += 1) connection.send(Buffer.alloc(200_000, number));
  await simulation.advance(1);
  expect(pipe.bytes).toBeLessThan(400_000);
  pipe.drain();
  await simulation.advance(1);
  expect(pipe.bytes).toBeLessThan(800_000);
  connection.destroy();
  const begun = Math.ceil(pipe.bytes / 200_005);
  expect(
    connection.takeUnsent().map((frame) => [pieceOf(frame, headerBytes, 1)[0], frame.byteLength]),
  ).toEqual([0, 1, 2, 3, 4, 5, 6, 7].slice(begun).map((number) => [number, 200_000]));
});

test('questions for a sign of life that come at once have one answer, and one that is not read waits for that', async () => {
  const { simulation, pipe } = open();
  for (let times = 0; times < 1_000; times += 1) pipe.push(sign(frameKind.ping));
  await simulation.advance(1);
  expect(Buffer.concat(pipe.pieces)).toEqual(sign(frameKind.pong));
  for (let times = 0; times < 200; times += 1) {
    pipe.push(sign(frameKind.ping));
    await simulation.advance(1);
  }
  expect(pipe.bytes + pipe.writableLength).toBeLessThan(200);
});
