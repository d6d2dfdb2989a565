// Every error code of the project, in one table, and the one class that carries them. A code is part of the API; a
// message is for people and may change. Whether to retry, and whether the thing may have happened, is a property of
// the code, so that a caller can decide without reading the text.

/** Did the thing that failed happen? `unknown` means that it may have. */
export type Outcome = 'none' | 'unknown';

interface Row {
  readonly retryable: boolean;
  readonly outcome: Outcome;
}

const never: Row = { retryable: false, outcome: 'none' };
const later: Row = { retryable: true, outcome: 'none' };
const ambiguous: Row = { retryable: true, outcome: 'unknown' };
const uncertain: Row = { retryable: false, outcome: 'unknown' };

/** The stable name of an error; docs/errors.md tells what to do about each. */
export type ActorErrorCode =
  | 'ACTOR_CONFIG_INVALID'
  | 'ACTOR_NOT_SERIALIZABLE'
  | 'ACTOR_FRAME_TOO_LARGE'
  | 'ACTOR_NAME_TAKEN'
  | 'ACTOR_PAYLOAD_INVALID'
  | 'ACTOR_UNKNOWN_MESSAGE'
  | 'ACTOR_CALL_CYCLE'
  | 'ACTOR_INTERCEPTED'
  | 'ACTOR_NOT_DETERMINISTIC'
  | 'ACTOR_NODE_NOT_STARTED'
  | 'ACTOR_NODE_STOPPED'
  | 'ACTOR_TERMINATED'
  | 'ACTOR_MAILBOX_FULL'
  | 'ACTOR_SEND_QUEUE_FULL'
  | 'ACTOR_STASH_FULL'
  | 'ACTOR_STREAMS_FULL'
  | 'ACTOR_TIMERS_FULL'
  | 'ACTOR_NO_ROUTE'
  | 'ACTOR_ASK_TIMEOUT'
  | 'ACTOR_LINK_LOST'
  | 'ACTOR_STOP_TIMEOUT'
  | 'ACTOR_REMOTE'
  | 'ACTOR_DISCOVERY_UNAVAILABLE'
  | 'ACTOR_BIND_FAILED'
  | 'ACTOR_PROTOCOL_MISMATCH'
  | 'ACTOR_BAD_FRAME'
  | 'ACTOR_UNAUTHENTICATED'
  | 'ACTOR_STORAGE_FULL'
  | 'ACTOR_STORAGE_LOCKED'
  | 'ACTOR_STORAGE_FOREIGN'
  | 'ACTOR_STORAGE_IO'
  | 'ACTOR_STORAGE_CORRUPT'
  | 'ACTOR_ASSERTION';

const table: Readonly<Record<ActorErrorCode, Row>> = {
  // The caller's mistake.
  ACTOR_CONFIG_INVALID: never,
  ACTOR_NOT_SERIALIZABLE: never,
  ACTOR_FRAME_TOO_LARGE: never,
  ACTOR_NAME_TAKEN: never,
  ACTOR_PAYLOAD_INVALID: never,
  ACTOR_UNKNOWN_MESSAGE: never,
  ACTOR_CALL_CYCLE: never,
  ACTOR_INTERCEPTED: never,
  ACTOR_NOT_DETERMINISTIC: never,
  // Lifecycle.
  ACTOR_NODE_NOT_STARTED: never,
  ACTOR_NODE_STOPPED: never,
  ACTOR_TERMINATED: never,
  // Load.
  ACTOR_MAILBOX_FULL: later,
  ACTOR_SEND_QUEUE_FULL: later,
  ACTOR_STASH_FULL: later,
  ACTOR_STREAMS_FULL: later,
  ACTOR_TIMERS_FULL: later,
  // Routing.
  ACTOR_NO_ROUTE: later,
  // Ambiguity: safe to repeat only if the request is idempotent.
  ACTOR_ASK_TIMEOUT: ambiguous,
  ACTOR_LINK_LOST: ambiguous,
  ACTOR_STOP_TIMEOUT: ambiguous,
  // The other side.
  ACTOR_REMOTE: uncertain,
  // Environment.
  ACTOR_DISCOVERY_UNAVAILABLE: later,
  ACTOR_BIND_FAILED: later,
  // Wire.
  ACTOR_PROTOCOL_MISMATCH: never,
  ACTOR_BAD_FRAME: never,
  ACTOR_UNAUTHENTICATED: never,
  // Storage. The first three leave everything as it was; the last two are fatal for what uses the store.
  ACTOR_STORAGE_FULL: later,
  ACTOR_STORAGE_LOCKED: later,
  ACTOR_STORAGE_FOREIGN: never,
  ACTOR_STORAGE_IO: uncertain,
  ACTOR_STORAGE_CORRUPT: uncertain,
  // Our bug.
  ACTOR_ASSERTION: uncertain,
};

/** Every code, for tools that check tables and documentation against each other. */
export const actorErrorCodes: readonly ActorErrorCode[] = Object.keys(table) as ActorErrorCode[];

// Two copies of this package can be installed side by side, so identity is a registered symbol and never `instanceof`.
const brand: unique symbol = Symbol.for('@actor/error');

export interface ActorErrorOptions {
  /** Plain data that helps a program or a person: node, actor, limitBytes, … */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Overrides the table's outcome where the site knows better (an ask that never left this process). */
  readonly outcome?: Outcome;
}

/** The one error class of the project; see docs/errors.md for each code and what to do about it. */
export class ActorError extends Error {
  override readonly name = 'ActorError';
  readonly code: ActorErrorCode;
  /** The same call may succeed later. With `outcome: 'unknown'`: repeat it only if it is idempotent. */
  readonly retryable: boolean;
  readonly outcome: Outcome;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ActorErrorCode, message: string, options: ActorErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = table[code].retryable;
    this.outcome = options.outcome ?? table[code].outcome;
    this.details = options.details ?? {};
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for an `ActorError` of any copy of this package, and of the given code where one is given. */
export function isActorError<C extends ActorErrorCode>(
  value: unknown,
  code?: C,
): value is ActorError & { readonly code: C } {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false;
  return code === undefined || ('code' in value && value.code === code);
}

/** @throws {@link ActorError} ACTOR_ASSERTION when the condition is false: a bug of ours, never of the caller. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new ActorError('ACTOR_ASSERTION', `Assertion failed: ${why}`);
}
