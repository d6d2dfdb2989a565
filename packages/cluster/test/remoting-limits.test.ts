import { actor, ask, protocol } from '@actor/core';
import { memory } from '@actor/transport-memory';
import { expect, test } from 'vitest';
import { failureOf } from './remoting-world.ts';
import { World } from './world.ts';

const Box = protocol('box', { length: ask<string, number>() });
const box = actor(Box, { state: () => undefined, on: { length: (_, text) => text.length } });

test.each([1_024, 8_192, 200_000])(
  'a message too large for a transport with frames of %i bytes fails by itself, and smaller ones arrive',
  async (frameMaxBytes) => {
    const world = new World();
    const transport = world.network.wrap(memory({ fabric: world.fabric, frameMaxBytes }));
    const [a, b] = await world.of('ab', { transport });
    if (a === undefined || b === undefined) throw new Error('two nodes');
    b.registerActor(box, { name: 'box' });
    const ref = a.ref(Box, 'memory://b.test:1/box');
    for (let bytes = 64; bytes < 2 * frameMaxBytes; bytes *= 1.5) {
      const length = Math.floor(bytes);
      const answer = world.simulation.settle(ref.ask.length('x'.repeat(length)));
      if (length < frameMaxBytes / 4) expect(await answer).toBe(length);
      else if (length > frameMaxBytes) {
        expect(await failureOf(answer)).toMatchObject({ code: 'ACTOR_FRAME_TOO_LARGE' });
      } else await answer.catch(() => {});
    }
    expect(await world.simulation.settle(ref.ask.length('last'))).toBe(4);
    await world.stop();
  },
);

test('a message too large for the transport of the other node alone is refused here, and the next one arrives', async () => {
  const world = new World();
  const transportOf = (frameMaxBytes: number) =>
    world.network.wrap(memory({ fabric: world.fabric, frameMaxBytes }));
  const a = await world.start('a', { transport: transportOf(200_000) });
  const b = await world.start('b', { transport: transportOf(8_192) });
  await world.agree('ab');
  b.registerActor(box, { name: 'box' });
  const ref = a.ref(Box, 'memory://b.test:1/box');
  const error = await world.simulation.settle(failureOf(ref.ask.length('x'.repeat(20_000))));
  expect(error).toMatchObject({ code: 'ACTOR_FRAME_TOO_LARGE', outcome: 'none' });
  expect(await world.simulation.settle(ref.ask.length('x'.repeat(1_000)))).toBe(1_000);
  await world.stop();
});
