// The program that the simulator runs when it is given none: a bit of everything that actors can do with each other over
// nodes, recorded so that the promises can be checked.

import type { SimulatedProcess, Workload } from './simulated-process.ts';
import { client } from './workload/client.ts';
import { relay } from './workload/relay.ts';
import { watcher } from './workload/watcher.ts';
import { mortal, worker } from './workload/worker.ts';

export interface MixedWorkloadOptions {
  /**
   * The mean time between two doings of one client, in milliseconds.
   * @defaultValue 100
   */
  readonly everyMs?: number;
  /**
   * Clients on each node; there are as many workers, half as many watchers, and two mortals.
   * @defaultValue 2
   */
  readonly clients?: number;
}

const mortals = ['mortal-0', 'mortal-1'] as const;

/** Actors that tell, ask, stream to and watch each other, on every node. */
export function mixedWorkload(options: MixedWorkloadOptions = {}): Workload {
  const { everyMs = 100, clients = 2 } = options;
  const workers = names('worker', clients);
  return async (process) => {
    for (const name of workers) process.cluster.registerActor(worker, { name, args: { process } });
    for (const name of mortals) raise(process, name);
    const args = { process, everyMs, workers, mortals };
    process.cluster.registerActor(relay, { name: 'relay', args });
    let changes = 0;
    process.every(5_000, () => {
      changes += 1;
      process.cluster.reconfigure({ metadata: { process: process.id, changes } });
    });
    await process.started;
    for (const name of names('client', clients)) process.cluster.registerActor(client, { name, args });
    for (const name of names('watcher', Math.ceil(clients / 2))) {
      process.cluster.registerActor(watcher, { name, args });
    }
  };
}

/** A mortal comes back after a while, as another life at the same path. */
function raise(process: SimulatedProcess, name: string): void {
  const onEnd = (): void => {
    process.runtime.after(process.random.exponential(300), () => {
      if (process.cluster.status() !== 'leaving') raise(process, name);
    });
  };
  process.cluster.registerActor(mortal, { name, args: { process, onEnd } });
}

function names(what: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${what}-${index}`);
}
