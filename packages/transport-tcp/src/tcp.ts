// The factory: options in, transport out. See tcp-transport.ts for what it does.

import type { TransportContext, TransportFactory } from '@actor/core';
import { settingsOf, type TcpOptions } from './options.ts';
import { TcpTransport } from './tcp-transport.ts';

/**
 * A transport over TCP: authenticated by a shared secret or by certificates, a connection per lane, bounded queues.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { tcp } from '@actor/transport-tcp';
 *
 * export const shared = tcp({ secret: process.env['CLUSTER_SECRET'] ?? '' });
 * const [cert, key, ca] = ['node-1.pem', 'node-1.key', 'ca.pem'].map((file) => readFileSync(file, 'utf8'));
 * export const mutual = tcp({ tls: { cert: cert ?? '', key: key ?? '', ca: ca ?? '' } });
 * ```
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when an option is wrong; `details.faults` lists every fault.
 */
export function tcp(options: TcpOptions = {}): TransportFactory {
  const settings = settingsOf(options);
  return (context: TransportContext) => new TcpTransport(context, settings);
}
