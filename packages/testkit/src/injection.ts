// Carries a schedule of faults out on a simulated cluster: each fault begins and ends by itself, and faults of one kind
// that overlap add up.

import { assert } from '@actor/core';
import type { Mend } from '@actor/core/testkit';
import type { Fault, FaultSchedule } from './faults.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

type Condition = Extract<
  Fault,
  { kind: 'delay' | 'loss' | 'duplication' | 'replay' | 'reordering' | 'resets' }
>;

export class Injection {
  readonly #cluster: SimulatedCluster;
  readonly #conditions = new Set<Condition>();
  #count = 0;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  /** How many faults have begun. */
  get count(): number {
    return this.#count;
  }

  start({ faults }: FaultSchedule): void {
    const { simulation } = this.#cluster;
    for (const fault of faults) {
      assert(fault.atMs >= simulation.nowMs, 'a fault lies in the future');
      simulation.after(fault.atMs - simulation.nowMs, () => {
        this.#count += 1;
        simulation.note(`fault ${fault.kind}`);
        const end = this.#begin(fault);
        if (end !== undefined) simulation.after(fault.forMs, end);
      });
    }
  }

  /** Begins the fault; what is returned ends it. */
  #begin(fault: Fault): (() => void) | undefined {
    const { network, simulation } = this.#cluster;
    switch (fault.kind) {
      case 'delay':
      case 'loss':
      case 'duplication':
      case 'replay':
      case 'reordering':
      case 'resets':
        return this.#condition(fault);
      case 'partition':
        return network.partition(...fault.groups);
      case 'one-way':
        return network.oneWay(fault.from, fault.to);
      case 'flapping':
        return network.flipFlop(fault.groups, { periodMs: fault.periodMs, clock: simulation });
      case 'clog':
        network.clog(fault.to, fault.forMs);
        return undefined;
      case 'pause':
        this.#cluster.node(fault.node).pause(fault.forMs, fault.suspended);
        return undefined;
      case 'crash':
        this.#cluster.node(fault.node).crash();
        return () => this.#cluster.node(fault.node).start();
      case 'leave':
        void this.#cluster.node(fault.node).leave();
        return () => this.#cluster.node(fault.node).start();
      case 'clock-jump':
        this.#cluster.node(fault.node).jump(fault.byMs);
        return undefined;
      case 'clock-drift':
        this.#cluster.node(fault.node).drift(fault.rate);
        return () => this.#cluster.node(fault.node).drift(1);
    }
  }

  #condition(condition: Condition): Mend {
    this.#conditions.add(condition);
    this.#apply();
    return () => {
      this.#conditions.delete(condition);
      this.#apply();
    };
  }

  #apply(): void {
    const { network, calm } = this.#cluster;
    let [delayMinMs, delayMeanMs] = [calm.delayMinMs, calm.delayMeanMs];
    const rates = { loss: 0, duplication: 0, replay: 0, reordering: 0, resets: 0 };
    for (const condition of this.#conditions) {
      if (condition.kind === 'delay') {
        delayMinMs = Math.max(delayMinMs, condition.delayMinMs);
        delayMeanMs = Math.max(delayMeanMs, condition.delayMeanMs);
      } else rates[condition.kind] = Math.max(rates[condition.kind], condition.rate);
    }
    network.set({
      ...{ delayMinMs, delayMeanMs },
      lossRate: rates.loss,
      duplicationRate: rates.duplication,
      replayRate: rates.replay,
      reorderRate: rates.reordering,
      resetRate: rates.resets,
    });
  }
}
