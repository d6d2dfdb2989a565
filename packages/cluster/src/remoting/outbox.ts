// What one session has to say: envelopes are written as they come into one buffer, and leave as one batch. Paths, names
// and addresses travel in full once and as numbers afterwards; the other side counts along, in the order of the session.

import { Buffer } from 'node:buffer';
import {
  ActorError,
  causesMax,
  type ActorRef,
  type Envelope,
  type Headers,
  type Request,
  type Serializer,
} from '@actor/core';
import type { RemotingLimits } from './limits.ts';
import { shapesMaxBytes } from './msgpack.ts';
import { type PayloadWriter, writerFor } from './payload-codec.ts';
import type { RemoteRecipient } from './remote-ref.ts';
import type { RemoteRequest } from './remote-request.ts';
import { OutboundTexts } from './texts.ts';
import {
  BatchWriter,
  envelopesMax,
  field,
  frameHeaderBytes,
  headersMax,
  kind,
  textMaxBytes,
} from './wire.ts';

/** A closed batch and what has to be settled when its fate is known. */
export interface Batch {
  /** Room for the channel and for the header, then the envelopes. */
  readonly frame: Buffer;
  /** The payload of the last envelope, when it was not copied. */
  readonly tail: Uint8Array | undefined;
  /** Messages that are accounted for when they are lost: recipient, envelope, recipient, envelope, … */
  readonly messages: readonly (RemoteRecipient | Envelope)[];
  readonly requests: readonly RemoteRequest[];
  /** The channel has taken it. */
  sent: boolean;
}

/** Bytes from this length on are not copied: they close the batch and travel behind it. */
const tailMinBytes = 8_192;
/** In smaller frames there is no room to spare for shapes. */
const shapedFrameMinBytes = 1024 * 1024;
/** Details of an error that are larger stay at home. */
const detailsMaxBytes = 16_384;

export interface OutboxOptions {
  readonly limits: RemotingLimits;
  readonly serializer: Serializer;
  /** This node's own: addresses below it travel without it. */
  readonly origin: string;
  /** Room that the channel needs before a frame. */
  readonly channelHeadBytes: number;
}

export class Outbox {
  readonly #origin: string;
  readonly #batchMaxBytes: number;
  readonly #headBytes: number;
  readonly #messageMaxBytes: number;
  readonly #writer: BatchWriter;
  readonly #encoder: PayloadWriter;
  readonly #texts: OutboundTexts;
  #tail: Uint8Array | undefined;
  #messages: (RemoteRecipient | Envelope)[] = [];
  #requests: RemoteRequest[] = [];
  #lastSender: ActorRef | undefined;
  #lastSenderName = '';

  constructor({ limits, serializer, origin, channelHeadBytes }: OutboxOptions) {
    const { batchMaxBytes, frameMaxBytes } = limits;
    this.#batchMaxBytes = batchMaxBytes;
    this.#origin = `${origin}/`;
    this.#headBytes = channelHeadBytes + frameHeaderBytes;
    const sharesShapes = frameMaxBytes >= shapedFrameMinBytes;
    // A batch that is not yet full takes one more message and the shapes that come with it, and must fit a frame with both.
    const roomBytes = frameMaxBytes - this.#headBytes - batchMaxBytes - (sharesShapes ? shapesMaxBytes : 0);
    this.#messageMaxBytes = Math.max(0, roomBytes);
    this.#encoder = writerFor(serializer, { limits, sharesShapes });
    this.#writer = new BatchWriter({ batchMaxBytes, headBytes: this.#headBytes });
    this.#texts = new OutboundTexts(this.#writer, this.#messageMaxBytes / 2);
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#writer.length + (this.#tail?.length ?? 0);
  }

  /** The batch must be taken before anything else is written. */
  get isFull(): boolean {
    const { length, count } = this.#writer;
    return this.#tail !== undefined || length >= this.#batchMaxBytes || count >= envelopesMax;
  }

  get count(): number {
    return this.#writer.count;
  }

  /**
   * Writes a tell, or the ask or stream of `request`.
   * @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE or ACTOR_FRAME_TOO_LARGE; nothing is written then.
   */
  message(
    recipient: RemoteRecipient,
    envelope: Envelope,
    request: RemoteRequest | undefined,
    now: number,
  ): void {
    const { payload, headers } = envelope;
    if (payload !== undefined) this.#encode(payload, envelope.method.name);
    if (headers !== undefined) this.#check(headers);
    this.#shapes();
    const writer = this.#writer;
    const { length, count } = writer;
    const texts = this.#texts.size;
    try {
      writer.open(request === undefined ? kind.tell : request.sink.kind === 'ask' ? kind.ask : kind.stream);
      this.#address(recipient, envelope, request?.sink);
      if (request !== undefined) this.#request(request, now);
      this.#payload(payload);
      this.#checkSize(writer.length - length + (this.#tail?.length ?? 0), envelope.method.name);
    } catch (error) {
      this.#tail = undefined;
      writer.truncate(length, count);
      this.#texts.forget(texts);
      throw error;
    }
    this.#messages.push(recipient, envelope);
    if (request !== undefined) {
      request.offset = length;
      this.#requests.push(request);
    }
  }

