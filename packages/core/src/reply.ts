// What a receiver sees of whoever waits for an answer. In one process the waiting side itself is the sink; for a request
// that came from another node the cluster supplies one that writes frames. Whoever holds the envelope at the moment (a
// mailbox, a running handler, a session's send queue) raises `stage` and sets the hooks.

import type { ActorError } from './errors.ts';

/**
 * How far a request has come. `queued`: it has not left this process, or waits in a mailbox of it. `sent`: handed to the
 * link. `delivered`: in the mailbox of the other node. `started`: a handler has begun.
 */
export type Stage = 'queued' | 'sent' | 'delivered' | 'started';

/** Why nobody waits for the answer any more. */
export type Withdrawal = 'expired' | 'cancelled' | 'link-lost';

/** One link of the chain of asks that led to a request: the actor that asks, and the run of a handler that it asks from. */
export interface Cause {
  readonly address: string;
  /** Unique among the runs of handlers of one system. */
  readonly run: number;
  /** The chain of the request that this run handles. */
  readonly parent: Cause | undefined;
}

/** The part that asks and streams share. No method of a sink may throw: they are called from the run of an actor. */
export interface Request {
  readonly cause: Cause | undefined;
  /** On this process's monotonic clock; Infinity for none. The sink ends itself then; a relay uses it to send the rest on. */
  readonly deadlineMs: number;
  /** Raised by the holder of the envelope. */
  stage: Stage;
  /** Set when the other side gave up before an answer. A request withdrawn in a queue must not be run. */
  readonly withdrawn: Withdrawal | undefined;
  /** True once it is settled or withdrawn; answers are ignored then. */
  readonly closed: boolean;
  /**
   * The holder's hook, called at most once, synchronously, when the request is withdrawn: a handler aborts `ctx.signal`,
   * a session tells the other node. It replaces the previous holder's and must not throw.
   */
  onAbort: ((reason: unknown) => void) | undefined;
  /** Ends the request with an error. Does nothing once closed. */
  reject(error: ActorError): void;
}

/** Who waits for one answer. The first of `resolve` and `reject` counts. */
export interface ReplySink extends Request {
  readonly kind: 'ask';
  resolve(value: unknown): void;
}

/** Who waits for a stream. Values go out only against credit, so the consumer's pace bounds what is buffered. */
export interface StreamSink extends Request {
  readonly kind: 'stream';
  /** How many values may be sent now. `next` uses one up. */
  readonly credit: number;
  /** The producer's hook, called synchronously when the consumer has granted `added` more. It must not throw. */
  onCredit: ((added: number) => void) | undefined;
  /** Takes one value. Without credit it ends the stream with ACTOR_BAD_FRAME: the producer broke the contract. */
  next(value: unknown): void;
  /** Ends the stream in good order after the values already given. */
  end(): void;
}

/** The longest chain that travels between nodes; what is older is cut off. */
export const causesMax = 32;
