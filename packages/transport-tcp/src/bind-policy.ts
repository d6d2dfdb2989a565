// Where a transport may listen, and under which address others find it. An open port on a routable address would let
// anybody be a node, so it takes authentication or an explicit word.

import { isIP } from 'node:net';
import type { NodeAddress } from '@actor/core';
import { invalid } from './options.ts';

/** 127.0.0.0/8, also in IPv6 clothes, and ::1. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(ip);
}

function isUnspecified(host: string): boolean {
  return ['', '0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'].includes(host);
}

export interface BindPolicy {
  readonly authenticated: boolean;
  readonly insecure: boolean;
  readonly advertise: { readonly host?: string; readonly port?: number };
}

/**
 * Checks what is known before binding: names are looked at again when they have been resolved.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID.
 */
export function checkListen({ host }: NodeAddress, policy: BindPolicy): void {
  if (isUnspecified(host) && policy.advertise.host === undefined) {
    throw invalid([
      `transport.advertise.host is needed to listen on "${host}": that is every address of this machine, and others must dial one.`,
    ]);
  }
  if (isIP(host) !== 0) checkBound(host, policy);
  else if (host === '') checkBound('::', policy);
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID for an open bind on a routable address. */
export function checkBound(ip: string, { authenticated, insecure }: BindPolicy): void {
  if (authenticated || insecure || isLoopback(ip)) return;
  throw invalid([
    `Refused to listen on ${ip} without authentication: anybody who reaches the port could be a node. ` +
      'Give tcp() a secret or tls, listen on 127.0.0.1, or say insecure: true.',
  ]);
}
