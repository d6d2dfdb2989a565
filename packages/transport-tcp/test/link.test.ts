import { PassThrough } from 'node:stream';
import { Simulation } from '@actor/core/testkit';
import { expect, test } from 'vitest';
import { Link } from '../src/link.ts';
import { rawHello } from './nodes.ts';

test('a link that is over keeps no socket that comes late', () => {
  const options = {
    runtime: new Simulation().runtime('a'),
    frameMaxBytes: 1_024,
    queueMaxBytes: 1_024,
    chunkBytes: 1_024,
    keepAliveMs: 1_000,
    keepAliveMissesMax: 1,
    openTimeoutMs: 1_000,
  };
  const link = new Link(rawHello('x'), false, options, {
    onUp: () => {},
    onFrame: () => {},
    onDown: () => {},
  });
  link.destroy();
  const late = new PassThrough();
  link.add('control', late as unknown as Parameters<Link['add']>[1], Buffer.alloc(0));
  expect(late.destroyed).toBe(true);
});
