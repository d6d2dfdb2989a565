// What the file system says, as an error of this project.

import { ActorError, type ActorErrorCode } from '@actor/core';

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** `code` where it is known better than the file system does. */
export function storageError(error: unknown, doing: string, code?: ActorErrorCode): ActorError {
  if (error instanceof ActorError) return error;
  const cause = error instanceof Error ? error.message : String(error);
  return new ActorError(code ?? meaning(error), `The log failed while ${doing}: ${cause}`, { cause: error });
}

function meaning(error: unknown): ActorErrorCode {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'ACTOR_STORAGE_FULL';
    case 'EBUSY':
      return 'ACTOR_STORAGE_LOCKED';
    default:
      return 'ACTOR_STORAGE_IO';
  }
}

export function noSpace(why: string): ActorError {
  return new ActorError('ACTOR_STORAGE_FULL', `The log takes no more: ${why}.`, { details: { why } });
}

export function corrupt(why: string, details: Readonly<Record<string, unknown>> = {}): ActorError {
  return new ActorError('ACTOR_STORAGE_CORRUPT', `The log is damaged: ${why}.`, {
    details: { why, ...details },
  });
}

export function foreign(why: string): ActorError {
  return new ActorError('ACTOR_STORAGE_FOREIGN', `The directory is not this node's log: ${why}.`, {
    details: { why },
  });
}
