import { beforeEach, describe, expect, test } from 'vitest';

import { FaultNetwork, SimulatedDatagrams, Simulation } from '../../src/testkit/index.ts';

const at = (port: number) => ({ host: 'net', port });
let simulation: Simulation;
let network: FaultNetwork;
let datagrams: SimulatedDatagrams;

beforeEach(() => {
  simulation = new Simulation({ seed: 2 });
  network = new FaultNetwork({ seed: 2 });
  datagrams = new SimulatedDatagrams({ simulation, model: network.model });
});

async function pair() {
  const [a, b] = [datagrams.of(simulation.runtime('a')), datagrams.of(simulation.runtime('b'))];
  const [from, to] = [await a.bind(at(0)), await b.bind(at(0))];
  const got: number[] = [];
  to.receive((sender, bytes) => {
    expect(sender).toEqual(from.address());
    got.push(bytes[0] ?? -1);
  });
  return { from, to, got };
}

describe('simulated datagrams', () => {
  test('arrive later, at the port that they were sent to', async () => {
    const { from, to, got } = await pair();
    from.send(to.address(), Uint8Array.of(1));
    from.send(at(999), Uint8Array.of(2));
    from.send(to.address(), new Uint8Array(70_000));
    expect(got).toEqual([]);
    await simulation.advance(1);
    expect(got).toEqual([1]);
  });

  test('are lost, repeated, late and cut off as the network says', async () => {
    const { from, to, got } = await pair();
    network.set({ delayMeanMs: 5, lossRate: 0.2, duplicationRate: 0.2 });
    for (let i = 0; i < 200; i += 1) from.send(to.address(), Uint8Array.of(i));
    await simulation.advance(1_000);
    expect(new Set(got).size).toBeLessThan(190);
    expect(got.length).toBeGreaterThan(new Set(got).size);
    expect(got).not.toEqual(got.toSorted((x, y) => x - y));
    got.length = 0;
    network.isolate('b');
    from.send(to.address(), Uint8Array.of(1));
    await simulation.advance(1_000);
    expect(got).toEqual([]);
  });

  test('can be changed on the way', async () => {
    const { from, to, got } = await pair();
    network.set({ corruptionRate: 1 });
    from.send(to.address(), Uint8Array.of(0));
    await simulation.advance(1);
    expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(got[0]);
  });

  test('refuse a port that is taken, until its process has closed it or died', async () => {
    const { to } = await pair();
    const c = datagrams.of(simulation.runtime('c'));
    await expect(c.bind(to.address())).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
    simulation.kill('b');
    const taken = await c.bind(to.address());
    await taken.close();
    taken.send(to.address(), Uint8Array.of(1));
    await datagrams.of(simulation.runtime('d')).bind(to.address());
  });

  test('reach nobody who has left or closed', async () => {
    const { from, to, got } = await pair();
    const late: number[] = [];
    to.receive((_sender, bytes) => late.push(bytes[0] ?? -1))();
    from.send(to.address(), Uint8Array.of(1));
    await simulation.advance(1);
    from.send(to.address(), Uint8Array.of(2));
    await to.close();
    await simulation.advance(1);
    expect([got, late]).toEqual([[1], []]);
  });
});
