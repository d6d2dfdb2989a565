// Asks and streams that wait for an answer of one peer. Each has a small number that the answer repeats; a number is used
// again only with another generation, so a late answer can't reach the wrong caller.

import type { Envelope, ReplySink, StreamSink } from '@actor/core';
import type { Batch } from './outbox.ts';
import type { RemoteRecipient } from './remote-ref.ts';

// A class and not a literal: an engine learns of a literal that its objects live long, from a burst of asks say, makes them
// among the old ones from then on, and the garbage of each then keeps that of its neighbours.
export class RemoteRequest {
  readonly id: number;
  readonly recipient: RemoteRecipient;
  readonly envelope: Envelope;
  readonly sink: ReplySink | StreamSink;
  /** Where it is: in this batch at `offset`, or in the one being written. */
  batch: Batch | undefined = undefined;
  offset = 0;

  constructor(id: number, recipient: RemoteRecipient, envelope: Envelope, sink: ReplySink | StreamSink) {
    this.id = id;
    this.recipient = recipient;
    this.envelope = envelope;
    this.sink = sink;
  }
}

const slotsMax = 65_536;

export class RemoteRequests {
  readonly #max: number;
  readonly #slots: (RemoteRequest | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #open = 0;

  constructor(max: number) {
    this.#max = Math.min(max, slotsMax);
  }

  get isFull(): boolean {
    return this.#open >= this.#max;
  }

  get open(): number {
    return this.#open;
  }

  add(recipient: RemoteRecipient, envelope: Envelope, sink: ReplySink | StreamSink): RemoteRequest {
    const slot = this.#free.pop() ?? this.#slots.length;
    const generation = ((this.#generations[slot] ?? -1) + 1) % slotsMax;
    const request = new RemoteRequest(generation * slotsMax + slot, recipient, envelope, sink);
    this.#generations[slot] = generation;
    this.#slots[slot] = request;
    this.#open += 1;
    return request;
  }

  get(id: number): RemoteRequest | undefined {
    const request = this.#slots[id % slotsMax];
    return request?.id === id ? request : undefined;
  }

  remove(request: RemoteRequest): void {
    if (this.get(request.id) !== request) return;
    const slot = request.id % slotsMax;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#open -= 1;
  }

  /** Takes all, for a session that ends. */
  drain(): readonly RemoteRequest[] {
    const all = this.#slots.filter((request) => request !== undefined);
    for (const request of all) this.remove(request);
    return all;
  }
}
