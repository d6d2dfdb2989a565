import { afterEach, describe, expect, test } from 'vitest';

import { type DatagramPort, type NodeAddress, systemDatagrams } from '../src/index.ts';

const open: DatagramPort[] = [];
const bind = async (host: string, port = 0): Promise<DatagramPort> => {
  const bound = await systemDatagrams().bind({ host, port });
  open.push(bound);
  return bound;
};
/** Sends until it has arrived, for datagrams may get lost on a loopback too. */
async function exchange(from: DatagramPort, to: DatagramPort, bytes: Uint8Array): Promise<NodeAddress> {
  return new Promise((resolve, reject) => {
    let tries = 0;
    const stop = to.receive((sender, got) => {
      if (Buffer.compare(got, bytes) !== 0) return;
      clearInterval(repeat);
      stop();
      resolve(sender);
    });
    const send = (): void => {
      from.send(to.address(), bytes);
      if ((tries += 1) > 1_000) reject(new Error('no datagram arrived'));
    };
    const repeat = setInterval(send, 5);
    send();
  });
}
afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});

describe("Node's datagrams", () => {
  test('arrive whole, with the address to answer to', async () => {
    const [a, b] = [await bind('127.0.0.1'), await bind('127.0.0.1')];
    expect(a.address().port).toBeGreaterThan(0);
    const sender = await exchange(a, b, new Uint8Array(1_400).fill(7));
    expect(sender).toEqual(a.address());
    await exchange(b, a, new Uint8Array(0));
  });

  test.each(['::1', 'localhost'])('are bound at %s too', async (host) => {
    const [a, b] = [await bind(host), await bind(host)];
    await exchange(a, b, Uint8Array.of(1, 2, 3));
    expect(a.address().host).toBe(host);
  });

  test('that go nowhere, or nowhere possible, throw nothing', async () => {
    const a = await bind('127.0.0.1');
    const gone = await bind('127.0.0.1');
    const nowhere = gone.address();
    await gone.close();
    a.send(nowhere, Uint8Array.of(1));
    a.send({ host: '::1', port: 9 }, Uint8Array.of(1));
    a.send({ host: 'no-such-host.invalid', port: 9 }, Uint8Array.of(1));
    a.send({ host: '127.0.0.1', port: 99_999 }, Uint8Array.of(1));
    a.send(nowhere, new Uint8Array(100_000));
    const b = await bind('127.0.0.1');
    await exchange(a, b, Uint8Array.of(2));
  });

  test('refuse an address that is taken, and one that is not of this machine', async () => {
    const a = await bind('127.0.0.1');
    await expect(bind('127.0.0.1', a.address().port)).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
    await expect(bind('203.0.113.1')).rejects.toMatchObject({ code: 'ACTOR_BIND_FAILED' });
  });

  test('end with close, which may come twice', async () => {
    const a = await bind('127.0.0.1');
    await a.close();
    await a.close();
    a.send({ host: '127.0.0.1', port: 9 }, Uint8Array.of(1));
  });
});
