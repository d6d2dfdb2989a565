// The actors that are told, asked, streamed from and watched. They do little, and record what they do.

import {
  type Actor,
  type ActorRef,
  actor,
  ask,
  type AskSpec,
  type Protocol,
  protocol,
  restart,
  stop,
  stream,
  type StreamSpec,
  type Supervision,
  tell,
  type TellSpec,
} from '@actor/core';
import type { ActorLife } from '../history.ts';
import type { SimulatedProcess } from '../simulated-process.ts';

/** Every message has a number of its own, by which the history knows it. */
interface Numbered {
  readonly id: number;
}

interface Question extends Numbered {
  /** How long the answer takes. */
  readonly forMs: number;
}

interface Count extends Numbered {
  readonly to: number;
  readonly everyMs: number;
}

/** Who lives at a path now. */
export interface Occupant {
  readonly ref: ActorRef;
  readonly life: ActorLife;
}

// A type and not an interface: only types have the index that a record of messages needs.
type WorkerMessages = {
  readonly note: TellSpec<Numbered>;
  readonly question: AskSpec<Question, number>;
  readonly count: StreamSpec<Count, number>;
  readonly who: AskSpec<Numbered, Occupant>;
  /** Throws. */
  readonly fail: TellSpec<Numbered>;
  /** Stops. */
  readonly end: TellSpec<Numbered>;
};

export const Worker: Protocol<WorkerMessages> = protocol('testkit-worker', {
  note: tell<Numbered>(),
  question: ask<Question, number>(),
  count: stream<Count, number>(),
  who: ask<Numbered, Occupant>(),
  fail: tell<Numbered>(),
  end: tell<Numbered>(),
});

export interface WorkerArgs {
  readonly process: SimulatedProcess;
  /** Called when it has ended for good, unless its system stops. */
  readonly onEnd?: () => void;
}

interface Place {
  readonly self: ActorRef;
  readonly path: string;
  readonly args: WorkerArgs;
}

const lifeOf = ({ self, path, args }: Place): ActorLife => `${args.process.id}/${path}@${self.uid}`;

/** Runs a handler between the two marks of the history. */
async function recorded<T>(ctx: Place, id: number, body: () => T | Promise<T>): Promise<T> {
  begin(ctx, id);
  try {
    return await body();
  } finally {
    end(ctx, id);
  }
}

function begin(ctx: Place, id: number): void {
  const { process } = ctx.args;
  process.record({ kind: 'received', id, process: process.id, by: lifeOf(ctx) });
}

function end({ args }: Place, id: number): void {
  args.process.record({ kind: 'processed', id });
}

const sleep = (ctx: Place & { readonly signal: AbortSignal }, ms: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const { signal, args } = ctx;
    const timer = args.process.runtime.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    const abort = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });

function workerWith(supervise: Supervision): Actor<WorkerMessages, object, WorkerArgs> {
  return actor(Worker, {
    state: (_: WorkerArgs) => ({}),
    supervise,
    on: {
      note(ctx, { id }) {
        begin(ctx, id);
        end(ctx, id);
      },
      question: (ctx, { id, forMs }) =>
        recorded(ctx, id, async () => {
          if (forMs > 0) await sleep(ctx, forMs);
          return id;
        }),
      async *count(ctx, { id, to, everyMs }) {
        begin(ctx, id);
        try {
          for (let value = 1; value <= to; value += 1) {
            if (everyMs > 0) await sleep(ctx, everyMs);
            yield value;
          }
        } finally {
          end(ctx, id);
        }
      },
      who: (ctx, { id }) => recorded(ctx, id, () => ({ ref: ctx.self, life: lifeOf(ctx) })),
      fail(ctx, { id }) {
        begin(ctx, id);
        end(ctx, id);
        throw new Error('on purpose');
      },
      end(ctx, { id }) {
        begin(ctx, id);
        end(ctx, id);
        ctx.stop();
      },
    },
    onStop(ctx, reason) {
      if (reason.kind === 'restarting') return;
      ctx.args.process.record({ kind: 'ended', life: lifeOf(ctx) });
      if (reason.kind !== 'system-stopped') ctx.args.onEnd?.();
    },
  });
}

/** Goes on when it fails. */
export const worker: Actor<WorkerMessages, object, WorkerArgs> = workerWith(
  restart({ max: 1_000, backoffMaxMs: 100 }),
);
/** Ends when it fails. */
export const mortal: Actor<WorkerMessages, object, WorkerArgs> = workerWith(stop());
