// Discoveries of several nodes over one etcd in memory, on virtual time.

import type { Logger, NodeId, NodeInfo } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { EtcdDiscovery, type EtcdOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { FakeEtcd } from './fake-etcd.ts';

export const hosts: readonly string[] = ['http://etcd-1:2379', 'http://etcd-2:2379'];

export const nodeOf = (nodeId: NodeId, port = 1): NodeInfo => ({
  nodeId,
  address: { host: '10.0.0.1', port },
  incarnation: 1,
});

export class World {
  readonly simulation: Simulation = new Simulation();
  readonly etcd: FakeEtcd = new FakeEtcd(this.simulation);
  /** What was logged at warn and info, each with its fields. */
  readonly log: { readonly message: string; readonly fields: object }[] = [];

  make(nodeId: NodeId, options: Partial<EtcdOptions> = {}): EtcdDiscovery {
    return new EtcdDiscovery(
      settingsOf({ hosts, ...options }),
      hosts.map((host) => this.etcd.endpoint(host)),
      { clusterName: 'shop', nodeId, runtime: this.simulation.runtime(nodeId), logger: this.#logger() },
    );
  }

  /** Registered, which takes virtual time. */
  async registered(nodeId: NodeId, options: Partial<EtcdOptions> = {}): Promise<EtcdDiscovery> {
    const discovery = this.make(nodeId, options);
    await this.simulation.settle(discovery.register(nodeOf(nodeId)));
    return discovery;
  }

  /** Each list of ids that a watcher is told of, and whether it has ended. */
  watch(discovery: EtcdDiscovery): { readonly seen: string[]; isOver: boolean } {
    const watcher = { seen: [] as string[], isOver: false };
    void (async () => {
      for await (const nodes of discovery.watch())
        watcher.seen.push(nodes.map(({ nodeId, address }) => `${nodeId}:${address.port}`).join());
      watcher.isOver = true;
    })();
    return watcher;
  }

  messages(): readonly string[] {
    return this.log.map(({ message }) => message);
  }

  #logger(): Logger {
    const nothing = (): void => {};
    const note = (fields: object | string, message?: string): void => {
      const text = typeof fields === 'string' ? fields : (message ?? '');
      this.log.push({ message: text, fields: typeof fields === 'string' ? {} : fields });
    };
    const logger: Logger = {
      trace: nothing,
      debug: nothing,
      info: note,
      warn: note,
      error: note,
      child: () => logger,
    };
    return logger;
  }
}
