// What a probe hands to a test for each message that it was sent: the payload, and the answer in the test's hands.

import type { Envelope } from '../envelope.ts';
import { ActorError } from '../errors.ts';
import type { AskSpec, Messages, StreamSpec, TellSpec } from '../protocol.ts';
import type { ActorRef } from '../ref.ts';
import type { ReplySink, StreamSink } from '../reply.ts';

interface Received<K, P> {
  readonly name: K;
  readonly payload: P;
  readonly sender: ActorRef | undefined;
}

/** A tell that the probe was sent. */
export interface ProbeTell<K, P> extends Received<K, P> {
  readonly kind: 'tell';
}

/** An ask that waits for its answer. */
export interface ProbeAsk<K, P, R> extends Received<K, P> {
  readonly kind: 'ask';
  /** False once it was answered, or the asker gave up. */
  readonly isWaiting: boolean;
  reply(value: R): void;
  fail(error: ActorError): void;
}

/** A stream that waits for its values. */
export interface ProbeStream<K, P, T> extends Received<K, P> {
  readonly kind: 'stream';
  readonly isWaiting: boolean;
  /** How many values the consumer would take now. */
  readonly credit: number;
  /** @throws {@link ActorError} ACTOR_ASSERTION without credit. */
  next(value: T): void;
  end(): void;
  fail(error: ActorError): void;
}

/** What a probe is sent for one message of its contract. */
export type ProbeMessage<M extends Messages, K extends keyof M> =
  M[K] extends TellSpec<infer P>
    ? ProbeTell<K, P>
    : M[K] extends AskSpec<infer P, infer R>
      ? ProbeAsk<K, P, R>
      : M[K] extends StreamSpec<infer P, infer T>
        ? ProbeStream<K, P, T>
        : never;

/** A message of any contract. */
export type AnyMessage =
  | ProbeTell<string, unknown>
  | ProbeAsk<string, unknown, unknown>
  | ProbeStream<string, unknown, unknown>;

/** @internal The envelope as the test sees it. */
export function received({ method, payload, sender, reply }: Envelope): AnyMessage {
  const common = { name: method.name, payload, sender };
  if (reply === undefined) return { kind: 'tell', ...common };
  return reply.kind === 'ask' ? new WaitingAsk(common, reply) : new WaitingStream(common, reply);
}

class Waiting<S extends ReplySink | StreamSink> implements Received<string, unknown> {
  readonly name: string;
  readonly payload: unknown;
  readonly sender: ActorRef | undefined;
  protected readonly sink: S;

  constructor(common: Received<string, unknown>, sink: S) {
    this.name = common.name;
    this.payload = common.payload;
    this.sender = common.sender;
    this.sink = sink;
  }

  get isWaiting(): boolean {
    return !this.sink.closed;
  }

  fail(error: ActorError): void {
    this.sink.reject(error);
  }
}

class WaitingAsk extends Waiting<ReplySink> implements ProbeAsk<string, unknown, unknown> {
  readonly kind = 'ask';

  reply(value: unknown): void {
    this.sink.resolve(value);
  }
}

class WaitingStream extends Waiting<StreamSink> implements ProbeStream<string, unknown, unknown> {
  readonly kind = 'stream';

  get credit(): number {
    return this.sink.credit;
  }

  next(value: unknown): void {
    if (this.sink.credit === 0) {
      throw new ActorError(
        'ACTOR_ASSERTION',
        `The consumer of "${this.name}" has not asked for another value.`,
      );
    }
    this.sink.next(value);
  }

  end(): void {
    this.sink.end();
  }
}
