// Claims about frames: order, wholeness, bounds and lanes.

import { strict as assert } from 'node:assert';

import { isActorError } from '../errors.ts';
import type { Lane } from '../plugin/transport.ts';
import type { TransportBench, TransportClaim } from './transport-bench.ts';
import type { TransportRecorder } from './transport-recorder.ts';

const lanes: readonly Lane[] = ['control', 'user', 'bulk'];

/** A frame that tells its number, and at each place whether it is the right byte. */
function numbered(number: number, length = 4): Uint8Array {
  const frame = new Uint8Array(Math.max(4, length));
  for (let i = 4; i < frame.length; i += 1) frame[i] = (i * 31 + number) & 0xff;
  new DataView(frame.buffer).setUint32(0, number);
  return frame;
}
const numberOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(0);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The frame behind room for the transport. */
function roomy(frame: Uint8Array, headBytes: number): Uint8Array {
  const bytes = new Uint8Array(headBytes + frame.length);
  bytes.set(frame, headBytes);
  return bytes;
}

/** Sends numbered frames until the queue is full; how many were taken. */
function fill(from: TransportRecorder, to: TransportRecorder, lane: Lane): number {
  const bytes = Math.min(65_536, from.transport.supports.frameMaxBytes);
  for (let taken = 0; taken < 16_384; taken += 1) {
    if (!from.transport.send(to.address, numbered(taken, bytes), lane)) return taken;
  }
  return assert.fail('a queue took a gibibyte: it has no bound');
}

async function sendSizes(bench: TransportBench, sizes: readonly number[], lane: Lane): Promise<void> {
  const [a, b] = await bench.pair();
  for (const size of sizes) {
    const sent = numbered(size, size).subarray(0, size);
    assert.equal(a.transport.send(b.address, sent.slice(), lane), true, `${size} bytes are taken`);
    await bench.fixture.eventually(() => b.frames().length > 0, `a frame of ${size} bytes`);
    const [got] = b.frames(lane);
    assert.ok(
      got !== undefined && Buffer.compare(got, sent) === 0,
      `a frame of ${size} bytes arrives as it was`,
    );
    b.log.splice(b.log.length - 1);
  }
}

