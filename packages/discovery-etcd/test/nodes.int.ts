// Discoveries over a real etcd, in real time.

import { silentLogger, systemRuntime, type NodeId, type NodeInfo, type Runtime } from '@actor/core';
import { realTime } from '@actor/core/testkit';
import { etcd, type EtcdDiscovery, type EtcdOptions } from '../src/index.ts';

export const clock: Runtime = systemRuntime();
/** Waits on a busy machine too. */
export const time: ReturnType<typeof realTime> = realTime(clock, { withinMs: 30_000 });

export const nodeOf = (nodeId: NodeId, port = 8_081): NodeInfo => ({
  nodeId,
  address: { host: '10.0.0.1', port },
  incarnation: 1,
});

/** Quick to notice and to come back, so that a test is; the lease is as short as a busy machine can keep up. */
const quick = { requestTimeoutMs: 2_000, backoffMinMs: 50, backoffMaxMs: 300, leaseTtlMs: 3_000 };

export class Nodes {
  readonly #made: EtcdDiscovery[] = [];

  make(nodeId: NodeId, options: EtcdOptions, runtime: Runtime = clock): EtcdDiscovery {
    const make = etcd({ ...quick, ...options });
    const discovery = make({ clusterName: 'shop', nodeId, runtime, logger: silentLogger });
    this.#made.push(discovery);
    return discovery;
  }

  async registered(nodeId: NodeId, options: EtcdOptions, runtime?: Runtime): Promise<EtcdDiscovery> {
    const discovery = this.make(nodeId, options, runtime);
    await discovery.start();
    await discovery.register(nodeOf(nodeId));
    return discovery;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#made.splice(0).map((discovery) => discovery.stop({ deadlineMs: 1_000 })));
  }
}

/** The ids that a watcher was told of last, in order; undefined before the first. */
export class Watcher {
  now: string | undefined;
  readonly told: string[] = [];

  constructor(discovery: EtcdDiscovery) {
    void (async () => {
      for await (const nodes of discovery.watch()) {
        this.now = nodes
          .map(({ nodeId = '' }) => nodeId)
          .toSorted()
          .join();
        this.told.push(this.now);
      }
    })();
  }

  async sees(ids: string): Promise<void> {
    await time.eventually(() => this.now === ids, `the watcher sees "${ids}"`);
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
