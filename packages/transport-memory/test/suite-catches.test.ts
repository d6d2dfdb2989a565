// The transport suite is only as good as what it refuses. Each transport here breaks the contract in one way, and a case
// that names the breach must fail.
import type { Lane, Transport, TransportContext, TransportFactory } from '@actor/core';
import { faultNetwork, simulatedTransports, transportSuite } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { memory, memoryFabric } from '../src/index.ts';

type Breach = (inner: Transport, context: TransportContext) => Partial<Transport>;

const sound = (): TransportFactory =>
  memory({ fabric: memoryFabric(), frameMaxBytes: 200_000, queueMaxBytes: 1_000_000 });

/** The memory transport with some of its methods replaced. */
function broken(
  breach: Breach,
  alter: (context: TransportContext) => TransportContext = (c) => c,
): TransportFactory {
  const factory = sound();
  return (context) => {
    const inner = factory(alter(context));
    const methods: Transport = {
      kind: inner.kind,
      supports: inner.supports,
      address: () => inner.address(),
      start: (options) => inner.start(options),
      stop: (options) => inner.stop(options),
      send: (to, frame, lane) => inner.send(to, frame, lane),
      broadcast: (frame, lane) => inner.broadcast(frame, lane),
      receive: (listener) => inner.receive(listener),
      onLink: (listener) => inner.onLink(listener),
      onDialFailed: (listener) => inner.onDialFailed?.(listener) ?? (() => {}),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
    return { ...methods, ...breach(inner, context) };
  };
}
const nothing: Breach = () => ({});
const hostile = (conditions: Parameters<typeof faultNetwork>[1]['hostile']): (() => TransportFactory) => {
  return () => faultNetwork(sound(), { seed: 1, hostile: conditions ?? {} });
};

const breaches: readonly {
  readonly what: string;
  readonly caught: RegExp;
  readonly make: () => TransportFactory;
}[] = [
  { what: 'loses frames', caught: /in the order sent, each once/, make: hostile({ lossRate: 0.02 }) },
  {
    what: 'repeats frames',
    caught: /in the order sent, each once/,
    make: hostile({ duplicationRate: 0.02 }),
  },
  { what: 'reorders frames', caught: /in the order sent, each once/, make: hostile({ reorderRate: 0.02 }) },
  { what: 'changes frames', caught: /arrive whole/, make: hostile({ corruptionRate: 0.5 }) },
  {
    what: 'does not tell a late listener of links',
    caught: /comes later is told/,
    make: () =>
      broken((inner) => ({
        onLink: (listener) => (inner.onLink(() => {}), inner.onLink(skipFirst(listener))),
      })),
  },
  {
    what: 'tells of a link after its first frame',
    caught: /after link-up|proved to be/,
    make: () =>
      broken((inner, { runtime }) => ({
        onLink: (listener) => inner.onLink((peer, up) => runtime.after(5, () => listener(peer, up))),
      })),
  },
  {
    what: 'never says that a link is down',
    caught: /link-down/,
    make: () =>
      broken((inner) => ({ onLink: (listener) => inner.onLink((peer, up) => up && listener(peer, up)) })),
  },
  {
    what: 'takes frames after its stop',
    caught: /after stop it takes no frame/,
    make: () => broken((inner) => ({ send: (...frame) => inner.send(...frame) || isStopped(inner) })),
  },
  {
    what: 'takes frames for itself',
    caught: /own address is refused/,
    make: () =>
      broken((inner) => ({
        send: (to, frame, lane) => to.port === inner.address().port || inner.send(to, frame, lane),
      })),
  },
  {
    what: 'drops what is too large without a word',
    caught: /ACTOR_FRAME_TOO_LARGE/,
    make: () =>
      broken((inner) => ({
        send: (to, frame, lane) => frame.length > inner.supports.frameMaxBytes || inner.send(to, frame, lane),
      })),
  },
  {
    what: 'says that it took what a full queue dropped',
    caught: /full queue refuses the frame/,
    make: () =>
      broken((inner) => {
        let lies = 1;
        return { send: (to, frame, lane) => inner.send(to, frame, lane) || (lies -= 1) >= 0 };
      }),
  },
  {
    what: 'throws for a full queue',
    caught: /full queue/,
    make: () =>
      broken((inner) => ({
        send: (to, frame, lane) => {
          if (inner.send(to, frame, lane)) return true;
          throw new RangeError('full');
        },
      })),
  },
  {
    what: 'keeps listeners that have left',
    caught: /listener that has left/,
    make: () => broken((inner) => ({ receive: (listener) => (inner.receive(listener), () => {}) })),
  },
  {
    what: 'ends both subscriptions of one function',
    caught: /each subscription ends by itself/,
    make: () => {
      return broken((inner) => {
        const listeners = new Set<Parameters<Transport['receive']>[0]>();
        inner.receive((from, frame, lane) => {
          for (const listener of listeners) listener(from, frame, lane);
        });
        return {
          receive: (listener) => {
            listeners.add(listener);
            return () => void listeners.delete(listener);
          },
        };
      });
    },
  },
  {
    what: 'gives the port of the dial as the address of the peer',
    caught: /who the other proved to be/,
    make: () =>
      broken((inner) => ({
        onLink: (listener) =>
          inner.onLink((peer, up) => listener({ ...peer, address: { ...peer.address, port: 40_000 } }, up)),
      })),
  },
  {
    what: 'lets control wait behind the rest',
    caught: /does not wait for the large frames/,
    make: () =>
      broken((inner, { runtime }) => ({
        send: (to, frame, lane: Lane) => {
          if (lane !== 'control') return inner.send(to, frame, lane);
          runtime.after(5, () => inner.send(to, frame, lane));
          return true;
        },
      })),
  },
  {
    what: 'cuts off what it took when it stops',
    caught: /orderly stop delivers/,
    make: () =>
      broken((inner, { runtime }) => ({
        send: (to, frame, lane) => {
          runtime.after(5, () => inner.send(to, frame, lane));
          return true;
        },
      })),
  },
  {
    what: 'ignores the signal of its start',
    caught: /aborted before it began/,
    make: () => broken((inner) => ({ start: () => inner.start() })),
  },
  {
    what: 'broadcasts twice',
    caught: /broadcast reaches every linked peer once/,
    make: () =>
      broken((inner) => ({
        broadcast: (frame, lane) => {
          inner.broadcast(frame, lane);
          inner.broadcast(frame, lane);
        },
      })),
  },
  {
    what: 'takes nodes of any cluster',
    caught: /another cluster is refused/,
    make: () => broken(nothing, (context) => ({ ...context, clusterName: 'any' })),
  },
  {
    what: 'forgets the second part of a frame',
    caught: /in place/,
    make: () => broken((inner) => ({ sendInPlace: (to, bytes, _, lane) => inner.send(to, bytes, lane) })),
  },
  {
    what: 'writes again into frames that it says are their own',
    caught: /keeps/,
    make: () => broken(nothing),
  },
  {
    what: 'forgets which incarnation it is',
    caught: /incarnation/,
    make: () => broken(nothing, (context) => ({ ...context, incarnation: 1 })),
  },
  {
    what: 'moves to another port when its own is taken',
    caught: /ACTOR_BIND_FAILED/,
    make: () => broken((inner) => ({ start: (options) => inner.start(options).catch(() => {}) })),
  },
];

function skipFirst<A extends unknown[]>(listener: (...args: A) => void): (...args: A) => void {
  let isFirst = true;
  queueMicrotask(() => (isFirst = false));
  return (...args) => {
    if (!isFirst) listener(...args);
  };
}
function isStopped(inner: Transport): boolean {
  try {
    inner.address();
    return true;
  } catch {
    return false;
  }
}
type TransportCase = ReturnType<typeof transportSuite>[number];

/** It needs nothing that the memory transport does not have. */
const isPlain = ({ requires }: TransportCase): boolean =>
  requires !== 'headBytes' && requires !== 'ownFrames';

async function failures(
  make: () => TransportFactory,
  only: RegExp,
  isFit: (one: TransportCase) => boolean = () => true,
): Promise<string[]> {
  const suite = transportSuite(() => Promise.resolve(simulatedTransports(make())));
  const failed: string[] = [];
  for (const one of suite.filter((each) => only.test(each.name) && isFit(each)))
    await one.run().catch(() => failed.push(one.name));
  return failed;
}

describe('the transport suite', () => {
  test('passes a sound transport behind the same wrapper', async () => {
    expect(await failures(() => broken(nothing), /./, isPlain)).toEqual([]);
  });

  test.each(breaches)('refuses a transport that $what', async ({ make, caught }) => {
    expect(await failures(make, caught)).not.toEqual([]);
  });
});
