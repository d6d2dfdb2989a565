// Nodes in operating-system processes over TCP, and an observer in the test's own.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemRuntime, type Member, type NodeAddress } from '@actor/core';
import { realTime } from '@actor/core/testkit';
import { tcp } from '@actor/transport-tcp';
import { ClusterManager, type ClusterConfig, type ClusterEvent } from '../src/index.ts';

export const secret = 'a secret for the tests of processes';
export const clock = systemRuntime();
export const time = realTime(clock, { withinMs: 30_000 });

export interface Report {
  readonly status: string;
  readonly code?: string;
  readonly self?: Member;
  readonly address?: string;
}

/** What a child says when it has learnt of another member. */
interface Sighting {
  readonly seen: string;
}

export class Child {
  readonly process: ChildProcess;
  readonly reports: Report[] = [];
  /** What it saw of others, as `member-dead observer`. */
  readonly story: string[] = [];

  constructor(config: object) {
    const script = fileURLToPath(new URL('child-node.mjs', import.meta.url));
    const argument = JSON.stringify({ clusterName: 'test', preset: 'fast', tcp: { secret }, ...config });
    this.process = fork(script, [argument], { execArgv: [] });
    this.process.on('message', (said: Report | Sighting) => {
      if ('seen' in said) this.story.push(said.seen);
      else this.reports.push(said);
    });
  }

  get last(): Report | undefined {
    return this.reports.at(-1);
  }

  async running(): Promise<Report & { readonly self: Member; readonly address: string }> {
    await time.eventually(() => this.last?.status === 'running', 'the child runs');
    const { last } = this;
    if (last?.self === undefined || last.address === undefined) throw new Error('no report');
    return { ...last, self: last.self, address: last.address };
  }

  async gone(): Promise<void> {
    await time.eventually(
      () => this.process.exitCode !== null || this.process.signalCode !== null,
      'the child is gone',
    );
  }
}

export async function startNode(config: Partial<ClusterConfig> = {}): Promise<ClusterManager> {
  const cluster = new ClusterManager({
    clusterName: 'test',
    nodeName: 'observer',
    transport: tcp({ secret }),
    preset: 'fast',
    logger: silentLogger,
    ...config,
  });
  await cluster.start();
  return cluster;
}

/** An observer, and the children that join it. */
export class ProcessWorld {
  readonly observer: ClusterManager;
  readonly events: ClusterEvent[] = [];
  readonly #children: Child[] = [];

  private constructor(observer: ClusterManager) {
    this.observer = observer;
    void (async () => {
      for await (const event of observer.events()) this.events.push(event);
    })();
  }

  static async open(config: Partial<ClusterConfig> = {}): Promise<ProcessWorld> {
    return new ProcessWorld(await startNode(config));
  }

  spawn(config: object): Child {
    const child = new Child({ joinAddresses: [this.observer.address], ...config });
    this.#children.push(child);
    return child;
  }

  /** What the observer was told of the node. */
  story(nodeId: string): string[] {
    return this.events.flatMap((event) =>
      'member' in event && event.member.nodeId === nodeId ? [event.kind] : [],
    );
  }

  async sees(nodeId: string, kind: string): Promise<void> {
    await time.eventually(() => this.story(nodeId).includes(kind), `${kind} ${nodeId}`);
  }

  member(nodeId: string): Member | undefined {
    return this.observer.members().find((each) => each.nodeId === nodeId && each.status === 'alive');
  }

  isAlive(nodeId: string, incarnation: number): boolean {
    return this.member(nodeId)?.incarnation === incarnation;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.process.kill('SIGKILL');
    await Promise.all(this.#children.map((child) => child.gone()));
    await this.observer.stop({ deadlineMs: 1_000 });
  }
}

export function portOf(address: string | NodeAddress): number {
  return typeof address === 'string' ? Number(address.split(':').at(-1)) : address.port;
}
