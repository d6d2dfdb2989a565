// The actor that watches mortals everywhere, and remembers which watches of its own are open.

import { type Actor, actor, type ActorRef, protocol } from '@actor/core';
import { type ActorLife, nodeOf } from '../history.ts';
import type { Occupant } from './contract.ts';
import { type ErrandArgs, Errands } from './errands.ts';

const Watcher = protocol('testkit-watcher', {});

interface Open {
  readonly watch: number;
  readonly ref: ActorRef;
}

interface State {
  readonly open: Map<ActorLife, Open>;
  /** Lives that it has heard of, the latest last; some are over, and others may live in their place. */
  readonly known: Occupant[];
}

const knownMax = 12;

export const watcher: Actor<Record<never, never>, State, ErrandArgs> = actor(Watcher, {
  state: (_: ErrandArgs): State => ({ open: new Map(), known: [] }),
  on: {},
  onStart(ctx) {
    const { process, everyMs } = ctx.args;
    const errands = new Errands(ctx.args, ctx.path);
    const watcherLife = `${process.id}/${ctx.path}@${ctx.self.uid}`;
    const meet = async (): Promise<Occupant> => {
      const { nodeId, path } = errands.mortal();
      const occupant = await errands.who(nodeId, path);
      ctx.state.known.push(occupant);
      if (ctx.state.known.length > knownMax) ctx.state.known.shift();
      return occupant;
    };
    const watchOne = async (): Promise<void> => {
      const { open, known } = ctx.state;
      const isOld = known.length > 0 && process.random.chance(0.3);
      const { ref, life } = isOld ? process.random.pick(known) : await meet();
      if (open.has(life)) return;
      const nodeId = nodeOf(life);
      const watch = process.nextId();
      const isMember = nodeId === process.nodeId || process.hasFound(nodeId);
      open.set(life, { watch, ref });
      process.record({ kind: 'watched', watch, watcher: watcherLife, target: life, isMember });
      ctx.watch(ref);
    };
    const unwatchOne = (): void => {
      const [entry] = process.random.shuffle([...ctx.state.open]);
      if (entry === undefined) return;
      const [life, { watch, ref }] = entry;
      ctx.state.open.delete(life);
      process.record({ kind: 'unwatched', watch });
      ctx.unwatch(ref);
    };
    const next = (): void => {
      ctx.after(process.random.exponential(everyMs * 2), async () => {
        if (process.calm.aborted) return;
        if (process.random.chance(0.15)) unwatchOne();
        else await watchOne().catch(() => {});
        next();
      });
    };
    next();
  },
  onTerminated(ctx, ref) {
    const { process } = ctx.args;
    const found = [...ctx.state.open].find(
      ([, open]) => open.ref.address === ref.address && open.ref.uid === ref.uid,
    );
    if (found !== undefined) ctx.state.open.delete(found[0]);
    process.record({
      kind: 'terminated',
      watch: found?.[1].watch ?? 0,
      watcher: `${process.id}/${ctx.path}@${ctx.self.uid}`,
      address: ref.address,
    });
  },
});
