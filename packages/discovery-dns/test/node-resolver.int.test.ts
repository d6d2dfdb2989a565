// Node's resolver against a real name server: what c-ares makes of answers, of silence and of rubbish.

import { systemRuntime, silentLogger } from '@actor/core';
import { realTime } from '@actor/core/testkit';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { dns, type DnsDiscovery, type DnsOptions } from '../src/index.ts';
import { NodeResolver } from '../src/node-resolver.ts';
import { NameServer } from './name-server.int.ts';
import { timing } from './scripted.ts';

const runtime = systemRuntime();
const time = realTime(runtime);
const never = new AbortController().signal;

let server: NameServer;
beforeEach(async () => {
  const opened = await NameServer.open();
  server = opened;
  return () => opened.close();
});

const ask = (timeoutMs = 2_000): NodeResolver => new NodeResolver({ servers: [server.address], timeoutMs });

function discovery(options: DnsOptions): DnsDiscovery {
  const made = dns({ servers: [server.address], ...options })({ runtime, logger: silentLogger, timing });
  onTestFinished(() => made.stop());
  return made;
}

describe('records', () => {
  test('SRV records come with all that they say', async () => {
    const record = { target: 'carts-0.carts', port: 8081, priority: 1, weight: 2 };
    server.set('_actor._tcp.carts', 'SRV', [record]);
    expect(await ask().srv('_actor._tcp.carts', { signal: never })).toEqual([record]);
  });

  test('addresses come with their time to live, in either family', async () => {
    server.set('carts', 'A', ['10.0.0.1', '10.0.0.2'], 5);
    server.set('carts', 'AAAA', ['fd00::1'], 30);
    expect(await ask().addresses('carts', 4, { signal: never })).toEqual([
      { address: '10.0.0.1', ttlMs: 5_000 },
      { address: '10.0.0.2', ttlMs: 5_000 },
    ]);
    expect(await ask().addresses('carts', 6, { signal: never })).toEqual([
      { address: 'fd00::1', ttlMs: 30_000 },
    ]);
  });

  test('an alias is followed', async () => {
    server.set('alias', 'CNAME', ['carts'], 9);
    server.set('carts', 'A', ['10.0.0.1'], 9);
    const records = await ask().addresses('alias', 4, { signal: never });
    expect(records.map(({ address }) => address)).toEqual(['10.0.0.1']);
  });

  test('a name that does not exist, or has other records only, has none', async () => {
    server.set('carts', 'A', ['10.0.0.1']);
    expect(await ask().srv('nowhere', { signal: never })).toEqual([]);
    expect(await ask().srv('carts', { signal: never })).toEqual([]);
    expect(await ask().addresses('nowhere', 4, { signal: never })).toEqual([]);
    expect(await ask().addresses('carts', 6, { signal: never })).toEqual([]);
  });

  test('an answer that is too long for a datagram is fetched by TCP, and the connection is closed', async () => {
    const addresses = Array.from({ length: 900 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    server.set('carts', 'A', addresses);
    const found = await discovery({ type: 'address', name: 'carts', port: 1, family: 4 }).discover();
    expect(found.map(({ address }) => address.host).toSorted()).toEqual(addresses.toSorted());
    expect(server.heard).toEqual({ udp: 1, tcp: 1 });
    await time.eventually(() => server.connections === 0, 'the end of the connection');
  });

  test('what no node can have is left out, and the rest is found', async () => {
    const srv = (target: string, port: number) => ({ target, port, priority: 0, weight: 0 });
    server.set('carts', 'SRV', [
      srv('evil\0\n.example', 1),
      srv('a b;c/d', 1),
      srv('carts-0.carts', 0),
      srv('2130706433', 1),
      srv('carts-1.carts', 8081),
    ]);
    server.set('carts', 'A', ['0.0.0.0', '10.0.0.1', '255.255.255.255']);
    const hosts = async (options: DnsOptions) =>
      (await discovery(options).discover()).map(({ address }) => address.host);
    expect(await hosts({ type: 'srv', name: 'carts' })).toEqual(['carts-1.carts']);
    expect(await hosts({ type: 'address', name: 'carts', port: 1 })).toEqual(['10.0.0.1']);
  });
});

describe('name servers', () => {
  test.each([
    ['SERVFAIL', 'ESERVFAIL'],
    ['REFUSED', 'EREFUSED'],
    ['babbling', 'EBADRESP'],
  ] as const)('one that answers with %s is a failure', async (mood, code) => {
    server.mood = mood;
    await expect(discovery({ type: 'srv', name: 'carts' }).discover()).rejects.toMatchObject({
      code: 'ACTOR_DISCOVERY_UNAVAILABLE',
      cause: { code },
    });
  });

  test('one that is silent is asked twice, and given up after timeoutMs', async () => {
    server.mood = 'silent';
    const startMs = runtime.monotonicMs();
    await expect(
      discovery({ type: 'srv', name: 'carts', timeoutMs: 1_000 }).discover(),
    ).rejects.toMatchObject({ code: 'ACTOR_DISCOVERY_UNAVAILABLE' });
    expect(runtime.monotonicMs() - startMs).toBeLessThan(3_000);
    expect(server.heard.udp).toBe(2);
  });

  test('the next is asked when one fails, and when one is silent', async () => {
    const other = await NameServer.open();
    onTestFinished(() => other.close());
    other.set('carts', 'A', ['10.0.0.1']);
    for (const mood of ['SERVFAIL', 'REFUSED', 'babbling', 'silent'] as const) {
      server.mood = mood;
      const servers = [server.address, other.address];
      const found = await discovery({
        type: 'address',
        name: 'carts',
        port: 1,
        family: 4,
        servers,
      }).discover();
      expect(found).toEqual([{ address: { host: '10.0.0.1', port: 1 } }]);
    }
  });

  test('a question that nobody waits for any more ends at once, with the reason', async () => {
    server.mood = 'silent';
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const asked = ask(60_000).srv('carts', { signal: controller.signal });
    const outcome = Promise.allSettled([asked]);
    await time.eventually(() => server.heard.udp === 1, 'the question');
    controller.abort(reason);
    expect(await outcome).toEqual([{ status: 'rejected', reason }]);
    await expect(ask().srv('carts', { signal: controller.signal })).rejects.toBe(reason);
    expect(server.heard.udp).toBe(1);
  });
});
