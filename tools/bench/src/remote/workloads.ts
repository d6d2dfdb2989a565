// The workloads between two processes, for every contender alike. One-way messages count when the server says that it
// has had them, asks when the answer is here.
import { setImmediate as turn } from 'node:timers/promises';
import type { Round, Sample } from '../workload.ts';
import type { Received, RemoteClient } from './contender.ts';
import { kinds } from './kinds.ts';

/** How a one-way stream is sent: so many per turn of the event loop, so many on their way at most. */
interface Flow {
  readonly perTurn: number;
  readonly onTheirWayMax: number;
  send(index: number): boolean;
  count(received: Received): number;
}

const lostAfterMs = 10_000;

/**
 * Sends for `roundMs`, then waits until all has arrived; what arrived per second. Behind what each turn sends goes the
 * question how much has arrived, so that the window moves on while it is used.
 */
async function stream(client: RemoteClient, roundMs: number, flow: Flow): Promise<Sample> {
  const before = flow.count(await client.received());
  let sent = 0;
  let arrived = 0;
  let questions = 0;
  const look = async (): Promise<void> => {
    questions++;
    try {
      arrived = Math.max(arrived, flow.count(await client.received()) - before);
    } finally {
      questions--;
    }
  };
  let failure: Error | undefined;
  const fail = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new Error(String(error));
  };
  const start = performance.now();
  const isOver = (afterMs: number): boolean => performance.now() - start >= afterMs;
  while (!isOver(roundMs)) {
    const limit = Math.min(sent + flow.perTurn, arrived + flow.onTheirWayMax);
    const from = sent;
    while (sent < limit && flow.send(sent)) sent++;
    // Where a queue was full, the last question may have been refused, and nothing more goes out without its answer.
    if (sent > from || questions === 0) look().catch(fail);
    await turn();
    if (failure !== undefined) throw failure;
  }
  while (arrived < sent) {
    if (isOver(roundMs + lostAfterMs)) throw new Error(`${sent} were sent, ${arrived} have arrived.`);
    await look();
    await turn();
  }
  return { perSecond: (sent / (performance.now() - start)) * 1_000 };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `inFlight` callers, each asking again as soon as it has its answer, until the time is over. */
async function asking(
  client: RemoteClient,
  shapes: number,
  inFlight: number,
  roundMs: number,
): Promise<Sample> {
  const latencies: number[] = [];
  const start = performance.now();
  const caller = async (): Promise<void> => {
    let now = performance.now();
    while (now - start < roundMs) {
      const id = latencies.length + 1;
      const kind = id % shapes;
      const answer = await client.ask(kind, (kinds[kind] ?? kinds[0]).make(id));
      if (answer !== id) throw new Error(`${id} was answered with ${answer}.`);
      const then = now;
      now = performance.now();
      latencies.push(now - then);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const elapsedMs = performance.now() - start;
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: (latencies.length / elapsedMs) * 1_000,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

const payloadBytes = 64 * 1_024;

/** By name, as section.ts lists them. `shapes` is how many of the kinds are used. */
export const remoteWorkloads: Readonly<Record<string, (client: RemoteClient, shapes: number) => Round>> = {
  tell: (client, shapes) => (roundMs) =>
    stream(client, roundMs, {
      perTurn: 1_000,
      onTheirWayMax: 20_000,
      send: (index) => {
        const kind = index % shapes;
        return client.tell(kind, (kinds[kind] ?? kinds[0]).make(index + 1));
      },
      count: ({ messages }) => messages,
    }),
  askSequential: (client, shapes) => (roundMs) => asking(client, shapes, 1, roundMs),
  askHundred: (client, shapes) => (roundMs) => asking(client, shapes, 100, roundMs),
  askThousand: (client, shapes) => (roundMs) => asking(client, shapes, 1_000, roundMs),
  bytes: (client) => {
    const payload = new Uint8Array(payloadBytes).fill(7);
    return async (roundMs) => {
      const { perSecond = 0 } = await stream(client, roundMs, {
        perTurn: 32,
        onTheirWayMax: 128,
        send: () => client.tellBytes(payload),
        count: ({ bytes }) => bytes / payloadBytes,
      });
      return { bytesPerSecond: perSecond * payloadBytes };
    };
  },
};
