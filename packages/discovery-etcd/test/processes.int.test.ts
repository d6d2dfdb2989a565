import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { clock, nodeOf, Nodes, time, Watcher } from './nodes.int.ts';

const script = fileURLToPath(new URL('child-node.mjs', import.meta.url));
const nodes = new Nodes();

class Child {
  readonly process: ChildProcess;
  members = '';

  constructor(nodeName: string, host: string) {
    this.process = fork(script, [nodeName, host], { execArgv: [] });
    this.process.on('message', (ids: readonly string[]) => void (this.members = ids.toSorted().join()));
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

describe.skipIf(!hasEtcd)('three processes', () => {
  let server: EtcdServer;
  let children: readonly Child[] = [];
  beforeEach(async () => void (server = await EtcdServer.start()));
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    await nodes.stop();
    await server.close();
  });

  test('find each other, and one that is killed is off the list when its lease has run out', async () => {
    children = ['a', 'b', 'c'].map((name) => new Child(name, server.url));
    await time.eventually(() => children.every(({ members }) => members === 'a,b,c'), 'all see all');
    const watcher = new Watcher(nodes.make('observer', { hosts: server.url }));
    await watcher.sees('a,b,c');
    const killedMs = clock.monotonicMs();
    await children[2]?.kill();
    await watcher.sees('a,b');
    // The lease of 3 s was a second old at most; etcd looks for those that have run out twice a second.
    expect(clock.monotonicMs() - killedMs).toBeGreaterThan(1_000);
    await time.eventually(
      () => children.slice(0, 2).every(({ members }) => members === 'a,b'),
      'the others have buried it',
    );
  });

  test('that are paused past their lease come back by themselves', async () => {
    const [child] = (children = [new Child('a', server.url)]);
    const watcher = new Watcher(nodes.make('observer', { hosts: server.url }));
    await watcher.sees('a');
    child?.process.kill('SIGSTOP');
    await watcher.sees('');
    child?.process.kill('SIGCONT');
    await watcher.sees('a');
  });

  test('may be replaced: the end of an old life leaves the entry of the newer one', async () => {
    const old = await nodes.registered('a', { hosts: server.url });
    const newer = nodes.make('a', { hosts: server.url });
    await newer.register({ ...nodeOf('a', 9_090), incarnation: 2 });
    await old.stop();
    expect(await newer.discover()).toEqual([{ ...nodeOf('a', 9_090), incarnation: 2 }]);
  });
});
