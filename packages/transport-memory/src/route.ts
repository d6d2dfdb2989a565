// What a transport knows of an address that it was asked to send to: the link, or the dialling that goes on and the frames
// that wait for its outcome.

import type { NodeAddress, Timer } from '@actor/core';
import { LaneQueues } from './lane-queues.ts';

export class Route {
  readonly to: NodeAddress;
  readonly waiting: LaneQueues;
  /** Failed dials in a row. */
  failures = 0;
  isOver = false;
  retry: Timer | undefined;

  constructor(to: NodeAddress, queueMaxBytes: number) {
    this.to = to;
    this.waiting = new LaneQueues(queueMaxBytes);
  }

  /** No more dialling; a dial under way is ignored. Frames that still wait are dropped. */
  end(): void {
    this.isOver = true;
    this.retry?.cancel();
    this.waiting.clear();
  }
}
