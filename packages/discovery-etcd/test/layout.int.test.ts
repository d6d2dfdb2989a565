import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { Nodes } from './nodes.int.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const nodes = new Nodes();

/** What the README shows of a command, up to the next one. */
function shown(command: string): string {
  const block = readme.split(`$ ${command}\n`)[1]?.split(/^(?:\$ |```)/m)[0];
  if (block === undefined) throw new Error(`The README shows nothing of "${command}".`);
  return block;
}

describe.skipIf(!hasEtcd)('etcdctl shows what the README says', () => {
  let server: EtcdServer;
  beforeAll(async () => {
    server = await EtcdServer.start();
    const zones = [
      ['node-1', '10.0.0.1', 'a'],
      ['node-2', '10.0.0.2', 'b'],
    ] as const;
    for (const [nodeId, host, zone] of zones) {
      const address = { host, port: 8_081 };
      const node = { nodeId, address, incarnation: 1_767_225_600_000, metadata: { zone } };
      await nodes.make(nodeId, { hosts: server.url }).register(node);
    }
  });
  afterAll(async () => {
    await nodes.stop();
    await server.close();
  });

  test.each(['etcdctl get --prefix /actor/shop/', 'etcdctl get --prefix --keys-only /actor/'])(
    '%s',
    (command) => {
      const [, ...args] = command.split(' ');
      expect(server.ctl(...args)).toBe(shown(command));
    },
  );
});
