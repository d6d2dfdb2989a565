import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { EtcdServer, hasEtcd } from '../../../packages/discovery-etcd/test/etcd-server.int.ts';

const names = ['node-1', 'node-2', 'node-3'];

class Program {
  readonly process: ChildProcess;
  output = '';

  constructor(file: string, ...args: readonly string[]) {
    const main = fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
    this.process = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (chunk: Buffer): void => void (this.output += chunk.toString());
    this.process.stdout?.on('data', take);
    this.process.stderr?.on('data', take);
  }

  /** Resolves when it has said so, or at its end. */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.process.exitCode !== null) throw new Error(`it ended:\n${this.output}`);
      await Promise.race([
        once(this.process.stdout as NodeJS.ReadableStream, 'data'),
        once(this.process, 'exit'),
      ]);
    }
  }

  async end(): Promise<number | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
    return this.process.exitCode;
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => (server.close(), once(server, 'close'))));
  return ports;
}

let programs: readonly Program[] = [];
afterEach(() => programs.forEach((program) => program.process.kill('SIGKILL')));

async function meet(file: string, where: (ports: readonly number[]) => string): Promise<void> {
  const ports = await freePorts(3);
  programs = names.map((name, index) => new Program(file, name, String(ports[index]), where(ports)));
  await Promise.all(programs.map((program) => program.says('all three have met')));
  for (const [index, name] of names.entries())
    for (const other of names.filter((each) => each !== name))
      expect(programs[index]?.output).toContain(`Hello ${name}, this is ${other}`);
  expect(await Promise.all(programs.map((program) => program.end()))).toEqual([0, 0, 0]);
}

test('the two programs differ in one line, and that is the one with the discovery', () => {
  const [withStatic = [], withEtcd = []] = ['with-static', 'with-etcd'].map((name) =>
    readFileSync(new URL(`../src/${name}.ts`, import.meta.url), 'utf8').split('\n'),
  );
  expect(withStatic).toHaveLength(withEtcd.length);
  expect(withEtcd.filter((line, index) => line !== withStatic[index])).toEqual([
    "  discovery: plugins.etcd({ hosts: where.split(',') }),",
  ]);
});

test('three nodes find each other by a list of addresses', async () => {
  await meet('with-static.js', (ports) => ports.map((port) => `127.0.0.1:${port}`).join());
});

describe.skipIf(!hasEtcd)('with a real etcd', () => {
  test('three nodes find each other through it', async () => {
    const server = await EtcdServer.start();
    try {
      await meet('with-etcd.js', () => server.url);
      expect(server.ctl('get', '--prefix', '--keys-only', '/actor/swap/')).toBe('');
    } finally {
      await server.close();
    }
  });
});
