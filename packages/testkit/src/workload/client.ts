// The actor that goes on errands, until the calm; then it asks everybody, and everybody has to answer.

import { type Actor, actor, protocol } from '@actor/core';
import { type ErrandArgs, Errands } from './errands.ts';

const Client = protocol('testkit-client', {});

/** What is under way when the calm begins gets this long to end. */
const lullMs = 2_000;

export const client: Actor<Record<never, never>, object, ErrandArgs> = actor(Client, {
  state: (_: ErrandArgs) => ({}),
  on: {},
  onStart(ctx) {
    const { process, everyMs } = ctx.args;
    const errands = new Errands(ctx.args, ctx.path);
    const next = (): void => {
      ctx.after(process.random.exponential(everyMs), () => {
        if (process.calm.aborted) ctx.after(lullMs, () => void errands.askAll());
        else {
          errands.step();
          next();
        }
      });
    };
    next();
  },
});
