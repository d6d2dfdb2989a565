import { faultNetwork, realTransports, type TransportFixture, transportSuite } from '@actor/core/testkit';
import { describe, test } from 'vitest';
import { tcp } from '../src/index.ts';
import { Authority } from './certificates.ts';

const frameMaxBytes = 2 * 1024 ** 2;
const hosts = ['::1', 'localhost'];
const authority = new Authority();

const variants: Readonly<Record<string, () => TransportFixture>> = {
  'without authentication': () => realTransports(tcp({ frameMaxBytes })),
  'with a secret': () => realTransports(tcp({ frameMaxBytes, secret: 'correct horse battery staple' })),
  'with certificates': () =>
    realTransports((context) => {
      const tls = authority.vouchFor(context.clusterName, context.nodeId);
      return tcp({ frameMaxBytes, tls })(context);
    }),
  'over a slow network': () =>
    realTransports(
      faultNetwork(tcp({ frameMaxBytes }), { seed: 1, conditions: { delayMinMs: 1, delayMeanMs: 3 } }),
    ),
};

for (const [variant, fixture] of Object.entries(variants)) {
  describe(`transport conformance ${variant}`, () => {
    const isWrapped = variant === 'over a slow network';
    const suite = transportSuite(() => Promise.resolve(fixture()), { hosts }).filter(
      ({ requires }) => !isWrapped || (requires !== 'headBytes' && requires !== 'ownFrames'),
    );
    test.each(suite.map((c) => [c.name, c] as const))('%s', (_, c) => c.run());
  });
}
