// The actors that are told, asked, streamed from and watched. They do little, and record what they do.

import { type Actor, type ActorRef, actor, restart, stop, type Supervision } from '@actor/core';
import type { ActorLife } from '../history.ts';
import type { SimulatedProcess } from '../simulated-process.ts';
import { Worker, type WorkerMessages } from './contract.ts';

export interface WorkerArgs {
  readonly process: SimulatedProcess;
  /** Called when it has ended for good, unless its system stops. */
  readonly onEnd?: () => void;
}

interface Place {
  readonly self: ActorRef;
  readonly path: string;
  readonly args: { readonly process: SimulatedProcess };
}

const lifeOf = ({ self, path, args }: Place): ActorLife => `${args.process.id}/${path}@${self.uid}`;

/** Runs a handler between the two marks of the history. */
export async function recorded<T>(ctx: Place, id: number, body: () => T | Promise<T>): Promise<T> {
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
