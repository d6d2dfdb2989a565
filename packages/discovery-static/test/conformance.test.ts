import { silentLogger } from '@actor/core';
import { discoverySuite, Simulation, virtualTime, type DiscoveryFixture } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { staticDiscovery, type StaticOptions } from '../src/index.ts';

const timing = { heartbeatIntervalMs: 500, discoveryIntervalMs: 5_000, maxRetries: 10, retryDelayMs: 200 };
const listed = [
  { host: '10.0.0.7', port: 1 },
  { host: '10.0.0.8', port: 1 },
];

function fixture(addresses: readonly string[], options?: StaticOptions): DiscoveryFixture {
  const simulation = new Simulation();
  return {
    ...virtualTime(simulation),
    listed,
    make: (nodeId) =>
      staticDiscovery(
        addresses,
        options,
      )({
        runtime: simulation.runtime(nodeId),
        logger: silentLogger,
        timing,
      }),
    close: () => Promise.resolve(),
  };
}

// A list is no registry: what one node registers, another does not find.
describe('discovery conformance, a list', () => {
  const suite = discoverySuite(() => Promise.resolve(fixture(['10.0.0.7:1', '10.0.0.8:1'])));
  const cases = suite.filter(({ requires }) => requires === undefined);
  for (const c of cases) test(c.name, () => c.run());
});

describe('discovery conformance, a name that is resolved', () => {
  const suite = discoverySuite(() => {
    let isOut = false;
    const resolve = () =>
      isOut ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve(listed.map(({ host }) => host));
    const setOutage = (value: boolean) => void (isOut = value);
    return Promise.resolve({ ...fixture(['seeds:1'], { resolve }), setOutage });
  });
  const cases = suite.filter(({ requires }) => requires !== 'shared');
  for (const c of cases) test(c.name, () => c.run());
});
