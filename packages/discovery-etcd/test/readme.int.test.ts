import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { Nodes } from './nodes.int.ts';

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const readme = readFileSync(here('README.md'), 'utf8');
const nodes = new Nodes();

/** What the README shows of a command, up to the next one. */
function shown(command: string): string {
  const block = readme.split(`$ ${command}\n`)[1]?.split(/^(?:\$ |```)/m)[0];
  if (block === undefined) throw new Error(`The README shows nothing of "${command}".`);
  return block;
}

describe.skipIf(!hasEtcd)('the README, held against a real etcd', () => {
  let server: EtcdServer;
  beforeAll(async () => void (server = await EtcdServer.start()));
  afterAll(async () => {
    await nodes.stop();
    await server.close();
  });

  test('its example runs, prints what it says and leaves nothing in etcd', () => {
    const [, code = ''] = /```ts check\n([\s\S]*?)```/.exec(readme) ?? [];
    const [, says] = /console\.log.*\/\/ (.*)$/m.exec(code) ?? [];
    const folder = here('.cache');
    mkdirSync(folder, { recursive: true });
    try {
      // It has no types in it, so Node runs it as it is, on the built packages.
      writeFileSync(`${folder}/example.mjs`, code.replace('http://127.0.0.1:2379', server.url));
      const { stdout, stderr } = spawnSync(process.execPath, [`${folder}/example.mjs`], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      // What is not the log is what the example prints.
      expect(stdout.match(/^[^{].*$/gm), stderr).toEqual([says]);
      expect(server.ctl('get', '--prefix', '/actor/')).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('etcdctl prints what it shows, to the letter', async () => {
    const zones = [
      ['node-1', '10.0.0.1', 'a'],
      ['node-2', '10.0.0.2', 'b'],
    ] as const;
    for (const [nodeId, host, zone] of zones) {
      const address = { host, port: 8_081 };
      const node = { nodeId, address, incarnation: 1_767_225_600_000, metadata: { zone } };
      await nodes.make(nodeId, { hosts: server.url }).register(node);
    }
    for (const args of [
      ['get', '--prefix', '/actor/shop/'],
      ['get', '--prefix', '--keys-only', '/actor/'],
    ])
      expect(server.ctl(...args)).toBe(shown(`etcdctl ${args.join(' ')}`));
  });
});
