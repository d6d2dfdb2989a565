// What is wrong with a config. All of it is said at once, so that nobody has to mend one line at a time.

import { ActorError } from '@actor/core';

export interface ConfigFault {
  /** Where in the config: `port`, `joinAddresses[1]`. */
  readonly path: string;
  /** What is wrong with it, to be read after the path. */
  readonly message: string;
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID with `details.faults`, when there are any. */
export function refuse(faults: readonly ConfigFault[]): void {
  if (faults.length === 0) return;
  const text = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new ActorError('ACTOR_CONFIG_INVALID', `The config is refused: ${text}.`, { details: { faults } });
}
