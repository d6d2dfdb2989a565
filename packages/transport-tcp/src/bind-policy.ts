// Where a transport may listen, and under which address others find it. An open port on a routable address would let
// anybody be a node, so it takes authentication or an explicit word.

import { isIP } from 'node:net';
import type { NodeAddress } from '@actor/core';
import { isDialable } from './hello.ts';
import { invalid } from './options.ts';

/** 127.0.0.0/8, also in IPv6 clothes, and ::1. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(ip);
}

function isUnspecified(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

export interface BindPolicy {
  readonly authenticated: boolean;
  readonly insecure: boolean;
  readonly advertise: { readonly host?: string | undefined };
}

/**
 * Checks what is known before binding: names are looked at again when they have been resolved.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID.
 */
export function checkListen({ host }: NodeAddress, policy: BindPolicy): void {
  if (host === '' || isIP(host) !== 0) checkBound(host === '' ? '::' : host, policy);
  else if (policy.advertise.host === undefined && !isDialable({ host, port: 1 })) {
    throw invalid([`Others can't dial the host "${host}" that this node listens on.`]);
  }
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID for an open bind on a routable address, and for one that nobody can dial. */
export function checkBound(ip: string, { authenticated, insecure, advertise }: BindPolicy): void {
  if (isUnspecified(ip) && advertise.host === undefined) {
    throw invalid([
      `transport.advertise.host is needed to listen on ${ip}: that is every address of this machine, and others must dial one.`,
    ]);
  }
  if (authenticated || insecure || isLoopback(ip)) return;
  throw invalid([
    `Refused to listen on ${ip} without authentication: anybody who reaches the port could be a node. ` +
      'Give tcp() a secret or tls, listen on 127.0.0.1, or say insecure: true.',
  ]);
}
