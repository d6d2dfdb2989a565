// The errors that an actor gives to those who wait for its answer.

import { ActorError, isActorError, type ActorErrorCode, type Outcome } from './errors.ts';
import type { Method } from './method.ts';
import type { Stage } from './reply.ts';

/**
 * The handler's failure, seen from outside. The thrown value itself is `cause`, in the same process; `details.remote` is
 * the part of it that travels between nodes.
 */
export function remoteFailure(actor: string, method: string, error: unknown): ActorError {
  const remote = describe(error);
  return new ActorError('ACTOR_REMOTE', `${actor} failed in "${method}": ${remote.message}`, {
    details: { actor, method, remote },
    cause: error,
  });
}

interface Description {
  readonly code?: ActorErrorCode;
  readonly name: string;
  readonly message: string;
}

function describe(error: unknown): Description {
  // Anything can be thrown, also what throws when it is looked at.
  try {
    const name = error instanceof Error ? String(error.name) : typeof error;
    const message = error instanceof Error ? String(error.message) : String(error);
    return isActorError(error) ? { code: error.code, name, message } : { name, message };
  } catch {
    return { name: typeof error, message: 'something that does not say what it is' };
  }
}

export function terminated(actor: string, why = 'has stopped', outcome: Outcome = 'none'): ActorError {
  return new ActorError('ACTOR_TERMINATED', `${actor} ${why}.`, { details: { actor }, outcome });
}

export function noSuchActor(actor: string): ActorError {
  return new ActorError('ACTOR_NO_ROUTE', `There is no actor at ${actor}.`, { details: { actor } });
}

export function unknownMessage(actor: string, { kind, name }: Method): ActorError {
  return new ActorError('ACTOR_UNKNOWN_MESSAGE', `${actor} has no ${kind} "${name}".`, {
    details: { actor, method: name, kind },
  });
}

export function mailboxFull(actor: string, capacity: number): ActorError {
  return new ActorError('ACTOR_MAILBOX_FULL', `The mailbox of ${actor} is full with ${capacity} messages.`, {
    details: { actor, capacity },
  });
}

export function stashFull(actor: string, stashMax: number): ActorError {
  return new ActorError('ACTOR_STASH_FULL', `${actor} has stashed ${stashMax} messages already.`, {
    details: { actor, stashMax },
  });
}

export function timersFull(actor: string, timersMax: number): ActorError {
  return new ActorError('ACTOR_TIMERS_FULL', `${actor} has set ${timersMax} timers already.`, {
    details: { actor, timersMax },
  });
}

export function streamsFull(actor: string, streamsMax: number): ActorError {
  return new ActorError('ACTOR_STREAMS_FULL', `${actor} serves ${streamsMax} streams already.`, {
    details: { actor, streamsMax },
  });
}

export function stopTimeout(actor: string, { name }: Method): ActorError {
  return new ActorError(
    'ACTOR_STOP_TIMEOUT',
    `${actor} was still busy with "${name}" when its time to stop was over.`,
    { details: { actor, method: name } },
  );
}

export function askTimeout(
  actor: string,
  { name }: Method,
  waited: { readonly timeoutMs: number; readonly stage: Stage },
): ActorError {
  const { timeoutMs, stage } = waited;
  return new ActorError(
    'ACTOR_ASK_TIMEOUT',
    `${actor} did not answer "${name}" within ${timeoutMs} ms; the request was ${stage}.`,
    {
      // What still waited in this process will never run, so it is safe to repeat.
      outcome: stage === 'queued' ? 'none' : 'unknown',
      details: { stage, actor, method: name, timeoutMs },
    },
  );
}

export function callCycle(path: readonly string[], { name }: Method): ActorError {
  return new ActorError('ACTOR_CALL_CYCLE', `This ask would wait for itself: ${path.join(' → ')}.`, {
    details: { cycle: path, method: name },
  });
}

export function nameTaken(path: string): ActorError {
  return new ActorError('ACTOR_NAME_TAKEN', `An actor "${path}" is alive already.`, { details: { path } });
}

export function nameInvalid(name: string): ActorError {
  return new ActorError(
    'ACTOR_CONFIG_INVALID',
    `name: ${JSON.stringify(name)} can't name an actor: use 1 to 256 characters, no "/", no control characters, no "$" first.`,
    { details: { path: 'name', value: name } },
  );
}

export function notAChild(path: string, actor: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path} can't stop ${actor}: it is not a child of it.`, {
    details: { path: 'child', actor },
  });
}

export function payloadInvalid(actor: string, { name }: Method, why: string): ActorError {
  return new ActorError('ACTOR_PAYLOAD_INVALID', `${actor} can't take that payload of "${name}": ${why}`, {
    details: { actor, method: name, why },
  });
}
