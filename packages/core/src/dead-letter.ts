// Messages that were not processed, each with the reason. Nothing is lost silently: what no handler has seen through to
// its end is one of these.

import type { Message } from './envelope.ts';
import type { MessageKind } from './method.ts';

export type DeadLetterReason =
  /** The mailbox was full and its policy rejected or dropped the message. */
  | 'mailbox-full'
  /** A link's send queue was full. */
  | 'queue-full'
  /** Nobody has that path. */
  | 'no-such-actor'
  /** The actor has stopped, before or after the message was queued. */
  | 'terminated'
  /** The actor has no handler of that name and kind. */
  | 'unknown-message'
  /** The schema of the contract refused the payload, or its key in a pool can't be told. */
  | 'payload-invalid'
  /** The bytes could not be decoded. */
  | 'undecodable'
  /** The value could not be encoded. */
  | 'not-serializable'
  /** It does not fit a frame of the transport. */
  | 'too-large'
  /** The deadline passed while it was queued. */
  | 'expired'
  /** The caller withdrew it while it was queued. */
  | 'cancelled'
  /** The ask would have waited for itself. */
  | 'call-cycle'
  /** The actor runs as many streams as it may. */
  | 'streams-full'
  /** An interceptor refused it. */
  | 'intercepted'
  /** The node encodes payloads in another way than this one. */
  | 'incompatible'
  /** No way to the node is known. */
  | 'no-route'
  /** The link ended before an acknowledgement came: it may or may not have been processed. */
  | 'link-lost'
  /** The system stopped before the handler had finished: it may have been processed in part. */
  | 'stop-timeout';

export interface DeadLetter {
  /** As it was sent, so that it can be sent again. */
  readonly message: Message & { readonly kind: MessageKind };
  /** The address it was meant for. */
  readonly recipient: string;
  /** The address of the sending actor; undefined when it came from outside actors. */
  readonly sender: string | undefined;
  readonly reason: DeadLetterReason;
}

/** True where it isn't known whether the message was processed; such letters are counted apart. */
export function isOutcomeUnknown(reason: DeadLetterReason): boolean {
  return reason === 'link-lost' || reason === 'stop-timeout';
}
