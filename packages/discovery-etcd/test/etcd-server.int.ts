// A real etcd for the tests: found or fetched by tools/etcd.mjs, started on free ports with its data in a temporary folder,
// killed, paused and wiped as a test wants it.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const finder = fileURLToPath(new URL('../../../tools/etcd.mjs', import.meta.url));
const found = JSON.parse(spawnSync(process.execPath, [finder], { encoding: 'utf8' }).stdout) as {
  readonly folder?: string;
  readonly why?: string;
};
const folder = found.folder ?? '';

/** Where there is no etcd its tests are skipped, by name; REQUIRE_ETCD makes that a failure. */
export const hasEtcd: boolean = found.folder !== undefined;
if (!hasEtcd && process.env['REQUIRE_ETCD']) throw new Error(`There is no etcd: ${found.why}.`);
if (!hasEtcd) console.warn(`\n  !! The tests against a real etcd are SKIPPED: ${found.why}.\n`);

export interface ServerOptions {
  /** More arguments for etcd. */
  readonly args?: readonly string[];
  /** The URL of clients begins with it. */
  readonly scheme?: 'http' | 'https';
}

/** How the members of one etcd find each other. */
interface Peers {
  readonly clients: readonly number[];
  readonly peers: readonly number[];
  readonly index: number;
}

export class EtcdServer {
  readonly url: string;
  readonly #args: readonly string[];
  readonly #data: string;
  #process: ChildProcess | undefined;
  #log = '';
  #heard: () => void = () => {};

  private constructor({ clients, peers, index }: Peers, options: ServerOptions) {
    const port = clients[index];
    const { scheme = 'http' } = options;
    // A client takes certificates of names alone, from Node 26 on.
    this.url = `${scheme}://${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${port}`;
    this.#data = mkdtempSync(join(tmpdir(), 'actor-etcd-'));
    this.#args = [
      ...['--data-dir', join(this.#data, 'data'), '--name', `member-${port}`],
      ...['--listen-client-urls', `${scheme}://127.0.0.1:${port}`, '--advertise-client-urls', this.url],
      // An etcd that is quick to elect also grants short leases.
      ...['--heartbeat-interval', '50', '--election-timeout', '250'],
      ...peerArgs(peers, index, clients),
      ...(options.args ?? []),
    ];
  }

  static async start(options: ServerOptions = {}): Promise<EtcdServer> {
    const [port = 0, peerPort = 0] = await freePorts(2);
    const server = new EtcdServer({ clients: [port], peers: [peerPort], index: 0 }, options);
    await server.run();
    return server;
  }

  /** The members of one etcd. */
  static async startMembers(count: number): Promise<readonly EtcdServer[]> {
    const ports = await freePorts(2 * count);
    const [clients, peers] = [ports.slice(0, count), ports.slice(count)];
    const members = clients.map((_, index) => new EtcdServer({ clients, peers, index }, {}));
    await Promise.all(members.map((member) => member.run()));
    return members;
  }

  /** Runs it, on the data that it has; resolves when it serves clients. */
  async run(): Promise<void> {
    const child = spawn(join(folder, 'etcd'), this.#args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    this.#log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
      this.#heard();
    });
    await Promise.race([
      this.logged('ready to serve client requests'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`etcd ended with ${String(code)}:\n${this.#log.slice(-2_000)}`);
      }),
    ]);
  }

  /** Resolves when etcd has said so since it was started. */
  async logged(text: string): Promise<void> {
    while (!this.#log.includes(text)) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Without its data it is a new etcd at the same address. */
  wipe(): void {
    rmSync(join(this.#data, 'data'), { recursive: true });
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** What etcdctl prints. */
  ctl(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      join(folder, 'etcdctl'),
      ['--endpoints', this.url, ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, ETCDCTL_API: '3' },
      },
    );
    if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

function peerArgs(peers: readonly number[], index: number, clients: readonly number[]): readonly string[] {
  const url = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  const cluster = peers.map((port, each) => `member-${clients[each]}=${url(port)}`).join(',');
  const own = url(peers[index]);
  return [
    ...['--listen-peer-urls', own, '--initial-advertise-peer-urls', own],
    ...['--initial-cluster', cluster],
  ];
}

/**
 * Ports that were free a moment ago, all different. Not those that the system gives out: while an etcd is down, a client that
 * dials it again and again would sooner or later be given its port, and be connected to itself.
 */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    ports.add(port);
    server.close();
    await once(server, 'close');
  }
  return [...ports];
}
