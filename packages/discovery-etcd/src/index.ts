export type {
  EtcdEndpoint,
  EtcdEntry,
  EtcdEvent,
  EtcdListing,
  EtcdWatch,
  EtcdWatchListener,
} from './endpoint.ts';
export * from './etcd-discovery.ts';
export * from './etcd.ts';
export type { EtcdAuth, EtcdCredentials, EtcdOptions, EtcdSettings } from './options.ts';
