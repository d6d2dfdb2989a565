// The two actors of the demo: one that counts, and one that learns when another actor is gone.

import { actor, protocol, tell, type ActorRef } from '@actor/core';
import { Counter } from './contract.ts';

export const counter = actor(Counter, {
  state: () => ({ total: 0 }),
  on: {
    add(ctx, amount) {
      ctx.state.total += amount;
    },
    total: (ctx) => ctx.state.total,
  },
});

const Guard = protocol('guard', { watch: tell<ActorRef>() });

/** Watches whatever it is given, and says when that is gone. */
export const guard = actor(Guard, {
  state: (args: { onTerminated: (address: string) => void }) => args,
  on: {
    watch: (ctx, ref) => ctx.watch(ref),
  },
  onTerminated: (ctx, ref) => ctx.state.onTerminated(ref.address),
});
