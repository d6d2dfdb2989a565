import { describe, expect, test } from 'vitest';
import { systemRuntime } from '@actor/core';
import { memory, memoryFabric } from '@actor/transport-memory';
import { ClusterManager, type ClusterConfig } from '../src/index.ts';

const transport = memory({ fabric: memoryFabric() });

function faultsOf(config: unknown): Record<string, string> {
  try {
    new ClusterManager(config as ClusterConfig);
  } catch (error) {
    const { details } = error as { details: { faults: { path: string; message: string }[] } };
    expect(error).toMatchObject({ code: 'ACTOR_CONFIG_INVALID', outcome: 'none' });
    return Object.fromEntries(details.faults.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('a wrong config', () => {
  test.each<[string, object, string]>([
    ['no methods', { name: 'json' }, 'lacks encode, decode'],
    ['no name', { encode: () => new Uint8Array(1), decode: () => 0 }, 'must have a name'],
    [
      'a name of two words',
      { name: 'a b', encode: () => new Uint8Array(1), decode: () => 0 },
      'must have a name',
    ],
  ])('names what is wrong with a serializer that has %s', (_, serializer, message) => {
    const faults = faultsOf({ clusterName: 'test', nodeName: 'a', transport, serializer });
    expect(faults).toEqual({ serializer: expect.stringContaining(message) });
  });

  test('is refused at construction, with every fault at once', () => {
    const faults = faultsOf({
      clusterName: 'two words',
      port: 70_000,
      host: '[::1]',
      discoveryIntervalMs: 0,
      heartbeatIntervalMs: 0.5,
      maxRetries: -1,
      joinAddresses: ['127.0.0.1:1', 'nowhere', { host: 'a', port: 0 }],
      metadata: { nested: {} },
      preset: 'slow',
      logger: { info: () => {} },
      hartbeat: 100,
    });
    expect(Object.keys(faults).sort()).toEqual([
      'clusterName',
      'discoveryIntervalMs',
      'hartbeat',
      'heartbeatIntervalMs',
      'host',
      'joinAddresses[1]',
      'joinAddresses[2]',
      'logger',
      'maxRetries',
      'metadata',
      'nodeName',
      'port',
      'preset',
      'transport',
    ]);
    expect(faults['nodeName']).toBe('is missing');
    expect(faults['hartbeat']).toBe('is no option');
    expect(faults['logger']).toBe('lacks trace, debug, warn, error, child');
  });

  test.each([
    ['nodeId', ''],
    ['nodeName', 'x'.repeat(256)],
    ['transport', {}],
    ['discovery', {}],
    ['joinAddresses', 'a:1'],
    ['joinAddresses[0]', [7]],
    ['suspectTimeoutMs', Number.NaN],
    ['stallTimeoutMs', 0],
    ['phiThreshold', '8'],
    ['retryDelayMs', Infinity],
    ['askTimeoutMs', -5],
    ['heartbeatIntervalMs', 60_001],
    ['metadata', []],
    ['metadata', { x: 'x'.repeat(5_000) }],
    ['remoting', [1]],
    ['runtime', {}],
    ['metrics', null],
    ['nodeName', '..'],
    ['clusterName', '-'],
    ['nodeName', 'käse'],
    ['nodeName', 'a/b'],
    ['nodeName', 'a\n'],
    ['nodeName', null],
    ['host', '127.0.0.1:8081'],
    ['host', 'a@b'],
    ['host', 'a'.repeat(256)],
    ['host', ''],
    ['port', -1],
    ['port', 1.5],
    ['port', '8081'],
    ['port', Number.NaN],
    ['maxRetries', 0.5],
    ['maxRetries', Infinity],
    ['heartbeatIntervalMs', -500],
    ['heartbeatIntervalMs', Number.NaN],
    ['discoveryIntervalMs', 0.5],
    ['discoveryIntervalMs', '5000'],
    ['retryDelayMs', -1],
    ['phiThreshold', Number.NaN],
    ['askTimeoutMs', 0.5],
    ['metadata', { load: Number.NaN }],
    ['metadata', { load: Infinity }],
    ['interceptors', {}],
    ['interceptors[0]', [{}]],
    ['interceptors[0]', [() => {}]],
    ['interceptors[0]', [{ send: 'yes' }]],
    ['remoting', null],
  ])('%s is checked: %j', (path, value) => {
    const key = path.replace(/\[.*/, '');
    expect(Object.keys(faultsOf({ clusterName: 'c', nodeName: 'n', transport, [key]: value }))).toEqual([
      path,
    ]);
  });

  test('a runtime that lacks a method is refused, and it is named', () => {
    const runtime = { ...systemRuntime(), loopDelay: undefined, asyncContext: undefined };
    expect(faultsOf({ clusterName: 'c', nodeName: 'n', transport, runtime })).toEqual({
      runtime: 'lacks loopDelay, asyncContext',
    });
  });

  test('bounds of remoting are checked one by one, and a misspelt one is none', () => {
    const remoting = {
      windowMaxFrames: 0,
      batchMaxBytes: 1.5,
      ackDelayMs: 0.5,
      requestsMax: 65_537,
      windowMaxByte: 1,
    };
    expect(Object.keys(faultsOf({ clusterName: 'c', nodeName: 'n', transport, remoting }))).toEqual([
      'remoting.windowMaxFrames',
      'remoting.batchMaxBytes',
      'remoting.requestsMax',
      'remoting.windowMaxByte',
    ]);
  });

  test.each<[string, string, Partial<ClusterConfig>]>([
    [
      'stallTimeoutMs',
      'must be at least suspectTimeoutMs, which is 9000, not 8000: a node that stalls has more time than one that is gone',
      { suspectTimeoutMs: 9_000, stallTimeoutMs: 8_000 },
    ],
    [
      'stallTimeoutMs',
      'must be at least suspectTimeoutMs, which is 6000 by default, not 5000: a node that stalls has more time than one that is gone',
      { heartbeatIntervalMs: 2_000, stallTimeoutMs: 5_000 },
    ],
    [
      'suspectTimeoutMs',
      'must be at least heartbeatIntervalMs, which is 500 by default, not 400: a suspect clears itself with a heartbeat',
      { suspectTimeoutMs: 400 },
    ],
    [
      'remoting.retransmitMinMs',
      'must be at most remoting.retransmitMaxMs, which is 5000 by default, not 6000',
      { remoting: { retransmitMinMs: 6_000 } },
    ],
    [
      'remoting.ackDelayMs',
      'must be below remoting.retransmitMinMs, which is 200 by default, not 200: each frame would be sent again before its acknowledgement',
      { remoting: { ackDelayMs: 200 } },
    ],
    [
      'remoting.batchMaxBytes',
      'must be at most remoting.frameMaxBytes, which is 4000, not 5000',
      { remoting: { batchMaxBytes: 5_000, frameMaxBytes: 4_000 } },
    ],
  ])('%s that contradicts another option %s', (path, message, changes) => {
    expect(faultsOf({ clusterName: 'c', nodeName: 'n', transport, ...changes })).toEqual({ [path]: message });
  });

  test('that contradicts itself says so beside its other faults, and is not judged by what is wrong anyway', () => {
    const changes = { suspectTimeoutMs: 9_000, stallTimeoutMs: 8_000, heartbeatIntervalMs: -1, port: -1 };
    const faults = faultsOf({ clusterName: 'c', nodeName: 'n', transport, ...changes });
    expect(Object.keys(faults).sort()).toEqual(['heartbeatIntervalMs', 'port', 'stallTimeoutMs']);
  });

  test('a preset and what goes with it may be given together', () => {
    const changes = { preset: 'fast', suspectTimeoutMs: 100, stallTimeoutMs: 100 };
    expect(faultsOf({ clusterName: 'c', nodeName: 'n', transport, ...changes })).toEqual({});
  });

  test('all wrong entries of the metadata are named', () => {
    const metadata = { zone: 'a', rack: {}, load: Number.NaN, up: true };
    expect(faultsOf({ clusterName: 'c', nodeName: 'n', transport, metadata })).toEqual({
      metadata: 'may hold texts, finite numbers and booleans; rack, load are none of them',
    });
  });

  test('shows what was given, shortly and never a secret of an object', () => {
    const loop: { self?: unknown; secret: string } = { secret: 'hush' };
    loop.self = loop;
    const faults = faultsOf({
      clusterName: 'x y '.repeat(100),
      nodeName: Number.NaN,
      transport: loop,
      port: 8081n,
      preset: Symbol('odd'),
      metadata: undefined,
      joinAddresses: [null, loop],
    });
    expect(faults['nodeName']).toMatch(/, not NaN$/);
    expect(faults['port']).toMatch(/, not 8081n$/);
    expect(faults['transport']).toMatch(/, not an object$/);
    expect(faults['preset']).toMatch(/, not Symbol\(odd\)$/);
    expect(faults['clusterName']?.length).toBeLessThan(200);
    expect(JSON.stringify(faults)).not.toContain('hush');
    expect(faults['joinAddresses[0]']).toMatch(/host:port/);
  });

  test('that is no object is refused as such', () => {
    expect(faultsOf(undefined)).toHaveProperty('config');
    expect(faultsOf([])).toHaveProperty('config');
  });

  test('an option that is undefined is one that was left out', () => {
    expect(faultsOf({ clusterName: 'c', nodeName: 'n', transport, port: undefined })).toEqual({});
  });
});
