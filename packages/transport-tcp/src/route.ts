// What a transport knows of an address that it was asked to send to and has no link with: the frames that wait, and how
// the dialling goes.

import type { Lane, NodeAddress, NodeId, Timer } from '@actor/core';
import { LaneQueue } from './lane-queue.ts';

export class Route {
  readonly to: NodeAddress;
  readonly waiting: Readonly<Record<Lane, LaneQueue>>;
  /** Failed dials in a row. */
  failures = 0;
  /** The other side says that there is a link already, and this side knows of none. */
  isDuplicate = false;
  /** Who answers there, once that is known. */
  nodeId: NodeId | undefined;
  isOver = false;
  #giveUp: (() => void) | undefined;
  #retry: Timer | undefined;

  constructor(to: NodeAddress, queueMaxBytes: number) {
    this.to = to;
    this.waiting = {
      control: new LaneQueue(queueMaxBytes),
      user: new LaneQueue(queueMaxBytes),
      bulk: new LaneQueue(queueMaxBytes),
    };
  }

  get isDialling(): boolean {
    return this.#giveUp !== undefined;
  }

  dialling(giveUp: () => void): void {
    this.#giveUp = giveUp;
  }

  retryBy(timer: Timer): void {
    this.#retry?.cancel();
    this.#retry = timer;
  }

  /** The dial is no longer the route's: it became a link, or failed. */
  dialled(): void {
    this.#giveUp = undefined;
  }

  /** Breaks off the dial under way. */
  giveUpDial(): void {
    const giveUp = this.#giveUp;
    this.#giveUp = undefined;
    giveUp?.();
  }

  /** No more dialling. */
  end(): void {
    this.isOver = true;
    this.#retry?.cancel();
    this.giveUpDial();
  }
}
