import { actor, ask, protocol, silentLogger } from '@actor/core';
import { tcp } from '@actor/transport-tcp';
import { expect, test } from 'vitest';
import { ClusterManager } from '../src/index.ts';

const Box = protocol('box', { echo: ask<unknown, unknown>() });
const box = actor(Box, { on: { echo: (_ctx, value) => value } });

test('a host name that was given to join leads to the member that answered there, and the own one back home', async () => {
  const base = {
    clusterName: 'test',
    transport: tcp({ secret: 'a secret of sixteen bytes or more' }),
    logger: silentLogger,
  };
  await using one = new ClusterManager({ ...base, nodeName: 'one' });
  await one.start();
  one.registerActor(box, { name: 'box' });
  const alias = `tcp://localhost:${one.address.split(':').at(-1)}`;
  await using two = new ClusterManager({ ...base, nodeName: 'two', joinAddresses: [alias] });
  await two.start();
  expect(await two.ref(Box, `${alias}/box`).ask.echo('there')).toBe('there');
  expect(await two.ref(Box, `${one.address}/box`).ask.echo('there')).toBe('there');

  await expect(one.ref(Box, `${alias}/box`).ask.echo(1)).rejects.toMatchObject({
    code: 'ACTOR_NO_ROUTE',
    details: { members: [one.address, two.address] },
  });
  await expect(one.join([alias])).rejects.toMatchObject({ code: 'ACTOR_NO_ROUTE' });
  expect(await one.ref(Box, `${alias}/box`).ask.echo('here')).toBe('here');
});
