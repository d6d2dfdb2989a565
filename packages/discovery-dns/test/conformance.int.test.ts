import { silentLogger, systemRuntime } from '@actor/core';
import { discoverySuite, realTime, type DiscoveryFixture } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { dns, type DnsOptions } from '../src/index.ts';
import { NameServer } from './name-server.int.ts';
import { byAddress, bySrv, timing } from './scripted.ts';

const runtime = systemRuntime();
const limits = { intervalMs: 20, timeoutMs: 100, backoffMaxMs: 100 };

async function fixture(options: DnsOptions): Promise<DiscoveryFixture> {
  const server = await NameServer.open();
  const weights = { priority: 0, weight: 0 };
  server.set(
    bySrv.name,
    'SRV',
    ['carts-0.carts', 'carts-1.carts'].map((target) => ({ target, port: 8081, ...weights })),
  );
  server.set(byAddress.name, 'A', ['10.0.0.7']);
  server.set(byAddress.name, 'AAAA', ['fd00::8']);
  const hosts = options.type === 'srv' ? ['carts-0.carts', 'carts-1.carts'] : ['10.0.0.7', 'fd00::8'];
  return {
    ...realTime(runtime),
    listed: hosts.map((host) => ({ host, port: 8081 })),
    make: () =>
      dns({ ...options, ...limits, servers: [server.address] })({ runtime, logger: silentLogger, timing }),
    setOutage: (isOut) => void (server.mood = isOut ? 'silent' : 'well'),
    close: () => server.close(),
  };
}

// The records are somebody else's to write: what one node registers, another does not find.
describe.each([
  ['SRV records', bySrv],
  ['addresses', byAddress],
])('discovery conformance with a name server, %s', (_, options) => {
  const suite = discoverySuite(() => fixture(options));
  for (const c of suite.filter(({ requires }) => requires !== 'shared')) test(c.name, () => c.run());
});
