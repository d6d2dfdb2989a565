// The factory: options in, discovery out. See dns-discovery.ts for what it does.

import { DnsDiscovery, type DnsContext } from './dns-discovery.ts';
import { settingsOf, type DnsOptions } from './options.ts';

/**
 * The nodes that DNS lists: by SRV records, which say host and port, or by the addresses behind one name.
 *
 * @example
 * ```ts
 * import { dns } from '@actor/discovery-dns';
 *
 * export const bySrv = dns({ type: 'srv', name: '_actor._tcp.carts.shop.svc.cluster.local' });
 * export const byAddress = dns({ type: 'address', name: 'carts.shop.svc.cluster.local', port: 8081 });
 * ```
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID when an option is wrong; `details.faults` lists every fault.
 */
export function dns(options: DnsOptions): (context: DnsContext) => DnsDiscovery {
  const settings = settingsOf(options);
  return (context) => new DnsDiscovery(settings, context);
}
