// Reads the batches of one session and acts on each envelope. A payload that can't be decoded costs its own message, and
// that message is accounted for. A batch that breaks the layout throws ACTOR_BAD_FRAME where it breaks.

import { Buffer } from 'node:buffer';
import {
  ActorError,
  type ActorRef,
  type Cause,
  causesMax,
  type GatewayPort,
  type Headers,
  type MessageKind,
  type Serializer,
} from '@actor/core';
import { InboundAsk, InboundStream } from './inbound-request.ts';
import type { InboundRequests } from './inbound-requests.ts';
import type { RemotingLimits } from './limits.ts';
import { type PayloadReader, readerFor } from './payload-codec.ts';
import { type RemoteAsks, remoteError } from './remote-ask.ts';
import type { InboundWatches, RemoteWatches } from './remote-watch.ts';
import { InboundTexts } from './texts.ts';
import {
  asBuffer,
  badFrame,
  BatchReader,
  envelopesMax,
  field,
  headersMax,
  kind,
  textMaxBytes,
} from './wire.ts';

const shapeKeysMax = 64;

export interface InboxOptions {
  readonly limits: RemotingLimits;
  readonly serializer: Serializer;
  readonly port: GatewayPort;
  readonly origin: string;
  readonly peerOrigin: string;
  /** Whether what `read` gets may be kept. */
  readonly ownsBytes: boolean;
  readonly asks: RemoteAsks;
  readonly requests: InboundRequests;
  readonly watches: RemoteWatches;
  readonly watched: InboundWatches;
}

