export * from './dns.ts';
export * from './dns-discovery.ts';
export type {
  DnsAddressOptions,
  DnsOptions,
  DnsSettings,
  DnsSharedOptions,
  DnsSrvOptions,
} from './options.ts';
export type * from './resolver.ts';
