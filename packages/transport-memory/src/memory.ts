// The factory: options in, transport out. See memory-transport.ts for what it does.

import { ActorError, type TransportContext, type TransportFactory } from '@actor/core';
import { memoryFabric, MemoryFabric } from './fabric.ts';
import { MemoryTransport } from './memory-transport.ts';

export interface MemoryOptions {
  /**
   * The network that the transports share. Transports with different fabrics can't reach each other.
   * @defaultValue a fabric of its own, which nobody else is on
   */
  readonly fabric?: MemoryFabric | undefined;
  /**
   * The largest frame, in bytes.
   * @defaultValue 67_108_864 (64 MiB), as the TCP transport's
   */
  readonly frameMaxBytes?: number | undefined;
  /**
   * Bytes that may wait for one peer on one lane; beyond that `send` returns false. A frame counts 64 more than its
   * bytes; an empty lane takes one of any size up to `frameMaxBytes`.
   * @defaultValue 16_777_216 (16 MiB)
   */
  readonly queueMaxBytes?: number | undefined;
}

/**
 * A transport inside one process: ordered, bounded, faultless. It carries bytes, so what can't be encoded fails in a unit
 * test as it would between machines.
 *
 * @example
 * ```ts
 * import { memory, memoryFabric } from '@actor/transport-memory';
 *
 * // What the nodes of one cluster have in common.
 * export const transport = memory({ fabric: memoryFabric() });
 * ```
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when an option is wrong.
 */
export function memory(options: MemoryOptions = {}): TransportFactory {
  const { fabric = memoryFabric(), frameMaxBytes = 64 * 1024 ** 2, queueMaxBytes = 16 * 1024 ** 2 } = options;
  if (!(fabric instanceof MemoryFabric)) throw invalid('transport.fabric', 'must come from memoryFabric()');
  for (const [name, value] of Object.entries({ frameMaxBytes, queueMaxBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw invalid(`transport.${name}`, `must be a whole number of at least 1, not ${value}`);
    }
  }
  return (context: TransportContext) =>
    new MemoryTransport(context, { fabric, frameMaxBytes, queueMaxBytes });
}

function invalid(path: string, why: string): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `${path} ${why}.`, { details: { path } });
}
