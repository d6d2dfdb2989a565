// The story's handle on a node: starts the process, gives it orders, and waits for what it reports.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Orders, Report } from './orders.ts';

export interface NodeOptions {
  readonly name: string;
  readonly port: number;
  readonly seeds: readonly string[];
  readonly secret: string;
}

type Timed<R> = R & { readonly atMs: number };
type Match<R> = (report: Report) => R | undefined;

const patienceMs = 20_000;

export class NodeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #reports: Timed<Report>[] = [];
  readonly #listeners = new Set<(report: Timed<Report>) => void>();
  readonly #exited: Promise<void>;
  #orders = 0;
  #address = '';

  constructor({ name, port, seeds, secret }: NodeOptions) {
    this.name = name;
    this.#child = fork(fileURLToPath(new URL('./node.js', import.meta.url)), [name, String(port), ...seeds], {
      env: { ...process.env, CLUSTER_SECRET: secret },
    });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.on('message', (report: Report) => {
      const timed = { ...report, atMs: performance.now() };
      this.#reports.push(timed);
      for (const listener of this.#listeners) listener(timed);
    });
  }

  /** `tcp://127.0.0.1:8081`, once it is running. */
  get address(): string {
    return this.#address;
  }

  get hostAndPort(): string {
    return new URL(this.#address).host;
  }

  get port(): number {
    return Number(new URL(this.#address).port);
  }

  async running(): Promise<{ readonly incarnation: number }> {
    const running = await this.until('running', (report) => (report.kind === 'running' ? report : undefined));
    this.#address = running.address;
    return running;
  }

  /** The first report that matches, among those that came already too; with the time at which it came. */
  until<R extends Report>(what: string, match: Match<R>, sinceMs = 0): Promise<Timed<R>> {
    const matched = (report: Timed<Report>): Timed<R> | undefined => {
      const found = report.atMs >= sinceMs ? match(report) : undefined;
      return found && { ...found, atMs: report.atMs };
    };
    for (const report of this.#reports) {
      const found = matched(report);
      if (found !== undefined) return Promise.resolve(found);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(undefined), patienceMs);
      const settle = (found: Timed<R> | undefined): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        if (found === undefined) reject(new Error(`${this.name} did not report "${what}" in time`));
        else resolve(found);
      };
      const listener = (report: Timed<Report>): void => {
        const found = matched(report);
        if (found !== undefined) settle(found);
      };
      this.#listeners.add(listener);
      void this.#exited.then(() => settle(undefined));
    });
  }

  /** The membership event of that kind about that node. */
  untilMember(event: string, nodeId: string, sinceMs = 0): Promise<Timed<Report & { kind: 'member' }>> {
    const match: Match<Report & { kind: 'member' }> = (report) =>
      report.kind === 'member' && report.event === event && report.nodeId === nodeId ? report : undefined;
    return this.until(`${event} ${nodeId}`, match, sinceMs);
  }

  async order<K extends keyof Orders>(name: K, order: Orders[K]['order']): Promise<Orders[K]['result']> {
    const id = (this.#orders += 1);
    this.#child.send({ id, name, order });
    const answer = await this.until(`the result of ${name}`, (report) =>
      (report.kind === 'done' || report.kind === 'failed') && report.id === id ? report : undefined,
    );
    if (answer.kind === 'failed') throw new Error(`${this.name}, ${name}: ${answer.reason}`);
    return answer.result as Orders[K]['result'];
  }

  /** As the kernel would end it: no goodbye, no flush. Returns when the signal was sent. */
  kill(): number {
    this.#child.kill('SIGKILL');
    return performance.now();
  }

  async exited(): Promise<void> {
    await this.#exited;
  }
}
