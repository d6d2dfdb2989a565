// What a mailbox holds and what happens when it is full. There is no unbounded one: a queue without a bound only moves
// the failure to a place where it can't be handled.

import { requireWhole } from './bound.ts';
import { ActorError } from './errors.ts';

/**
 * `reject`: the new message is refused and the sender told so. `drop-newest`: the new message is dropped. `drop-oldest`:
 * the oldest waiting message makes room. Each of them makes a dead letter.
 */
export type Overflow = 'reject' | 'drop-newest' | 'drop-oldest';

export interface MailboxOptions {
  readonly capacity: number;
  readonly overflow: Overflow;
}

/** What an actor has that doesn't say. */
export const defaultMailbox: MailboxOptions = { capacity: 10_000, overflow: 'reject' };

const overflows: readonly Overflow[] = ['reject', 'drop-newest', 'drop-oldest'];

/**
 * A mailbox for at most `capacity` waiting messages.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when the capacity is not a whole number of at least 1.
 */
export function bounded(capacity: number, overflow: Overflow = 'reject'): MailboxOptions {
  requireMailbox({ capacity, overflow });
  return { capacity, overflow };
}

/**
 * @internal
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID
 */
export function requireMailbox({ capacity, overflow }: MailboxOptions): void {
  requireWhole('mailbox.capacity', capacity, 1);
  if (!overflows.includes(overflow)) {
    throw new ActorError(
      'ACTOR_CONFIG_INVALID',
      `mailbox: "${String(overflow)}" is none of ${overflows.join(', ')}.`,
      { details: { path: 'mailbox.overflow', value: overflow } },
    );
  }
}
