import { silentLogger } from '@actor/core';
import { discoverySuite, Simulation, virtualTime, type DiscoveryFixture } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { dns, type DnsOptions } from '../src/index.ts';
import { byAddress, bySrv, ScriptedResolver, srv, timing } from './scripted.ts';

function fixture(options: DnsOptions): DiscoveryFixture {
  const simulation = new Simulation();
  const resolver = new ScriptedResolver();
  const setOutage = (isOut: boolean): void => {
    const failure = isOut ? new Error('SERVFAIL') : undefined;
    resolver.srvRecords = failure ?? [srv('10.0.0.7', 8081), srv('carts-1.carts', 8081)];
    resolver.v4 = failure ?? [{ address: '10.0.0.7' }];
    resolver.v6 = failure ?? [{ address: 'fd00::8' }];
  };
  setOutage(false);
  const other = options.type === 'srv' ? 'carts-1.carts' : 'fd00::8';
  return {
    ...virtualTime(simulation),
    listed: ['10.0.0.7', other].map((host) => ({ host, port: 8081 })),
    make: (nodeId) =>
      dns({ ...options, resolver })({ runtime: simulation.runtime(nodeId), logger: silentLogger, timing }),
    setOutage,
    close: () => Promise.resolve(),
  };
}

// The records are somebody else's to write: what one node registers, another does not find.
describe.each([
  ['SRV records', bySrv],
  ['addresses', byAddress],
])('discovery conformance, %s', (_, options) => {
  const suite = discoverySuite(() => Promise.resolve(fixture(options)));
  for (const c of suite.filter(({ requires }) => requires !== 'shared')) test(c.name, () => c.run());
});
