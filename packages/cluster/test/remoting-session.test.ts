import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type InboundFrame,
  type OutboundFrame,
  Session,
  type SessionLimits,
} from '../src/remoting/session.ts';

const limits: SessionLimits = {
  windowMaxBytes: 4_000,
  windowMaxFrames: 16,
  reorderMaxBytes: 4_000,
  reorderMaxFrames: 16,
  ackDelayMs: 5,
  retransmitMinMs: 200,
  retransmitMaxMs: 5_000,
};

const batch = (number: number, bytes = 8): Uint8Array => {
  const made = new Uint8Array(bytes);
  new DataView(made.buffer).setUint32(0, number);
  return made;
};
const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

/** A frame as it arrives: its batch is bytes. */
const arriving = (frame: OutboundFrame<number>): InboundFrame => ({
  ...frame,
  batch: frame.batch === undefined ? undefined : batch(frame.batch),
});

/** A session that knows its peer. */
function introduced(): Session<number> {
  const session = new Session<number>(limits);
  session.poll(0);
  session.receive({ sequence: 0, ack: 0, greeting: false, batch: undefined }, 0);
  return session;
}

/** Two sessions and the frames under way between them; each frame is numbered by the batch that it carries. */
class Wire {
  now = 0;
  readonly ends = [new Session<number>(limits), new Session<number>(limits)] as const;
  readonly delivered: [number[], number[]] = [[], []];
  readonly acked: [number[], number[]] = [[], []];
  readonly flying: { to: 0 | 1; at: number; frame: InboundFrame }[] = [];
  transmitted = 0;

  /** What the network does with a frame: at which times it arrives. */
  fate: (now: number) => readonly number[] = (now) => [now + 1];

  pump(): void {
    for (const from of [0, 1] as const) {
      for (let frame; (frame = this.ends[from].poll(this.now)) !== undefined;) {
        this.transmitted += 1;
        for (const at of this.fate(this.now)) {
          this.flying.push({ to: (1 - from) as 0 | 1, at, frame: arriving(frame) });
        }
      }
    }
  }

  /** Goes to the next thing that happens; false when nothing ever will. */
  step(): boolean {
    this.pump();
    const next = Math.min(...this.flying.map((frame) => frame.at), ...this.ends.map((end) => end.timerAt()));
    if (next === Infinity) return false;
    this.now = Math.max(this.now, next);
    for (const end of this.ends) end.wake(this.now);
    const due = this.flying.filter((frame) => frame.at <= this.now);
    this.flying.splice(0, this.flying.length, ...this.flying.filter((frame) => frame.at > this.now));
    for (const { to, frame } of due) this.receive(to, frame);
    return true;
  }

  receive(to: 0 | 1, frame: InboundFrame): void {
    const received = this.ends[to].receive(frame, this.now);
    if (received === undefined) throw new Error('an honest frame was refused');
    this.delivered[to].push(...received.batches.map(numberOf));
    this.acked[to].push(...received.acked);
  }

  settle(): void {
    for (let steps = 0; this.step(); steps += 1) expect(steps).toBeLessThan(100_000);
  }
}