export class Inbox {
  readonly #options: InboxOptions;
  readonly #decoder: PayloadReader;
  readonly #texts = new InboundTexts();
  /** Refs of senders, by the number of their text. */
  readonly #senders: (ActorRef | undefined)[] = [];
  #reader = new BatchReader(Buffer.alloc(0));
  #bytes: Buffer = Buffer.alloc(0);
  #now = 0;
  // The message being read. Fields, since an object for each would be garbage at once.
  #flags = 0;
  #path = '';
  #method = '';
  #uid: number | undefined;
  #from: ActorRef | undefined;
  #headersOf: Headers | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#decoder = readerFor(options.serializer, {
      limits: options.limits,
      ownsBytes: options.ownsBytes,
      ref: (address, { uid, protocol }) => options.port.ref(address, { uid, protocol }),
    });
  }

  /**
   * Acts on the envelopes in `bytes` from `start` on.
   * @throws {@link ActorError} ACTOR_BAD_FRAME; the envelopes before the bad one have been acted on.
   */
  read(bytes: Uint8Array, start: number, now: number): void {
    this.#bytes = asBuffer(bytes);
    this.#reader = new BatchReader(this.#bytes, start);
    this.#now = now;
    for (let count = 0; !this.#reader.done; count += 1) {
      if (count >= envelopesMax) throw badFrame('it has too many envelopes');
      this.#envelope(this.#reader.byte());
    }
  }

  #envelope(number: number): void {
    const reader = this.#reader;
    const { asks, requests, watches, watched } = this.#options;
    switch (number) {
      case kind.tell:
        return this.#tell();
      case kind.ask:
      case kind.voidAsk:
        return this.#request('ask', number === kind.voidAsk);
      case kind.stream:
      case kind.voidStream:
        return this.#request('stream', number === kind.voidStream);
      case kind.shape:
        return this.#shape();
      case kind.resolve:
      case kind.item:
        return this.#answer(number === kind.resolve);
      case kind.reject:
        return this.#reject();
      case kind.end:
        return asks.ended(reader.integer());
      case kind.credit:
        return this.#credit(reader.integer(), reader.integer());
      case kind.cancel:
        return requests.cancel(reader.integer(), reader.integer() === 1);
      case kind.started:
        return asks.started(reader.integer());
      case kind.watch: {
        const id = reader.integer();
        const path = this.#text();
        return watched.watch(id, path, reader.integer() || undefined);
      }
      case kind.unwatch:
        return watched.unwatch(reader.integer());
      case kind.terminated:
        return watches.terminated(reader.integer());
      default:
        throw badFrame(`it has an envelope of the unknown kind ${number}`);
    }
  }

  #tell(): void {
    this.#head();
    this.#deliver('tell', undefined);
  }

  #request(messageKind: 'ask' | 'stream', isVoid: boolean): void {
    this.#head();
    const reader = this.#reader;
    const id = reader.integer();
    const credit = messageKind === 'stream' ? reader.integer() : 0;
    const deadlineMs = (this.#flags & field.deadline) === 0 ? Infinity : this.#now + reader.integer();
    const cause = (this.#flags & field.causes) === 0 ? undefined : this.#causes();
    if (isVoid) {
      reader.skip(reader.integer());
      return;
    }
    const { requests, limits } = this.#options;
    if (requests.get(id) !== undefined) throw badFrame('a request of it has a number that is in use');
    const options = { id, cause, deadlineMs, answers: requests };
    const request = messageKind === 'ask' ? new InboundAsk(options) : new InboundStream(options, credit);
    if (requests.size >= limits.requestsMax) {
      this.#giveUp(messageKind, 'queue-full');
      reader.skip(reader.integer());
      request.reject(
        new ActorError('ACTOR_SEND_QUEUE_FULL', 'The node works on as many requests as it may.'),
      );
      return;
    }
    this.#deliver(messageKind, request);
  }

  #deliver(kindOf: MessageKind, reply: InboundAsk | InboundStream | undefined): void {
    let payload: unknown;
    try {
      payload = this.#decode();
    } catch (error) {
      if (!this.#isPayloadError) throw error;
      this.#giveUp(kindOf, 'undecodable');
      reply?.reject(error as ActorError);
      return;
    }
    // Not before: what comes of a batch that breaks off here would stay open for nobody.
    if (reply !== undefined) this.#options.requests.add(reply);
    this.#options.port.deliver({
      path: this.#path,
      uid: this.#uid,
      kind: kindOf,
      method: this.#method,
      payload,
      sender: this.#from,
      reply,
      headers: this.#headersOf,
    });
  }

  #isPayloadError = false;

  /** Reads a payload. What throws while `#isPayloadError` is true concerns it alone. */
  #decode(): unknown {
    this.#isPayloadError = false;
    const length = this.#reader.integer();
    const start = this.#reader.skip(length);
    if (length === 0) return undefined;
    this.#isPayloadError = true;
    return this.#decoder.decode(this.#bytes, start, start + length);
  }

  #giveUp(kindOf: MessageKind, reason: 'undecodable' | 'queue-full'): void {
    this.#options.port.deadLetter({
      message: { name: this.#method, payload: undefined, kind: kindOf },
      recipient: `${this.#options.origin}/${this.#path}`,
      sender: this.#from?.address,
      reason,
    });
  }

  #head(): void {
    const flags = this.#reader.byte();
    this.#flags = flags;
    this.#path = this.#text();
    this.#method = this.#text();
    this.#uid = (flags & field.uid) === 0 ? undefined : this.#reader.integer();
    this.#from = (flags & field.sender) === 0 ? undefined : this.#sender();
    this.#headersOf = (flags & field.headers) === 0 ? undefined : this.#headers();
  }

  #headers(): Headers {
    const count = this.#reader.integer();
    if (count > headersMax) throw badFrame('it has too many headers');
    const entries: [string, string][] = [];
    for (let i = 0; i < count; i += 1) {
      const name = this.#text();
      entries.push([name, this.#reader.text(textMaxBytes)]);
    }
    return Object.fromEntries(entries);
  }

  #causes(): Cause | undefined {
    const count = this.#reader.integer();
    if (count > causesMax) throw badFrame('its chain of asks is too long');
    const links: [string, number][] = [];
    for (let i = 0; i < count; i += 1) links.push([this.#text(), this.#reader.integer()]);
    return links.reduceRight<Cause | undefined>(
      (parent, [address, run]) => ({ address, run, parent }),
      undefined,
    );
  }

  #text(): string {
    return this.#texts.read(this.#reader);
  }

  #sender(): ActorRef {
    const text = this.#text();
    const { number } = this.#texts;
    const made = number > 0 ? this.#senders[number] : undefined;
    if (made !== undefined) return made;
    const { port, peerOrigin } = this.#options;
    const at = text.indexOf('@');
    const place = text.slice(at + 1);
    const uid = at > 0 ? Number(text.slice(0, at)) : undefined;
    if (at < 0 || (uid !== undefined && !Number.isSafeInteger(uid))) throw badFrame('a sender of it is none');
    const ref = port.ref(place.includes('://') ? place : `${peerOrigin}/${place}`, { uid });
    if (number > 0) this.#senders[number] = ref;
    return ref;
  }

  #shape(): void {
    const count = this.#reader.integer();
    if (count > shapeKeysMax) throw badFrame('a shape of it has too many keys');
    const keys = Array.from({ length: count }, () => this.#reader.text(textMaxBytes * 4));
    this.#decoder.define(keys);
  }

  #answer(isLast: boolean): void {
    const id = this.#reader.integer();
    const length = this.#reader.integer();
    const start = this.#reader.skip(length);
    this.#options.asks.answer(id, isLast, () =>
      length === 0 ? undefined : this.#decoder.decode(this.#bytes, start, start + length),
    );
  }

  #reject(): void {
    const id = this.#reader.integer();
    const code = this.#text();
    const isUnknown = this.#reader.byte() !== 0;
    const message = this.#reader.text(textMaxBytes);
    let details: unknown;
    try {
      details = this.#decode();
    } catch (error) {
      if (!this.#isPayloadError) throw error;
    }
    this.#options.asks.rejected(id, remoteError(code, message, isUnknown ? 'unknown' : 'none', details));
  }

  #credit(id: number, added: number): void {
    const request = this.#options.requests.get(id);
    if (request instanceof InboundStream) request.grant(added);
  }
}
