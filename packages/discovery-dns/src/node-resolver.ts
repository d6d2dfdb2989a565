// Node's resolver (c-ares) behind the door. Each question has one of its own: `cancel` ends all that a resolver was asked,
// and a new one reads the system's list of name servers again, which may have changed meanwhile.

import { Resolver } from 'node:dns/promises';
import type { AddressRecord, DnsResolver, QuestionOptions, SrvRecord } from './resolver.ts';

export interface NodeResolverOptions {
  /** Name servers as `ip` or `ip:port`; undefined is those of the system. */
  readonly servers: readonly string[] | undefined;
  /** How long the asker waits; a packet that was lost is sent again well within it. */
  readonly timeoutMs: number;
}

/** Codes of Node for "the name does not exist" and "it has no such records". */
const none: readonly unknown[] = ['ENOTFOUND', 'ENODATA'];

export class NodeResolver implements DnsResolver {
  readonly #servers: readonly string[] | undefined;
  readonly #tryMs: number;

  constructor({ servers, timeoutMs }: NodeResolverOptions) {
    this.#servers = servers;
    // Two tries, the second of twice the length, leave a quarter for a server that is slow.
    this.#tryMs = Math.max(1, Math.floor(timeoutMs / 4));
  }

  srv(name: string, { signal }: QuestionOptions): Promise<readonly SrvRecord[]> {
    return this.#ask(signal, async (resolver) => {
      const records = await resolver.resolveSrv(name);
      return records.map(({ name: target, port, priority, weight }) => ({ target, port, priority, weight }));
    });
  }

  addresses(name: string, family: 4 | 6, { signal }: QuestionOptions): Promise<readonly AddressRecord[]> {
    return this.#ask(signal, async (resolver) => {
      const withTtl = { ttl: true } as const;
      const records = await (family === 4
        ? resolver.resolve4(name, withTtl)
        : resolver.resolve6(name, withTtl));
      return records.map(({ address, ttl }) => ({ address, ttlMs: ttl * 1_000 }));
    });
  }

  async #ask<T>(
    signal: AbortSignal,
    question: (resolver: Resolver) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    signal.throwIfAborted();
    const resolver = new Resolver({ timeout: this.#tryMs, tries: 2 });
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      if (this.#servers !== undefined) resolver.setServers(this.#servers);
      return await this.#inTurn(resolver, signal, question);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** A server that is silent c-ares passes over by itself; an answer of "I can't" is final to it, as Node has set it up. */
  async #inTurn<T>(
    resolver: Resolver,
    signal: AbortSignal,
    question: (resolver: Resolver) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    for (;;) {
      try {
        return await question(resolver);
      } catch (error) {
        signal.throwIfAborted();
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (none.includes(code)) return [];
        const rest = resolver.getServers().slice(1);
        if (rest.length === 0) throw error;
        resolver.setServers(rest);
      }
    }
  }
}