describe('G1 and G2: a session', () => {
  test('for any loss, duplication and reordering, hands over exactly what was offered, in order', () => {
    const network = fc.record({
      loss: fc.nat(60),
      twice: fc.nat(40),
      spread: fc.nat(400),
      seed: fc.nat(),
      flaps: fc.nat(3),
    });
    fc.assert(
      fc.property(network, ({ loss, twice, spread, seed, flaps }) => {
        const wire = new Wire();
        // From 1 to the modulus, exclusive: 0 would stay 0, and all would be lost.
        let state = (seed % 2_147_483_646) + 1;
        const random = (below: number): number => {
          state = (state * 48_271) % 2_147_483_647;
          return state % below;
        };
        wire.fate = (now) => {
          if (random(100) < loss) return [];
          const arrivals = [now + 1 + random(spread + 1)];
          if (random(100) < twice) arrivals.push(now + 1 + random(3 * spread + 1));
          return arrivals;
        };
        const offered: [number, number] = [0, 0];
        for (let round = 0; offered[0] < 60 || offered[1] < 60; round += 1) {
          for (const end of [0, 1] as const) {
            for (
              let burst = random(6);
              burst > 0 && wire.ends[end].hasRoom(8) && offered[end] < 60;
              burst -= 1
            ) {
              wire.ends[end].offer(offered[end], 8);
              offered[end] += 1;
            }
          }
          if (round % 20 < flaps) for (const end of wire.ends) end.linkUp();
          wire.step();
        }
        wire.settle();
        const all = Array.from({ length: 60 }, (_, index) => index);
        expect(wire.delivered).toEqual([all, all]);
        expect(wire.acked).toEqual([all, all]);
        expect(wire.ends.map((end) => end.idle)).toEqual([true, true]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test('over a faultless network sends each batch once', () => {
    const wire = new Wire();
    wire.settle();
    for (let i = 0; i < 10; i += 1) wire.ends[0].offer(i, 8);
    wire.transmitted = 0;
    wire.settle();
    expect(wire.delivered[1]).toHaveLength(10);
    expect(wire.transmitted).toBe(11);
  });

  test('sends again at once when the link is back, without waiting for a timeout', () => {
    const wire = new Wire();
    wire.settle();
    wire.fate = () => [];
    wire.ends[0].offer(1, 8);
    wire.ends[0].offer(2, 8);
    wire.pump();
    wire.fate = (now) => [now + 1];
    const before = wire.now;
    wire.ends[0].linkUp();
    wire.step();
    expect(wire.delivered[1]).toEqual([1, 2]);
    expect(wire.now - before).toBeLessThan(limits.retransmitMinMs);
  });

  test('sends again at once when the peer greets: it did not listen before', () => {
    const [one, other] = [introduced(), new Session<number>(limits)];
    one.offer(1, 8);
    expect(one.poll(0)?.sequence).toBe(1);
    expect(one.poll(0)).toBe(undefined);
    const greeting = other.poll(1);
    expect(greeting?.greeting).toBe(true);
    if (greeting !== undefined) one.receive(arriving(greeting), 1);
    expect([one.poll(1)?.sequence, one.poll(1)?.sequence]).toEqual([0, 1]);
  });

  test('probes with one frame and ever more slowly while the peer is silent', () => {
    const wire = new Wire();
    wire.settle();
    for (let i = 0; i < 10; i += 1) wire.ends[0].offer(i, 8);
    wire.fate = () => [];
    wire.pump();
    wire.transmitted = 0;
    const start = wire.now;
    const probes: number[] = [];
    while (wire.now - start < 60_000) {
      wire.step();
      wire.pump();
      if (wire.transmitted > probes.length) probes.push(wire.now - start);
    }
    expect(probes.slice(0, 5).map(Math.floor)).toEqual([200, 600, 1_400, 3_000, 6_200]);
    expect(probes.length).toBeLessThan(20);
  });

  test('acknowledges with the answer where there is one, and alone after a short delay', () => {
    const wire = new Wire();
    wire.settle();
    const before = wire.now;
    wire.ends[0].offer(1, 8);
    wire.settle();
    expect(wire.acked[0]).toEqual([1]);
    expect(wire.now - before).toBe(1 + limits.ackDelayMs + 1);
  });
});

describe('an introduction', () => {
  const introduction = { sequence: 0, ack: 0, greeting: false, batch: undefined };

  test('comes before any batch: none leaves, and none is taken', () => {
    const session = new Session<number>(limits);
    session.offer(1, 8);
    expect(session.poll(0)).toMatchObject({ sequence: 0, greeting: true });
    expect(session.poll(0)).toBe(undefined);
    const early = session.receive({ sequence: 1, ack: 0, greeting: false, batch: batch(1) }, 0);
    expect(early).toEqual({ batches: [], acked: [] });
    expect(session.poll(0)).toBe(undefined);
    session.receive(introduction, 1);
    expect(session.isIntroduced).toBe(true);
    expect(session.poll(1)).toMatchObject({ sequence: 1, ack: 0 });
  });

  test('is asked for again, ever more slowly, until it comes', () => {
    const session = new Session<number>(limits);
    const asked: number[] = [];
    for (let now = 0; now < 20_000; now = Math.max(now + 1, session.timerAt())) {
      session.wake(now);
      if (session.poll(now)?.greeting === true) asked.push(now);
    }
    expect(asked.slice(0, 5)).toEqual([0, 200, 600, 1_400, 3_000]);
    session.receive(introduction, 20_000);
    expect(session.timerAt()).toBe(Infinity);
  });

  test('answers every greeting, before the batches, and makes nobody send again what was acknowledged', () => {
    const session = introduced();
    session.offer(1, 8);
    session.poll(0);
    session.receive({ ...introduction, ack: 1, greeting: false }, 1);
    session.offer(2, 8);
    expect(session.poll(1)?.sequence).toBe(2);
    session.receive({ ...introduction, ack: 1, greeting: true }, 2);
    expect([session.poll(2)?.sequence, session.poll(2)]).toEqual([0, undefined]);
  });
});

describe('the bounds of a session', () => {
  test('are full when so many frames or bytes wait for the peer, and open again with its acknowledgement', () => {
    const wire = new Wire();
    for (let i = 0; i < limits.windowMaxFrames; i += 1) wire.ends[0].offer(i, 8);
    expect(wire.ends[0].hasRoom(1)).toBe(false);
    wire.settle();
    expect(wire.ends[0].hasRoom(1)).toBe(true);
    wire.ends[0].offer(1, 3_000);
    expect(wire.ends[0].hasRoom(1_000)).toBe(true);
    expect(wire.ends[0].hasRoom(1_001)).toBe(false);
  });

  test('take one batch of any size when nothing waits', () => {
    expect(new Session<number>(limits).hasRoom(1_000_000)).toBe(true);
  });

  test('drop frames that come too far ahead; they are sent again', () => {
    const session = introduced();
    const ahead = (sequence: number): InboundFrame => ({
      sequence,
      ack: 0,
      greeting: false,
      batch: batch(sequence, 900),
    });
    for (let sequence = 2; sequence < 40; sequence += 1) session.receive(ahead(sequence), 0);
    const received = session.receive(ahead(1), 0);
    expect(received?.batches.map(numberOf)).toEqual([1, 2, 3, 4, 5]);
  });

  test('keep what comes ahead in memory of their own', () => {
    const session = introduced();
    const second = Buffer.from(batch(2));
    session.receive({ sequence: 2, ack: 0, greeting: false, batch: second }, 0);
    second.fill(0xdd);
    const received = session.receive({ sequence: 1, ack: 0, greeting: false, batch: batch(1) }, 0);
    expect(received?.batches.map(numberOf)).toEqual([1, 2]);
  });

  test('do not believe an acknowledgement of what was never sent', () => {
    const session = introduced();
    expect(session.receive({ sequence: 0, ack: 1, greeting: false, batch: undefined }, 0)).toBe(undefined);
  });
});

describe('the end of a session', () => {
  test('tells what never left from what may have arrived', () => {
    const session = introduced();
    session.offer(1, 8);
    session.poll(0);
    session.offer(2, 8);
    const frame = session.poll(0);
    if (frame !== undefined) session.refused(frame, 0);
    session.offer(3, 8);
    expect(session.end()).toEqual({ unsent: [2, 3], unknown: [1] });
    expect(session.timerAt()).toBe(Infinity);
  });

  test('what left once may have arrived, also when the channel refused it the second time', () => {
    const session = introduced();
    session.offer(1, 8);
    session.poll(0);
    session.linkUp();
    const again = session.poll(0);
    if (again !== undefined) session.refused(again, 0);
    expect(session.end()).toEqual({ unsent: [], unknown: [1] });
  });

  test('a frame that the channel refused goes out when it takes frames again', () => {
    const session = introduced();
    session.offer(1, 8);
    const frame = session.poll(0);
    if (frame !== undefined) session.refused(frame, 0);
    expect(session.poll(0)).toBe(undefined);
    const again = session.timerAt();
    expect(again).toBeLessThan(limits.retransmitMinMs);
    expect(session.poll(again)?.sequence).toBe(1);
  });
});
