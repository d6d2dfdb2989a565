import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Etcd3Endpoint } from '../src/etcd3-endpoint.ts';
import { settingsOf } from '../src/options.ts';
import { EtcdServer, hasEtcd } from './etcd-server.int.ts';
import { clock, failureOf, nodeOf, Nodes, time, Watcher } from './nodes.int.ts';
import { OutageProxy } from './outage-proxy.int.ts';

const nodes = new Nodes();
const away = { code: 'ACTOR_DISCOVERY_UNAVAILABLE', retryable: true };

describe.skipIf(!hasEtcd)('one etcd', () => {
  let server: EtcdServer;
  beforeEach(async () => void (server = await EtcdServer.start()));
  afterEach(async () => {
    await nodes.stop();
    await server.close();
  });

  test('that is killed and started again is an error meanwhile, and goes on with what it had', async () => {
    const a = await nodes.registered('a', { hosts: server.url });
    const watcher = new Watcher(nodes.make('b', { hosts: server.url }));
    await watcher.sees('a');
    await server.kill();
    expect(await failureOf(a.discover())).toMatchObject(away);
    await server.run();
    await nodes.registered('c', { hosts: server.url });
    await watcher.sees('a,c');
  });

  test('that loses its data is filled again by the nodes that live, and watchers follow', async () => {
    await nodes.registered('a', { hosts: server.url });
    const watcher = new Watcher(nodes.make('b', { hosts: server.url }));
    await watcher.sees('a');
    await server.kill();
    server.wipe();
    await server.run();
    await nodes.registered('c', { hosts: server.url });
    await watcher.sees('a,c');
    expect(server.ctl('get', '--prefix', '--keys-only', '/actor/').split('\n').filter(Boolean)).toEqual([
      '/actor/shop/nodes/a',
      '/actor/shop/nodes/c',
    ]);
  });

  test('that is compacted under a watcher is listed anew: nothing stays that has gone', async () => {
    const proxy = await OutageProxy.open(server.url);
    const a = await nodes.registered('a', { hosts: server.url });
    const watcher = new Watcher(nodes.make('b', { hosts: proxy.url }));
    await watcher.sees('a');
    proxy.cut();
    const c = await nodes.registered('c', { hosts: server.url });
    await c.register(nodeOf('c', 8_082));
    await a.deregister('a');
    await nodes.registered('d', { hosts: server.url });
    const { header } = JSON.parse(server.ctl('get', 'x', '-w', 'json')) as { header: { revision: number } };
    server.ctl('compact', String(header.revision));
    proxy.heal();
    await watcher.sees('c,d');
    expect(watcher.told).toEqual(['a', 'c,d']);
    await proxy.close();
  });

  test('says of a revision that was compacted, or is to come, that it knows nothing of it', async () => {
    const endpoint = new Etcd3Endpoint(server.url, settingsOf({ hosts: server.url }), clock);
    await nodes.registered('a', { hosts: server.url });
    const prefix = '/actor/shop/nodes/';
    const { revision } = await endpoint.list(prefix, 10);
    expect(await endpoint.countAt(prefix, revision)).toBe(1);
    expect(await endpoint.countAt(prefix, revision + 1_000)).toBeUndefined();
    server.ctl('put', 'x', 'y');
    server.ctl('compact', String(revision + 1));
    expect(await endpoint.countAt(prefix, revision)).toBeUndefined();
    const ended = new Promise((resolve) => {
      void endpoint.watch(prefix, revision, { changed: () => {}, ended: resolve }).catch(() => {});
    });
    expect(String(await ended)).toContain('compacted');
    endpoint.reset();
  });

  test('that is paused is an error in time, and costs no node its place for longer than that', async () => {
    const quick = { hosts: server.url, requestTimeoutMs: 400, retriesMax: 0 };
    const a = await nodes.registered('a', quick);
    const watcher = new Watcher(nodes.make('b', quick));
    await watcher.sees('a');
    server.pause();
    // A thread of it may go on for a moment.
    let [startMs, failure] = [0, undefined as unknown];
    while (failure === undefined) {
      startMs = clock.monotonicMs();
      failure = await failureOf(a.discover());
    }
    expect(failure).toMatchObject(away);
    expect(clock.monotonicMs() - startMs).toBeLessThan(5_000);
    server.resume();
    await nodes.registered('c', { hosts: server.url });
    await watcher.sees('a,c');
  });

  test('without users refuses a client that names one, instead of letting it believe in them', async () => {
    const auth = { username: 'shop', password: 'x' };
    const start = nodes.make('a', { hosts: server.url, auth }).start();
    expect(await failureOf(start)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED', retryable: false });
  });

  test('whose lease is revoked behind our back is given a new one', async () => {
    await nodes.registered('a', { hosts: server.url });
    const watcher = new Watcher(nodes.make('b', { hosts: server.url }));
    await watcher.sees('a');
    const lease = server.ctl('lease', 'list').split('\n')[1] ?? '';
    server.ctl('lease', 'revoke', lease);
    await time.eventually(() => watcher.told.length === 3, 'a goes and comes back');
    expect(watcher.told).toEqual(['a', '', 'a']);
  });
});

describe.skipIf(!hasEtcd)('three members of one etcd', () => {
  test('that lose one go on: requests and watches move to those that are left', async () => {
    const members = await EtcdServer.startMembers(3);
    try {
      const hosts = members.map(({ url }) => url);
      // Everybody begins with the first host, which is the one to go.
      const runtime = { ...clock, random: () => 0 };
      const a = await nodes.registered('a', { hosts }, runtime);
      const watcher = new Watcher(nodes.make('b', { hosts }, runtime));
      await watcher.sees('a');
      await members[0]?.kill();
      await nodes.registered('c', { hosts }, runtime);
      await watcher.sees('a,c');
      expect((await a.discover()).map(({ nodeId }) => nodeId)).toEqual(['a', 'c']);
    } finally {
      await nodes.stop();
      await Promise.all(members.map((member) => member.close()));
    }
  });
});
