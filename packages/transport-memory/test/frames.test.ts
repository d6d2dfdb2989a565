import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lanes, LaneQueues, overheadBytes } from '../src/lane-queues.ts';
import { Network, say } from './network.ts';

describe('frames', () => {
  test('arrive in order per lane, urgent lanes first', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    for (const lane of ['bulk', 'user', 'control'] as const)
      for (const text of ['1', '2']) say(a, b, text, lane);
    await net.simulation.advance(10);
    expect(b.seen).toEqual([
      '+a#1',
      'a control: 1',
      'a control: 2',
      'a user: 1',
      'a user: 2',
      'a bulk: 1',
      'a bulk: 2',
    ]);
  });

  test('a full lane refuses and takes nothing, and an empty one takes any legal frame', async () => {
    const net = new Network();
    const [a, b] = [await net.start({ queueMaxBytes: overheadBytes + 20 }), await net.start()];
    expect(say(a, b, 'x'.repeat(20))).toBe(true);
    expect(say(a, b, 'y')).toBe(false);
    expect(say(a, b, 'z', 'control')).toBe(true);
    await net.simulation.advance(10);
    expect(say(a, b, 'y')).toBe(true);
    await net.simulation.advance(10);
    expect(b.seen).toEqual(['+a#1', 'a control: z', `a user: ${'x'.repeat(20)}`, 'a user: y']);
  });

  test('a lane of empty frames has a bound too', async () => {
    const net = new Network();
    const [a, b] = [await net.start({ queueMaxBytes: 10_000 }), await net.start()];
    let taken = 0;
    while (taken < 10_000 && say(a, b, '')) taken += 1;
    expect(taken).toBeLessThan(1_000);
  });

  test('a frame over frameMaxBytes is an error', async () => {
    const net = new Network();
    const [a, b] = [await net.start({ frameMaxBytes: 4 }), await net.start()];
    expect(() => say(a, b, '12345')).toThrow(expect.objectContaining({ code: 'ACTOR_FRAME_TOO_LARGE' }));
    expect(() => a.transport.broadcast(Buffer.alloc(5), 'user')).toThrow(
      expect.objectContaining({ code: 'ACTOR_FRAME_TOO_LARGE' }),
    );
    expect(say(a, b, '1234')).toBe(true);
  });

  test('a listener that keeps a frame without copying sees it overwritten', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    const kept: Uint8Array[] = [];
    b.transport.receive((_, frame) => kept.push(frame));
    say(a, b, 'kept');
    await net.simulation.advance(10);
    expect(kept.map((frame) => [...frame])).toEqual([[0xdd, 0xdd, 0xdd, 0xdd]]);
  });

  test('broadcast reaches every linked peer and nobody else', async () => {
    const net = new Network();
    const [a, b, c, d] = [await net.start(), await net.start(), await net.start(), await net.start()];
    say(a, b, 'hi');
    say(c, a, 'hi');
    await net.simulation.advance(10);
    a.transport.broadcast(Buffer.from('all'), 'user');
    await net.simulation.advance(10);
    expect([b.seen.at(-1), c.seen.at(-1), d.seen.at(-1)]).toEqual(['a user: all', 'a user: all', undefined]);
  });
});

describe('stopping', () => {
  test('hands over what was accepted before it says link-down', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    say(a, b, 'first');
    await net.simulation.advance(10);
    say(a, b, 'last');
    const stopped = a.transport.stop();
    expect(say(a, b, 'late')).toBe(false);
    await net.simulation.settle(stopped);
    await net.simulation.advance(10);
    expect(b.seen).toEqual(['+a#1', 'a user: first', 'a user: last', '-a#1']);
    expect(a.seen).toEqual(['+b#1', '-b#1']);
  });

  test('gives up at the deadline when the peer does not take its frames', async () => {
    const net = new Network();
    const [a, b] = [await net.start(), await net.start()];
    say(a, b, 'first');
    await net.simulation.advance(10);
    net.simulation.pause('b#1#2', 60_000);
    say(a, b, 'last');
    await net.simulation.settle(a.transport.stop({ deadlineMs: 100 }));
    expect(net.simulation.nowMs).toBeLessThan(200);
    expect(a.seen).toEqual(['+b#1', '-b#1']);
  });
});

test('the bytes of a lane stay within the bound, or are one frame, for any pushes and takes', () => {
  const push = fc.record({
    kind: fc.constant('push' as const),
    size: fc.nat(20),
    lane: fc.constantFrom(...lanes),
  });
  const take = fc.record({
    kind: fc.constant('take' as const),
    lane: fc.constantFrom(...lanes),
    bytesMax: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(push, take)), (steps) => {
      const maxBytes = 3 * (overheadBytes + 10);
      const queues = new LaneQueues(maxBytes);
      const model = { control: [] as number[], user: [] as number[], bulk: [] as number[] };
      for (const step of steps) {
        const held = model[step.lane];
        if (step.kind === 'take') {
          let [count, bytes] = [0, 0];
          while (count < held.length && bytes < step.bytesMax) bytes += overheadBytes + (held[count++] ?? 0);
          expect(queues.take(step.lane, step.bytesMax).map((frame) => frame.byteLength)).toEqual(
            held.splice(0, count),
          );
          continue;
        }
        const bytes = [...held, step.size].reduce((sum, size) => sum + size + overheadBytes, 0);
        const fits = held.length === 0 || bytes <= maxBytes;
        expect(queues.push(new Uint8Array(step.size), step.lane)).toBe(fits);
        if (fits) held.push(step.size);
      }
    }),
  );
});
