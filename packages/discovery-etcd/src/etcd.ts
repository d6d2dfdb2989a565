// The factory: options in, discovery out. See etcd-discovery.ts for what it does.

import { Etcd3Endpoint } from './etcd3-endpoint.ts';
import { EtcdDiscovery, type EtcdContext } from './etcd-discovery.ts';
import { settingsOf, type EtcdOptions } from './options.ts';

/**
 * Nodes find each other through etcd.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { etcd } from '@actor/discovery-etcd';
 *
 * export const plain = etcd({ hosts: 'http://127.0.0.1:2379' });
 * export const secure = etcd({
 *   hosts: ['https://etcd-1:2379', 'https://etcd-2:2379', 'https://etcd-3:2379'],
 *   credentials: { rootCertificate: readFileSync('ca.pem') },
 *   auth: { username: 'shop', password: process.env['ETCD_PASSWORD'] ?? '' },
 * });
 * ```
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when an option is wrong; `details.faults` lists every fault.
 */
export function etcd(options: EtcdOptions): (context: EtcdContext) => EtcdDiscovery {
  const settings = settingsOf(options);
  return (context) => {
    const endpoints = settings.hosts.map((host) => new Etcd3Endpoint(host, settings, context.runtime));
    return new EtcdDiscovery(settings, endpoints, context);
  };
}
