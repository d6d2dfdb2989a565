import { Deadlines } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { InboundAsk } from '../src/remoting/inbound-request.ts';
import { InboundRequests } from '../src/remoting/inbound-requests.ts';
import { defaultRemotingLimits } from '../src/remoting/limits.ts';
import { msgpack } from '../src/remoting/msgpack.ts';
import { Outbox } from '../src/remoting/outbox.ts';

function open(): { sim: Simulation; requests: InboundRequests } {
  const sim = new Simulation({ seed: 1 });
  const outbox = new Outbox({
    limits: defaultRemotingLimits,
    serializer: msgpack(),
    origin: 'tcp://a:1',
    channelHeadBytes: 0,
  });
  const deadlines = new Deadlines(sim.runtime('a'));
  const requests = new InboundRequests({ outbox, deadlines, written: () => {}, isClogged: () => false });
  return { sim, requests };
}

describe('the requests of a peer that are open here', () => {
  test('expire each at its own deadline, and those answered before do not', async () => {
    const { sim, requests } = open();
    const start = sim.nowMs;
    const ended: string[] = [];
    for (const [id, ms] of [50, 10, 30, 30, Infinity].entries()) {
      const ask = new InboundAsk({ id, cause: undefined, deadlineMs: start + ms, answers: requests });
      ask.onAbort = (reason) =>
        void ended.push(`${id} ${(reason as Error).name} ${Math.round(sim.nowMs - start)}`);
      requests.add(ask);
      if (id === 2) ask.resolve('in time');
    }
    await sim.advance(20);
    expect(ended).toEqual(['1 TimeoutError 10']);
    await sim.advance(100);
    expect(ended).toEqual(['1 TimeoutError 10', '3 TimeoutError 30', '0 TimeoutError 50']);
    expect(requests.size).toBe(1);
  });

  test('are not all looked at when one of them expires', async () => {
    const { sim, requests } = open();
    const count = 4_000;
    let looks = 0;
    for (let id = 0; id < count; id += 1) {
      const ask = new InboundAsk({ id, cause: undefined, deadlineMs: 0, answers: requests });
      const deadlineMs = sim.nowMs + 1 + id;
      Object.defineProperty(ask, 'deadlineMs', { get: () => ((looks += 1), deadlineMs) });
      requests.add(ask);
    }
    await sim.advance(count + 1);
    expect(requests.size).toBe(0);
    expect(looks).toBeLessThan(100 * count);
  });
});
