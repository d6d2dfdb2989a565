import { describe, expect, test } from 'vitest';
import { etcd, type EtcdOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';

const faultsOf = (options: unknown): unknown => {
  try {
    etcd(options as EtcdOptions);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    return (error as { details: { faults: unknown } }).details.faults;
  }
  return [];
};

test('one host is enough, and all else has a default', () => {
  expect(settingsOf({ hosts: 'http://127.0.0.1:2379' })).toEqual({
    hosts: ['http://127.0.0.1:2379'],
    namespace: '/actor',
    leaseTtlMs: 10_000,
    credentials: undefined,
    auth: undefined,
    requestTimeoutMs: 2_000,
    retriesMax: 2,
    backoffMinMs: 100,
    backoffMaxMs: 5_000,
    nodesMax: 10_000,
    valueMaxBytes: 16_384,
  });
});

describe('a wrong option is refused where it is written', () => {
  const hosts = 'http://127.0.0.1:2379';
  test.each([
    ['no hosts', {}, 'discovery.hosts'],
    ['nothing', undefined, 'discovery.hosts'],
    ['hosts that are a number', { hosts: 7 }, 'discovery.hosts[0]'],
    ['an empty list of hosts', { hosts: [] }, 'discovery.hosts'],
    ['a host without scheme', { hosts: ['127.0.0.1:2379'] }, 'discovery.hosts[0]'],
    ['a host without port', { hosts: [hosts, 'http://etcd'] }, 'discovery.hosts[1]'],
    ['a host with a path', { hosts: 'http://etcd:2379/v3' }, 'discovery.hosts[0]'],
    ['a port that nobody can dial', { hosts: 'http://etcd:0' }, 'discovery.hosts[0]'],
    ['a host that is no text', { hosts: [7] }, 'discovery.hosts[0]'],
    ['hosts with and without TLS', { hosts: [hosts, 'https://etcd:2379'] }, 'discovery.hosts'],
    ['certificates without TLS', { hosts, credentials: {} }, 'discovery.credentials'],
    [
      'a key without certificate',
      { hosts: 'https://etcd:2379', credentials: { privateKey: 'x' } },
      'discovery.credentials',
    ],
    [
      'a certificate that is no PEM',
      { hosts: 'https://etcd:2379', credentials: { rootCertificate: 7 } },
      'discovery.credentials.rootCertificate',
    ],
    [
      'an authority that is text of another kind',
      { hosts: 'https://etcd:2379', credentials: { rootCertificate: 'hello' } },
      'discovery.credentials.rootCertificate',
    ],
    [
      'a key that is none',
      { hosts: 'https://etcd:2379', credentials: { privateKey: 'x', certChain: 'y' } },
      'discovery.credentials.privateKey',
    ],
    ['a user without name', { hosts, auth: { username: '', password: 'x' } }, 'discovery.auth.username'],
    ['a user without password', { hosts, auth: { username: 'x' } }, 'discovery.auth.password'],
    ['a namespace that ends in a slash', { hosts, namespace: '/actor/' }, 'discovery.namespace'],
    ['an empty namespace', { hosts, namespace: '' }, 'discovery.namespace'],
    ['a lease below a second', { hosts, leaseTtlMs: 999 }, 'discovery.leaseTtlMs'],
    ['a time of no number', { hosts, requestTimeoutMs: Number.NaN }, 'discovery.requestTimeoutMs'],
    ['a pause that shrinks', { hosts, backoffMinMs: 10, backoffMaxMs: 9 }, 'discovery.backoffMaxMs'],
    ['retries below none', { hosts, retriesMax: -1 }, 'discovery.retriesMax'],
    ['room for no node', { hosts, nodesMax: 0 }, 'discovery.nodesMax'],
    ['room for no value', { hosts, valueMaxBytes: 0 }, 'discovery.valueMaxBytes'],
  ])('%s', (_, options, path) => {
    expect(faultsOf(options)).toEqual([
      expect.stringMatching(new RegExp(`^${path.replace(/[[\]]/g, '\\$&')}`)),
    ]);
  });

  test('and every fault is listed at once', () => {
    expect(faultsOf({ hosts: [], leaseTtlMs: 0, nodesMax: 0, namespace: '/' })).toHaveLength(4);
  });
});
