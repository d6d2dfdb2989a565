// What happens with an actor that failed: a function of (strategy, history, error, time, chance). The cell carries out
// what comes out of it.

import { requireDuration, requireWhole } from './bound.ts';
import { ActorError } from './errors.ts';

export interface RestartOptions {
  /**
   * How many restarts are allowed within `withinMs`; one more stops the actor.
   * @defaultValue 10
   */
  readonly max?: number | undefined;
  /** @defaultValue 60000 */
  readonly withinMs?: number | undefined;
  /**
   * The least wait before a restart, in milliseconds. It doubles with each restart within `withinMs`, jittered.
   * @defaultValue 50
   */
  readonly backoffMinMs?: number | undefined;
  /**
   * The longest wait before a restart, in milliseconds.
   * @defaultValue 5000
   */
  readonly backoffMaxMs?: number | undefined;
}

/** What is to be done about a failure; made by {@link restart}, {@link resume}, {@link stop} and {@link escalate}. */
export type Directive =
  | {
      readonly kind: 'restart';
      readonly max: number;
      readonly withinMs: number;
      readonly backoffMinMs: number;
      readonly backoffMaxMs: number;
    }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'escalate' };

/** One directive for every error, or a function that picks one. A function that throws, or gives none, counts as `stop()`. */
export type Supervision = Directive | ((error: unknown) => Directive);

/**
 * Starts over: children stop, `onStop` runs, and after the backoff the state is made anew from the same args and `onStart`
 * runs. The ref, the mailbox, watches and watchers stay; the message that failed is gone; stashed ones come first.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the option that is out of range.
 */
export function restart(options: RestartOptions = {}): Directive {
  const { max = 10, withinMs = 60_000, backoffMinMs = 50 } = options;
  const backoffMaxMs = options.backoffMaxMs ?? Math.max(5_000, backoffMinMs);
  const directive = { kind: 'restart', max, withinMs, backoffMinMs, backoffMaxMs } as const;
  requireDirective(directive);
  return directive;
}

/** Goes on with the next message and the state as it is. An actor that fails in its start stops instead. */
export function resume(): Directive {
  return { kind: 'resume' };
}

/** Stops the actor, its children first. */
export function stop(): Directive {
  return { kind: 'stop' };
}

/** Stops the actor and lets its parent fail with the same error. At the top there is no parent: it stops. */
export function escalate(): Directive {
  return { kind: 'escalate' };
}

/** When an actor was restarted, oldest first, in monotonic milliseconds; only what its budget still looks at. */
export type RestartHistory = readonly number[];

/** What comes of a failure. */
export type Decision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop'; readonly budgetSpent: boolean }
  | { readonly kind: 'escalate' };

/** What a decision is made from. */
export interface Failing {
  readonly error: unknown;
  /** There is a state to go on with; else to resume means to stop. */
  readonly mayResume: boolean;
  readonly nowMs: number;
  /** In [0, 1), from the runtime. */
  readonly chance: number;
}

/** Pure: the same strategy, history and failure give the same decision. */
export function decide(strategy: Supervision, history: RestartHistory, failure: Failing): Decision {
  const directive = typeof strategy === 'function' ? pick(strategy, failure.error) : strategy;
  if (directive.kind === 'stop' || (directive.kind === 'resume' && !failure.mayResume)) {
    return { kind: 'stop', budgetSpent: false };
  }
  if (directive.kind !== 'restart') return { kind: directive.kind };
  const recent = history.filter((at) => failure.nowMs - at < directive.withinMs);
  if (recent.length >= directive.max) return { kind: 'stop', budgetSpent: true };
  // Uniform between half and the whole of a doubling ceiling: never below the least wait, and no two alike.
  const ceilingMs = Math.min(directive.backoffMaxMs, directive.backoffMinMs * 2 ** (recent.length + 1));
  const floorMs = Math.max(directive.backoffMinMs, ceilingMs / 2);
  return {
    kind: 'restart',
    delayMs: floorMs + (ceilingMs - floorMs) * failure.chance,
    history: [...recent, failure.nowMs],
  };
}

function pick(strategy: (error: unknown) => Directive, error: unknown): Directive {
  try {
    const directive = strategy(error);
    requireDirective(directive);
    return directive;
  } catch {
    return { kind: 'stop' };
  }
}

/**
 * Types are gone at run time, and what is wrong here would show only when an actor fails.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID
 */
export function requireSupervision(strategy: Supervision): void {
  if (typeof strategy !== 'function') requireDirective(strategy);
}

function requireDirective(directive: Directive): void {
  if (typeof directive !== 'object' || directive === null || !kinds.includes(directive.kind)) {
    throw new ActorError('ACTOR_CONFIG_INVALID', `supervise: it must be one of ${kinds.join(', ')}.`, {
      details: { path: 'supervise' },
    });
  }
  if (directive.kind !== 'restart') return;
  requireWhole('supervise.max', directive.max, 0);
  requireDuration('supervise.withinMs', directive.withinMs, 1);
  requireDuration('supervise.backoffMinMs', directive.backoffMinMs, 0);
  requireDuration('supervise.backoffMaxMs', directive.backoffMaxMs, directive.backoffMinMs);
}

const kinds: readonly Directive['kind'][] = ['restart', 'resume', 'stop', 'escalate'];
