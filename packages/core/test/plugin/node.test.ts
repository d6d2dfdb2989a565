import { describe, expect, test } from 'vitest';

import { formatAddress, parseAddress } from '../../src/index.ts';

describe('an address', () => {
  test.each([
    ['127.0.0.1:8081', '127.0.0.1', 8081],
    ['localhost:1', 'localhost', 1],
    ['node-1.actors.internal:65535', 'node-1.actors.internal', 65_535],
    ['a_b:0', 'a_b', 0],
    ['[::1]:8081', '::1', 8081],
    ['[2001:db8::ff00:42:8329]:80', '2001:db8::ff00:42:8329', 80],
    ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1', 80],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
    ['tcp://127.0.0.1:8081', '127.0.0.1', 8081],
    ['tcp://[::1]:8081/', '::1', 8081],
    ['[0:0:0:0:0:0:0:1]:8081', '::1', 8081],
    ['[2001:DB8::0:1%eth0]:80', '2001:db8::1%eth0', 80],
    ['tcp://Node-1.Example:80', 'node-1.example', 80],
  ])('is read from %s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  test.each([
    '',
    'localhost',
    ':8081',
    'localhost:',
    'localhost:port',
    'localhost:65536',
    'localhost:-1',
    'localhost:1.5',
    'localhost:123456',
    '::1:8081',
    '[::1]',
    '[]:1',
    '[localhost]:1',
    '[beef]:1',
    '[:::]:1',
    '[1::2::3]:1',
    '[fe80::1%]:1',
    'host name:1',
    'tcp://host:1/path',
    'a:b@host:1',
    '127.0.0.1:8081 ',
    '://host:1',
    'user@host:1',
    'host?x:1',
    'host#x:1',
  ])('is not read from "%s"', (text) => {
    expect(() => parseAddress(text, 'joinAddresses[0]')).toThrow(
      expect.objectContaining({
        code: 'ACTOR_CONFIG_INVALID',
        details: { path: 'joinAddresses[0]', value: text },
      }),
    );
  });

  test.each([
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 65_535 },
    { host: 'fe80::1%en-0_x', port: 1 },
    { host: 'some.name', port: 0 },
  ])('is read back as it was written: %o', (address) => {
    expect(parseAddress(formatAddress(address))).toEqual(address);
    expect(parseAddress(`tcp://${formatAddress(address)}`)).toEqual(address);
  });
});