export const transportFrameClaims: readonly TransportClaim[] = [
  {
    name: 'frames of one lane arrive in the order sent, each once',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const count = 300;
      for (const number of upTo(count)) {
        for (const lane of lanes) {
          const size = 4 + ((number * 37) % 500);
          assert.equal(a.transport.send(b.address, numbered(number, size), lane), true, 'the frame is taken');
        }
      }
      await bench.fixture.eventually(() => b.frames().length >= count * lanes.length, 'all frames');
      // Long enough for a second copy to show up.
      await bench.fixture.pass(50);
      for (const lane of lanes) assert.deepEqual(b.frames(lane).map(numberOf), upTo(count), lane);
    },
  },
  {
    name: 'frames that were sent before the link was up arrive in order, after link-up',
    run: async (bench) => {
      const [a, b] = [await bench.start('a'), await bench.start('b')];
      for (const number of upTo(50)) a.transport.send(b.address, numbered(number), 'user');
      await bench.fixture.eventually(() => b.frames().length >= 50, 'all frames');
      assert.deepEqual(b.frames('user').map(numberOf), upTo(50));
      assert.equal(b.log[0]?.kind, 'up');
    },
  },
  {
    name: 'frames flow in both directions at once',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      for (const number of upTo(200)) {
        a.transport.send(b.address, numbered(number, 100), 'user');
        b.transport.send(a.address, numbered(number, 100), 'user');
      }
      const isDone = (): boolean => a.frames().length >= 200 && b.frames().length >= 200;
      await bench.fixture.eventually(isDone, 'all frames of both');
      assert.deepEqual(a.frames().map(numberOf), upTo(200));
      assert.deepEqual(b.frames().map(numberOf), upTo(200));
    },
  },
  {
    name: 'frames of every small size arrive whole, the empty one included',
    run: (bench) => sendSizes(bench, [...upTo(20), 125, 126, 127, 128, 255, 256, 257], 'user'),
  },
  {
    name: 'frames around every power of two, and of the largest size, arrive whole',
    run: async (bench) => {
      const probe = bench.make({ nodeId: 'probe' });
      const maxBytes = probe.transport.supports.frameMaxBytes;
      const powers = [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576];
      const around = powers.flatMap((power) => [power - 1, power, power + 1]);
      const sizes = [...around.filter((size) => size < maxBytes), maxBytes - 1, maxBytes];
      await sendSizes(bench, sizes, 'bulk');
    },
  },
  {
    name: 'a frame sent in place, in one part or two of any size, arrives as one, in order with the others',
    requires: 'headBytes',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const { frameMaxBytes, headBytes = 0 } = a.transport.supports;
      const inPlace = (frame: Uint8Array, tail?: Uint8Array): boolean | undefined =>
        a.transport.sendInPlace?.(b.address, roomy(frame, headBytes), tail, 'user');
      const sizes = [0, 1, 100, 4_095, 4_096, 4_097, 70_000, 200_000];
      const all = sizes.flatMap((head) => sizes.map((tail) => [head, head + tail] as const));
      for (const [number, [head, size]] of all.entries()) {
        const frame = numbered(number, size);
        assert.equal(inPlace(frame.slice(0, head), frame.slice(head)), true, 'the parts are taken');
        assert.equal(a.transport.send(b.address, frame.slice(), 'user'), true, 'the copy is taken');
        assert.equal(inPlace(frame), true, 'the whole is taken');
        await bench.fixture.eventually(() => b.frames().length >= 3, 'all frames');
        for (const got of b.frames('user')) assert.deepEqual(Buffer.from(got), Buffer.from(frame));
        b.log.splice(b.log.length - 3);
      }
      const isRefusal = (error: unknown): boolean => isActorError(error, 'ACTOR_FRAME_TOO_LARGE');
      const [one, most] = [Uint8Array.of(1), new Uint8Array(frameMaxBytes)];
      assert.throws(() => inPlace(one, most), isRefusal);
      assert.equal(inPlace(most.subarray(1), one), true, 'the largest frame is taken');
      await bench.fixture.eventually(() => b.frames().length >= 1, 'the largest frame');
    },
  },
  {
    name: 'a frame that its listener keeps stays as it was, also when the listener writes into the next',
    requires: 'ownFrames',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const kept: Uint8Array[] = [];
      b.transport.receive((_, frame) => {
        kept.push(frame);
        frame[5] = 0;
      });
      const sizes = [10, 50, 1_000, 70_000, 10, 200_000, 30];
      for (const [number, size] of sizes.entries()) {
        a.transport.send(b.address, numbered(number, size), 'user');
      }
      await bench.fixture.eventually(() => kept.length >= sizes.length, 'all frames');
      for (const [number, size] of sizes.entries()) {
        const expected = numbered(number, size);
        expected[5] = 0;
        assert.deepEqual(Buffer.from(kept[number] ?? []), Buffer.from(expected));
      }
    },
  },
  {
    name: 'a frame above frameMaxBytes throws ACTOR_FRAME_TOO_LARGE and harms nothing',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const tooLarge = new Uint8Array(a.transport.supports.frameMaxBytes + 1);
      const isRefusal = (error: unknown): boolean => isActorError(error, 'ACTOR_FRAME_TOO_LARGE');
      assert.throws(() => a.transport.send(b.address, tooLarge, 'user'), isRefusal);
      assert.throws(() => a.transport.broadcast(tooLarge, 'user'), isRefusal);
      a.transport.send(b.address, numbered(7), 'user');
      await bench.fixture.eventually(() => b.frames().length > 0, 'the next frame');
      assert.deepEqual(b.frames().map(numberOf), [7]);
    },
  },
  {
    name: 'a full queue refuses the frame and takes nothing of it, and what it took arrives in order',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const taken = fill(a, b, 'user');
      assert.ok(taken > 0, 'an empty queue takes a frame');
      await bench.fixture.eventually(() => b.frames().length >= taken, 'all that was taken');
      await bench.fixture.pass(20);
      assert.deepEqual(b.frames('user').map(numberOf), upTo(taken));
      assert.equal(a.transport.send(b.address, numbered(taken), 'user'), true, 'there is room again');
      await bench.fixture.eventually(() => b.frames().length > taken, 'the frame after');
    },
  },
  {
    name: 'a full user queue refuses nothing on the control lane, nor to another peer',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const c = await bench.start('c');
      await bench.link(a, c);
      fill(a, b, 'user');
      assert.equal(a.transport.send(b.address, numbered(1), 'control'), true, 'control is taken');
      assert.equal(a.transport.send(c.address, numbered(2), 'user'), true, 'another peer is served');
      const isServed = (): boolean => b.frames('control').length === 1 && c.frames('user').length === 1;
      await bench.fixture.eventually(isServed, 'the urgent frame and that of another peer');
    },
  },
  {
    name: 'a control frame does not wait for the large frames of lower lanes that were sent before it',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const bytes = Math.min(a.transport.supports.frameMaxBytes, 4 * 1_048_576);
      let large = 0;
      for (const lane of ['bulk', 'user', 'bulk', 'user'] as const) {
        if (a.transport.send(b.address, numbered(large, bytes), lane)) large += 1;
      }
      assert.ok(large > 0, 'a large frame is taken');
      assert.equal(a.transport.send(b.address, numbered(99), 'control'), true);
      await bench.fixture.eventually(() => b.frames().length > large, 'all frames');
      const order = b.log.flatMap((record) => (record.kind === 'frame' ? [record.lane] : []));
      assert.ok(order.indexOf('control') < order.length - 1, `control came last: ${order.join(', ')}`);
    },
  },
  {
    name: 'a broadcast reaches every linked peer once, and nobody else',
    run: async (bench) => {
      const [a, b] = await bench.pair();
      const [c, d] = [await bench.start('c'), await bench.start('d')];
      await bench.link(a, c);
      a.transport.broadcast(numbered(1), 'user');
      a.transport.broadcast(numbered(2), 'user');
      const isThere = (): boolean => b.frames().length >= 2 && c.frames().length >= 2;
      await bench.fixture.eventually(isThere, 'both frames at both peers');
      await bench.fixture.pass(20);
      for (const peer of [b, c]) assert.deepEqual(peer.frames('user').map(numberOf), [1, 2]);
      assert.deepEqual(d.log, []);
    },
  },
  {
    name: 'a broadcast to nobody is no error',
    run: async (bench) => {
      const a = await bench.start('a');
      a.transport.broadcast(numbered(1), 'user');
      await bench.fixture.pass(10);
    },
  },
];
