import { faultNetwork, simulatedTransports, transportSuite } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { memory, memoryFabric } from '../src/index.ts';

// A fabric for each fixture: the cases share nothing.
const factory = () => memory({ fabric: memoryFabric(), frameMaxBytes: 2 * 1024 ** 2 });

const isFor = ({ requires }: ReturnType<typeof transportSuite>[number]): boolean =>
  requires !== 'headBytes' && requires !== 'ownFrames';

describe('transport conformance', () => {
  const suite = transportSuite(() => Promise.resolve(simulatedTransports(factory()))).filter(isFor);
  test.each(suite.map((c) => [c.name, c] as const))('%s', (_, c) => c.run());
});

describe('transport conformance, over a slow network', () => {
  const conditions = { delayMinMs: 1, delayMeanMs: 3 };
  const suite = transportSuite(() =>
    Promise.resolve(simulatedTransports(faultNetwork(factory(), { seed: 1, conditions }))),
  ).filter(isFor);
  test.each(suite.map((c) => [c.name, c] as const))('%s', (_, c) => c.run());
});
