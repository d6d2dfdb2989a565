// The actor that answers a question by asking another one of its kind.

import { type Actor, actor } from '@actor/core';
import { Relay, type RelayMessages } from './contract.ts';
import { type ErrandArgs, Errands } from './errands.ts';
import { recorded } from './worker.ts';

export const relay: Actor<RelayMessages, Errands, ErrandArgs> = actor(Relay, {
  state: (args: ErrandArgs) => new Errands(args, 'relay'),
  on: {
    pass: (ctx, { id, hops, timeoutMs }) =>
      recorded(ctx, id, async () => {
        const { state, signal } = ctx;
        // Whatever becomes of the rest of the way, this part of it is answered.
        if (hops > 0)
          await state.pass({ hops: hops - 1, timeoutMs: timeoutMs * 0.8, signal }).catch(() => {});
        return id;
      }),
  },
});
