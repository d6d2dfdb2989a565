// The messages that wait for one actor, and the one that it has in hand. They lie flat in one circular array, three places
// each, so that a flood of tells makes no object per message; what is more than a tell keeps its envelope.

import { Envelope, type Headers } from './envelope.ts';
import { assert } from './errors.ts';
import type { Method } from './method.ts';
import type { ActorRef } from './ref.ts';
import type { ReplySink, StreamSink } from './reply.ts';

const places = 3;
/** An array for more messages than this shrinks when the queue runs empty. */
const keptMessages = 1024;

export class Mail {
  /** The message in hand; undefined for none. */
  method: Method | undefined = undefined;
  payload: unknown = undefined;
  sender: ActorRef | undefined = undefined;
  reply: ReplySink | StreamSink | undefined = undefined;
  headers: Headers | undefined = undefined;
  /** How many wait. */
  length = 0;
  // [method, payload, sender] of a plain tell, [undefined, envelope, undefined] of any other message.
  private items: unknown[] = [undefined, undefined, undefined, undefined, undefined, undefined];
  private capacity = 2;
  private head = 0;

  /** Adds a plain tell. */
  put(method: Method | undefined, payload: unknown, sender: ActorRef | undefined): void {
    if (this.length === this.capacity) this.grow();
    const { items } = this;
    const at = ((this.head + this.length) & (this.capacity - 1)) * places;
    items[at] = method;
    items[at + 1] = payload;
    items[at + 2] = sender;
    this.length += 1;
  }

  add(envelope: Envelope): void {
    if (envelope.reply === undefined && envelope.headers === undefined) {
      this.put(envelope.method, envelope.payload, envelope.sender);
    } else this.put(undefined, envelope, undefined);
  }

  /** Puts it before all others. */
  putBack(envelope: Envelope): void {
    if (this.length === this.capacity) this.grow();
    this.head = (this.head - 1) & (this.capacity - 1);
    const at = this.head * places;
    this.items[at] = undefined;
    this.items[at + 1] = envelope;
    this.length += 1;
  }

  /** Takes the next message in hand, and says whether there was one. */
  take(): boolean {
    if (this.length === 0) return false;
    const { items } = this;
    const at = this.head * places;
    const method = items[at] as Method | undefined;
    if (method === undefined) this.hold(items[at + 1] as Envelope);
    else {
      this.method = method;
      this.payload = items[at + 1];
      this.sender = items[at + 2] as ActorRef | undefined;
      items[at + 2] = undefined;
    }
    items[at + 1] = undefined;
    this.leave();
    return true;
  }

  /** Takes the next message out, past the one in hand. */
  shift(): Envelope | undefined {
    if (this.length === 0) return undefined;
    const { items } = this;
    const at = this.head * places;
    const method = items[at] as Method | undefined;
    const content = items[at + 1];
    const sender = items[at + 2] as ActorRef | undefined;
    items[at + 1] = items[at + 2] = undefined;
    this.leave();
    return method === undefined ? (content as Envelope) : new Envelope(method, content, sender);
  }

  /** The message in hand as an object; there must be one. */
  envelope(): Envelope {
    const { method, payload, sender, reply, headers } = this;
    assert(method !== undefined, 'a message is in hand');
    return new Envelope(method, payload, sender, reply, headers);
  }

  /** The message in hand, out of it. */
  letGo(): Envelope {
    const envelope = this.envelope();
    this.done();
    return envelope;
  }

  /** Nothing is in hand any more. */
  done(): void {
    this.method = undefined;
    this.payload = undefined;
    this.sender = undefined;
    this.reply = undefined;
    this.headers = undefined;
  }

  private hold({ method, payload, sender, reply, headers }: Envelope): void {
    this.method = method;
    this.payload = payload;
    this.sender = sender;
    this.reply = reply;
    this.headers = headers;
  }

  private leave(): void {
    this.head = (this.head + 1) & (this.capacity - 1);
    this.length -= 1;
    // By halves, so that one flood after the other doesn't pay for all the doublings again.
    if (this.length === 0 && this.capacity > keptMessages) {
      this.capacity /= 2;
      this.items.length = this.capacity * places;
      this.head = 0;
    }
  }

  // The capacity is a power of two, so that an index wraps with a mask.
  private grow(): void {
    const { items } = this;
    const front = items.splice(0, this.head * places);
    for (const item of front) items.push(item);
    this.head = 0;
    this.capacity *= 2;
    items.length = this.capacity * places;
  }
}
