// What every transport must do, as data. Each case takes a new fixture, so they can run in any order.

import type { TransportFeatures } from '../plugin/transport.ts';
import type { Case } from './case.ts';
import { casesOf } from './claim.ts';
import type { TransportFixture } from './transport-fixture.ts';
import { transportFrameClaims } from './transport-frame-suite.ts';
import { transportLifeClaims } from './transport-life-suite.ts';
import { transportLinkClaims } from './transport-link-suite.ts';
import { TransportBench } from './transport-bench.ts';

export interface TransportSuiteOptions {
  /**
   * Hosts that a transport can listen on besides the fixture's own: `::1`, `localhost`.
   * @defaultValue none
   */
  readonly hosts?: readonly string[];
}

/**
 * The conformance suite for `Transport`. `make` gives a fixture with a medium of its own.
 *
 * @example
 * const suite = transportSuite(() => Promise.resolve(simulatedTransports(memory({ fabric: memoryFabric() }))));
 * describe('transport conformance', () => { for (const c of suite) test(c.name, () => c.run()); });
 */
export function transportSuite(
  make: () => Promise<TransportFixture>,
  options: TransportSuiteOptions = {},
): readonly Case<keyof TransportFeatures>[] {
  const claims = [
    ...transportFrameClaims,
    ...transportLinkClaims(options.hosts ?? []),
    ...transportLifeClaims,
  ];
  return casesOf(claims, async () => new TransportBench(await make()));
}
