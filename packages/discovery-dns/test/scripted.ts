// A resolver that answers what the test says, and a discovery that asks it in virtual time.

import { silentLogger, type Logger } from '@actor/core';
import { Simulation } from '@actor/core/testkit';
import {
  dns,
  type AddressRecord,
  type DnsDiscovery,
  type DnsOptions,
  type DnsResolver,
  type SrvRecord,
} from '../src/index.ts';

/** An `Error` is a failure, `undefined` no answer ever. */
type Scripted<T> = readonly T[] | Error | undefined;

export const timing = {
  heartbeatIntervalMs: 500,
  discoveryIntervalMs: 5_000,
  maxRetries: 10,
  retryDelayMs: 200,
};

export const srv = (target: string, port: number, rest: Partial<SrvRecord> = {}): SrvRecord => ({
  target,
  port,
  priority: 0,
  weight: 0,
  ...rest,
});

export class ScriptedResolver implements DnsResolver {
  srvRecords: Scripted<SrvRecord> = [];
  v4: Scripted<AddressRecord> = [];
  v6: Scripted<AddressRecord> = [];
  /** In order: `SRV name`, `A name`, `AAAA name`. */
  readonly asked: string[] = [];
  /** Questions that nobody waits for any more. */
  aborted = 0;

  srv(name: string, { signal }: { readonly signal: AbortSignal }): Promise<readonly SrvRecord[]> {
    this.asked.push(`SRV ${name}`);
    return this.#answer(this.srvRecords, signal);
  }

  addresses(
    name: string,
    family: 4 | 6,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly AddressRecord[]> {
    this.asked.push(`${family === 4 ? 'A' : 'AAAA'} ${name}`);
    return this.#answer(family === 4 ? this.v4 : this.v6, signal);
  }

  #answer<T>(scripted: Scripted<T>, signal: AbortSignal): Promise<readonly T[]> {
    signal.addEventListener('abort', () => (this.aborted += 1));
    if (scripted === undefined) return new Promise(() => {});
    return scripted instanceof Error ? Promise.reject(scripted) : Promise.resolve(scripted);
  }
}

interface Warning {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Scene {
  readonly simulation: Simulation;
  readonly resolver: ScriptedResolver;
  readonly discovery: DnsDiscovery;
  readonly warnings: Warning[];
}

export const bySrv = { type: 'srv', name: '_actor._tcp.carts' } as const;
export const byAddress = { type: 'address', name: 'carts', port: 8081 } as const;

export function scene(options: DnsOptions = bySrv): Scene {
  const simulation = new Simulation();
  const resolver = new ScriptedResolver();
  const warnings: Warning[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (fields: object | string, message?: string) =>
      void warnings.push({ message: String(message), fields: Object(fields) as Warning['fields'] }),
  };
  const runtime = simulation.runtime('a');
  const discovery = dns({ ...options, resolver })({ runtime, logger, timing });
  return { simulation, resolver, discovery, warnings };
}
