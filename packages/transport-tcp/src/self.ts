// What a node says of itself in each hello, and whether a hello can carry it.

import type { NodeAddress, TransportContext } from '@actor/core';
import { isName, type Self } from './hello.ts';
import { invalid, type TcpSettings } from './options.ts';

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID for what no hello could carry. */
export function checkSelf(context: TransportContext): void {
  for (const name of ['clusterName', 'nodeId'] as const) {
    if (!isName(context[name])) {
      throw invalid([`${name} must have 1 to 255 bytes, and no control characters.`]);
    }
  }
  const { incarnation } = context;
  if (!Number.isSafeInteger(incarnation) || incarnation < 0) {
    throw invalid([`incarnation must be a whole number, not ${incarnation}.`]);
  }
}

export function selfOf(
  { clusterName, nodeId, incarnation, listen }: TransportContext,
  { advertise, frameMaxBytes }: TcpSettings,
  bound: NodeAddress,
): Self {
  const address = { host: advertise.host ?? listen.host, port: advertise.port ?? bound.port };
  return {
    clusterName,
    // Not known to a transport yet; the field is there for when it is.
    clusterId: '',
    identity: { nodeId, incarnation, address },
    frameMaxBytes,
  };
}
