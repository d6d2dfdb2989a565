// The factory: options in, transport out. See tcp-transport.ts for what it does.

import type { TransportContext, TransportFactory } from '@actor/core';
import { settingsOf, type TcpOptions } from './options.ts';
import { TcpTransport } from './tcp-transport.ts';

/**
 * A transport over TCP: authenticated by a shared secret or by certificates, a connection per lane, bounded queues.
 *
 * @example
 * new ClusterManager({ clusterName: 'shop', nodeName: 'a', port: 8081, transport: tcp({ secret: process.env.CLUSTER_SECRET }) });
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when an option is wrong; `details.faults` lists every fault.
 */
export function tcp(options: TcpOptions = {}): TransportFactory {
  const settings = settingsOf(options);
  return (context: TransportContext) => new TcpTransport(context, settings);
}
