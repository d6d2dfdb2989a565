import { Simulation, transportContext } from '@actor/core/testkit';
import { describe, expect, test } from 'vitest';
import { isLoopback } from '../src/bind-policy.ts';
import { certificateUri, tcp, type TcpOptions, TcpTransport } from '../src/index.ts';
import { dialError, uriNames } from '../src/security.ts';

const secret = 'correct horse battery staple';
const make = (options: TcpOptions, host = '127.0.0.1') => {
  const runtime = new Simulation().runtime('a');
  return tcp(options)(transportContext({ nodeId: 'a', listen: { host, port: 0 }, runtime }));
};

describe('tcp()', () => {
  const wrong: readonly (readonly [string, TcpOptions])[] = [
    ['transport.secret', { secret: 'fifteen bytes..' }],
    ['transport.secret[1]', { secret: [secret, 'short'] }],
    ['transport.secret', { secret: [] }],
    ['transport.secret', { secret: 7 as never }],
    ['choose one', { secret, insecure: true }],
    ['choose one', { secret, tls: { cert: '', key: '', ca: '' } }],
    ['transport.frameMaxBytes', { frameMaxBytes: 10 }],
    ['transport.queueMaxBytes', { queueMaxBytes: Number.NaN }],
    ['transport.chunkBytes', { chunkBytes: 0.5 }],
    ['transport.handshakeTimeoutMs', { handshakeTimeoutMs: 0 }],
    ['transport.pendingMax', { pendingMax: 0 }],
    ['transport.pendingPerAddressMax', { pendingPerAddressMax: -1 }],
    ['transport.linksMax', { linksMax: 0 }],
    ['transport.keepAliveMs', { keepAliveMs: Infinity }],
    ['transport.keepAliveMissesMax', { keepAliveMissesMax: 0 }],
    ['transport.backoffMaxMs', { backoffMinMs: 10, backoffMaxMs: 5 }],
    ['transport.advertise.port', { advertise: { port: 70_000 } }],
    ['transport.advertise.host', { advertise: { host: '' } }],
    ['transport.advertise.host', { advertise: { host: 'a.example/b' } }],
    ['transport.advertise.host', { advertise: { host: `${'x'.repeat(250)}.example` } }],
  ];
  test.each(wrong)('says "%s" for a wrong option', (text, options) => {
    expect(() => tcp(options)).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', message: expect.stringContaining(text) }),
    );
  });

  test('lists every fault at once', () => {
    expect(() => tcp({ secret: 'short', chunkBytes: 0, linksMax: 0 })).toThrow(
      expect.objectContaining({
        details: { faults: [expect.any(String), expect.any(String), expect.any(String)] },
      }),
    );
  });

  test('refuses texts that are no certificates', () => {
    expect(() => make({ tls: { cert: 'x', key: 'y', ca: 'z' } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID', cause: expect.anything() }),
    );
  });

  test.each([
    ['a name that is too long', { clusterName: 'x'.repeat(256) }],
    ['a name of two lines', { nodeId: 'a\nb' }],
    ['a name that UTF-8 can not carry', { nodeId: '\ud800' }],
    ['an incarnation with a fraction', { incarnation: 1.5 }],
    ['a host that nobody could dial', { listen: { host: 'a b', port: 0 } }],
  ])('refuses %s, which no hello could carry', (_, node) => {
    const runtime = new Simulation().runtime('a');
    expect(() => tcp()(transportContext({ nodeId: 'a', runtime, ...node }))).toThrow(
      expect.objectContaining({ code: 'ACTOR_CONFIG_INVALID' }),
    );
  });

  test('tells whether peers are authenticated', () => {
    expect(make({ secret }).supports.authenticated).toBe(true);
    expect(make({}).supports.authenticated).toBe(false);
  });
});

describe('a bind', () => {
  test.each(['192.0.2.1', '2001:db8::1', '0.0.0.0'])('on %s without authentication is refused', (host) => {
    const advertise = { host: 'a.example' };
    expect(() => make({ advertise }, host)).toThrow(
      expect.objectContaining({
        code: 'ACTOR_CONFIG_INVALID',
        message: expect.stringContaining('insecure: true'),
      }),
    );
    expect(make({ advertise, insecure: true }, host)).toBeInstanceOf(TcpTransport);
    expect(make({ advertise, secret }, host)).toBeInstanceOf(TcpTransport);
  });

  test.each(['0.0.0.0', '::', ''])('on every address ("%s") needs one to advertise', (host) => {
    expect(() => make({ secret }, host)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('advertise') }),
    );
  });

  test('knows what loopback is', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['128.0.0.1', '::', '10.0.0.1', '127.evil.example'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('a failed dial', () => {
  const to = { host: 'a.example', port: 1 };
  const error = (code: string, syscall?: string): Error => Object.assign(new Error(code), { code, syscall });

  test('is told apart from a failed authentication', () => {
    const refused = error('ECONNREFUSED', 'connect');
    const severalAddresses = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' });
    for (const cause of [refused, severalAddresses, error('ENOTFOUND', 'getaddrinfo')]) {
      expect(dialError(cause, to)).toMatchObject({ code: 'ACTOR_NO_ROUTE', retryable: true, cause });
    }
    for (const cause of [error('ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR'), error('EPROTO', 'write')]) {
      expect(dialError(cause, to)).toMatchObject({ code: 'ACTOR_UNAUTHENTICATED', retryable: false, cause });
    }
  });
});

describe('the name in a certificate', () => {
  test('is encoded, so that no node can be written as another', () => {
    expect(certificateUri('shop', 'a/../b, URI:x')).toBe('actor://shop/a%2F..%2Fb%2C%20URI%3Ax');
  });

  test('is read from among others, and not out of a quoted one', () => {
    const names = 'DNS:x.example, URI:actor://shop/a, URI:"actor://shop/b, URI:actor://shop/c", email:URI:no';
    expect(uriNames(names)).toEqual(['actor://shop/a', 'actor://shop/b, URI:actor://shop/c']);
    expect(uriNames('DNS:"x, URI:actor://shop/a"')).toEqual([]);
  });
});
