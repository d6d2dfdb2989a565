import { describe, expect, test } from 'vitest';
import { dns, type DnsOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { byAddress, bySrv, ScriptedResolver } from './scripted.ts';

const faultsOf = (options: object): unknown => {
  try {
    dns(options as DnsOptions);
  } catch (error) {
    return (error as { details: { faults: unknown } }).details.faults;
  }
  return [];
};

describe('options', () => {
  test('that are right are taken, a dot at the end of the name is not part of it', () => {
    expect(settingsOf({ ...bySrv, name: 'carts.example.' })).toMatchObject({
      question: { type: 'srv', name: 'carts.example' },
      intervalMs: undefined,
      backoffMaxMs: 60_000,
      ttlMaxMs: 60_000,
      timeoutMs: 2_000,
      recordsMax: 1_000,
    });
    expect(settingsOf(byAddress).question).toMatchObject({ families: [4, 6] });
    expect(settingsOf({ ...byAddress, family: 6 }).question).toMatchObject({ families: [6] });
  });

  test.each([
    ['no type', { name: 'a' }, 'type'],
    ['a name that is none', { ...bySrv, name: 'a b' }, 'name'],
    ['an empty name', { ...bySrv, name: '' }, 'name'],
    ['no name', { type: 'srv' }, 'name'],
    ['an empty part of a name', { ...bySrv, name: 'a..b' }, 'name'],
    ['a part that is too long', { ...bySrv, name: `${'a'.repeat(64)}.b` }, 'name'],
    ['a name that is too long', { ...bySrv, name: 'a.'.repeat(130) }, 'name'],
    ['a name that is not in its xn-- form', { ...bySrv, name: 'bücher.example' }, 'name'],
    ['an address in place of a name', { ...byAddress, name: '10.0.0.1' }, 'name'],
    ['a port for SRV records', { ...bySrv, port: 1 }, 'port'],
    ['a family for SRV records', { ...bySrv, family: 4 }, 'family'],
    ['no port for addresses', { type: 'address', name: 'a' }, 'port'],
    ['a port that nobody can dial', { ...byAddress, port: 0 }, 'port'],
    ['a family that there is not', { ...byAddress, family: 5 }, 'family'],
    ['an interval of nothing', { ...bySrv, intervalMs: 0 }, 'intervalMs'],
    ['a backoff of nothing', { ...bySrv, backoffMaxMs: 0 }, 'backoffMaxMs'],
    ['a time to live below nothing', { ...bySrv, ttlMaxMs: -1 }, 'ttlMaxMs'],
    ['a timeout longer than any timer', { ...bySrv, timeoutMs: 2 ** 31 }, 'timeoutMs'],
    ['room for no record', { ...bySrv, recordsMax: 0 }, 'recordsMax'],
    ['no name server', { ...bySrv, servers: [] }, 'servers'],
    ['a name server by name', { ...bySrv, servers: ['10.0.0.1', 'ns.example'] }, 'servers[1]'],
    ['a name server with a name and a port', { ...bySrv, servers: ['ns.example:53'] }, 'servers[0]'],
    ['a port that a name server can not have', { ...bySrv, servers: ['10.0.0.1:99999'] }, 'servers[0]'],
    [
      'name servers for a resolver of the own',
      { ...bySrv, servers: ['10.0.0.1'], resolver: new ScriptedResolver() },
      'servers',
    ],
  ])('%s is refused where it is written', (_, options, path) => {
    expect(faultsOf(options)).toEqual([expect.stringContaining(`discovery.${path} `)]);
  });

  test('name servers are addresses, with or without a port', () => {
    const servers = ['10.0.0.10', '10.0.0.10:5353', 'fd00::a', '[fd00::a]:53'];
    expect(faultsOf({ ...bySrv, servers })).toEqual([]);
  });

  test('every fault is listed at once', () => {
    expect(() => dns({ ...byAddress, name: '', port: 0, timeoutMs: 0 })).toThrow(
      expect.objectContaining({
        code: 'ACTOR_CONFIG_INVALID',
        details: { faults: [expect.anything(), expect.anything(), expect.anything()] },
      }),
    );
  });
});