  /** Makes an ask or stream that is still here void: it will never run. */
  void(request: RemoteRequest): void {
    const number = request.sink.kind === 'ask' ? kind.voidAsk : kind.voidStream;
    const frame = request.batch?.frame;
    if (frame === undefined) this.#writer.patch(request.offset, number);
    else frame[this.#headBytes + request.offset] = number;
  }

  /** @throws {@link ActorError} as `message` does. */
  answer(number: typeof kind.resolve | typeof kind.item, id: number, value: unknown): void {
    if (value !== undefined) this.#encode(value, 'the answer');
    this.#shapes();
    this.#writer.open(number);
    this.#writer.integer(id);
    this.#payload(value);
  }

  reject(id: number, error: ActorError): void {
    const details = this.#encodable(error.details);
    this.#shapes();
    const writer = this.#writer;
    writer.open(kind.reject);
    writer.integer(id);
    this.#texts.write(error.code);
    writer.byte(error.outcome === 'none' ? 0 : 1);
    // A character takes three bytes at most.
    writer.text(error.message.slice(0, Math.floor(Math.min(textMaxBytes, this.#messageMaxBytes / 4) / 3)));
    this.#payload(details);
  }

  /** An envelope that is its number alone, or has one argument more. */
  note(number: number, id: number, argument?: number): void {
    this.#writer.open(number);
    this.#writer.integer(id);
    if (argument !== undefined) this.#writer.integer(argument);
  }

  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE; nothing is written then. */
  watch(id: number, path: string, uid: number | undefined): void {
    this.#texts.requireShort(path);
    this.#writer.open(kind.watch);
    this.#writer.integer(id);
    this.#texts.write(path);
    // Uids begin at 1.
    this.#writer.integer(uid ?? 0);
  }

  /** Closes the batch; undefined when nothing was written. */
  take(): Batch | undefined {
    if (this.#writer.length === 0) return undefined;
    const batch: Batch = {
      frame: this.#writer.take(),
      tail: this.#tail,
      messages: this.#messages,
      requests: this.#requests,
      sent: false,
    };
    for (const request of this.#requests) request.batch = batch;
    this.#tail = undefined;
    this.#messages = [];
    this.#requests = [];
    return batch;
  }

  #address(
    recipient: RemoteRecipient,
    { method, sender, headers }: Envelope,
    request: Request | undefined,
  ): void {
    const { uid } = recipient;
    const hasDeadline = request !== undefined && request.deadlineMs !== Infinity;
    const writer = this.#writer;
    writer.byte(
      (uid === undefined ? 0 : field.uid) |
        (sender === undefined ? 0 : field.sender) |
        (headers === undefined ? 0 : field.headers) |
        (hasDeadline ? field.deadline : 0) |
        (request?.cause === undefined ? 0 : field.causes),
    );
    this.#texts.write(recipient.path);
    this.#texts.write(method.name);
    if (uid !== undefined) writer.integer(uid);
    if (sender !== undefined) this.#texts.write(this.#sender(sender));
    if (headers === undefined) return;
    const entries = Object.entries(headers);
    writer.integer(entries.length);
    for (const [name, value] of entries) {
      this.#texts.write(name);
      writer.text(value);
    }
  }

  #request({ id, sink }: RemoteRequest, now: number): void {
    const writer = this.#writer;
    writer.integer(id);
    if (sink.kind === 'stream') writer.integer(sink.credit);
    if (sink.deadlineMs !== Infinity) writer.integer(Math.max(0, Math.ceil(sink.deadlineMs - now)));
    if (sink.cause === undefined) return;
    let length = 0;
    for (
      let cause: Request['cause'] = sink.cause;
      cause !== undefined && length < causesMax;
      cause = cause.parent
    ) {
      length += 1;
    }
    writer.integer(length);
    for (let cause: Request['cause'] = sink.cause; cause !== undefined && length > 0; cause = cause.parent) {
      this.#texts.write(cause.address);
      writer.integer(cause.run);
      length -= 1;
    }
  }

  #encode(value: unknown, what: string): void {
    this.#encoder.encode(value);
    this.#checkSize(this.#encoder.length, what);
  }

  #checkSize(bytes: number, what: string): void {
    const limitBytes = this.#messageMaxBytes;
    if (bytes <= limitBytes) return;
    throw new ActorError(
      'ACTOR_FRAME_TOO_LARGE',
      `"${what}" has ${bytes} bytes; ${limitBytes} fit one frame.`,
      { details: { bytes, limitBytes } },
    );
  }

  /** The value was encoded before, since that may fail. */
  #payload(value: unknown): void {
    const writer = this.#writer;
    if (value === undefined) {
      writer.byte(0);
      return;
    }
    const { lead, bytes, start, end } = this.#encoder;
    writer.integer(lead.length + end - start);
    writer.raw(lead, 0, lead.length);
    if (lead.length > 0 && end - start >= tailMinBytes) this.#tail = bytes;
    else writer.raw(bytes, start, end);
  }

  #shapes(): void {
    for (let keys; (keys = this.#encoder.nextShape()) !== undefined;) {
      this.#writer.open(kind.shape);
      this.#writer.integer(keys.length);
      for (const key of keys) this.#writer.text(key);
    }
  }

  #sender(ref: ActorRef): string {
    if (ref === this.#lastSender) return this.#lastSenderName;
    const { address, uid } = ref;
    const place = address.startsWith(this.#origin) ? address.slice(this.#origin.length) : address;
    this.#lastSender = ref;
    this.#lastSenderName = `${uid ?? ''}@${place}`;
    return this.#lastSenderName;
  }

  #check(headers: Headers): void {
    const entries = Object.entries(headers);
    for (const [name, value] of entries) {
      this.#texts.requireShort(name);
      this.#texts.requireShort(value);
    }
    if (entries.length <= headersMax) return;
    throw new ActorError(
      'ACTOR_NOT_SERIALIZABLE',
      `A message has ${entries.length} headers; ${headersMax} can be sent to another node.`,
      { details: { path: 'headers' } },
    );
  }

  #encodable(details: unknown): unknown {
    try {
      this.#encoder.encode(details);
      return this.#encoder.length <= Math.min(detailsMaxBytes, this.#messageMaxBytes / 4)
        ? details
        : undefined;
    } catch {
      return undefined;
    }
  }
}
