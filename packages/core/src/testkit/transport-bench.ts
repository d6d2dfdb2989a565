// The transports of one case of the transport suite.

import { strict as assert } from 'node:assert';

import type { NodeAddress, NodeId } from '../plugin/node.ts';
import type { TransportFeatures } from '../plugin/transport.ts';
import type { Claim } from './claim.ts';
import type { TransportFixture, TransportNode } from './transport-fixture.ts';
import { TransportRecorder } from './transport-recorder.ts';

/** A case before it has a fixture. */
export type TransportClaim = Claim<TransportBench, keyof TransportFeatures>;

/** The transports of one case: started, recorded, and stopped and checked at the end. */
export class TransportBench {
  readonly fixture: TransportFixture;
  readonly #recorders: TransportRecorder[] = [];

  constructor(fixture: TransportFixture) {
    this.fixture = fixture;
  }

  make(node: TransportNode): TransportRecorder {
    const recorder = new TransportRecorder(this.fixture.make(node));
    this.#recorders.push(recorder);
    return recorder;
  }

  async start(nodeId: NodeId, node: Omit<TransportNode, 'nodeId'> = {}): Promise<TransportRecorder> {
    const recorder = this.make({ ...node, nodeId });
    await this.fixture.settle(recorder.transport.start());
    return recorder;
  }

  /** Two started nodes with a link between them. */
  async pair(): Promise<readonly [TransportRecorder, TransportRecorder]> {
    const [a, b] = [await this.start('a'), await this.start('b')];
    await this.link(a, b);
    return [a, b];
  }

  /** Makes the first dial the second, by a frame on the control lane that both logs then forget. */
  async link(a: TransportRecorder, b: TransportRecorder): Promise<void> {
    const greeting = new TextEncoder().encode('greeting');
    const before = b.frames().length;
    assert.equal(a.transport.send(b.address, greeting, 'control'), true, 'a first frame is taken');
    await this.fixture.eventually(() => b.frames().length > before, 'the greeting');
    const at = b.log.findLastIndex((record) => record.kind === 'frame');
    b.log.splice(at, 1);
    const isUp = (): boolean => a.links().at(-1)?.startsWith('+') === true;
    await this.fixture.eventually(isUp, 'link-up at the dialler');
  }

  /** An address at which a node was, and is no more. */
  async deserted(): Promise<NodeAddress> {
    const gone = await this.start('gone');
    const { address } = gone;
    await this.fixture.settle(gone.transport.stop());
    return address;
  }

  async close(): Promise<void> {
    for (const { transport } of this.#recorders)
      await this.fixture.settle(transport.stop({ deadlineMs: 100 }));
    await this.fixture.close();
    for (const recorder of this.#recorders) recorder.checkLog();
  }
}
