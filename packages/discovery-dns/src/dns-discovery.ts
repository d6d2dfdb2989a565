// Discovery from DNS. The records are somebody else's to write: Kubernetes, Consul, a person with a zone file. An answer
// is a hint where nodes may be; while there is none, what was known stands.

import {
  ActorError,
  formatAddress,
  pause,
  type Discovery,
  type NodeInfo,
  type PluginContext,
} from '@actor/core';
import { type Answer, fromAddresses, fromSrv } from './answer.ts';
import { bounded } from './deadline.ts';
import type { DnsSettings } from './options.ts';
import type { AddressRecord } from './resolver.ts';
import { WarningLog } from './warning-log.ts';

/** What it uses of a plugin's context. */
export type DnsContext = Pick<PluginContext, 'runtime' | 'logger' | 'timing'>;

export class DnsDiscovery implements Discovery {
  /** Records come and go with the nodes, so an answer is a start and never the whole. */
  readonly complete = false;
  readonly #settings: DnsSettings;
  readonly #context: DnsContext;
  readonly #warnings: WarningLog;
  readonly #stopped = new AbortController();

  constructor(settings: DnsSettings, context: DnsContext) {
    this.#settings = settings;
    this.#context = context;
    this.#warnings = new WarningLog(context.logger, context.runtime);
  }

  /** Asks nothing yet: a name server that is away keeps no node from starting. */
  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return options.signal?.aborted === true ? Promise.reject(options.signal.reason) : Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped.abort(new ActorError('ACTOR_NODE_STOPPED', 'The discovery has been stopped.'));
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Asks now. Of SRV records all are nodes, in the order of their priorities and then of their weights, the greatest first;
   * addresses come in an order of their own. A name without records is an empty list.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when no name server gave an answer; `cause` has the last failure.
   */
  async discover(options: { readonly signal?: AbortSignal } = {}): Promise<readonly NodeInfo[]> {
    const { signal } = options;
    const answer = await this.#ask(
      signal === undefined ? [this.#stopped.signal] : [signal, this.#stopped.signal],
    );
    return answer.nodes;
  }

  /** Asks every `intervalMs`, and tells when the set has changed. While nobody answers, it says nothing. */
  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly NodeInfo[]> {
    const signal =
      options.signal === undefined
        ? this.#stopped.signal
        : AbortSignal.any([options.signal, this.#stopped.signal]);
    let known: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const answer = await this.#ask([signal]).catch((error: unknown) => {
        if (!signal.aborted)
          this.#warnings.warn('DNS could not be asked; what was known stands', { err: error });
        return undefined;
      });
      if (signal.aborted) return;
      failures = answer === undefined ? failures + 1 : 0;
      const key = answer === undefined ? known : keyOf(answer.nodes);
      if (answer !== undefined && key !== known) yield answer.nodes;
      known = key;
      await pause(this.#context.runtime, this.#pauseMs(answer, failures), signal);
    }
  }

  /** Does nothing: the records are written by whoever runs the nodes, and have this one when it is there. */
  register(): Promise<void> {
    return Promise.resolve();
  }

  /** Does nothing, as `register`. */
  deregister(): Promise<void> {
    return Promise.resolve();
  }

  #pauseMs(answer: Answer | undefined, failures: number): number {
    const { runtime, timing } = this.#context;
    const { ttlMaxMs, backoffMaxMs, intervalMs = timing.discoveryIntervalMs } = this.#settings;
    const leastMs =
      answer === undefined
        ? Math.min(intervalMs * 2 ** (failures - 1), backoffMaxMs)
        : Math.min(answer.ttlMs, ttlMaxMs);
    return Math.max(intervalMs, leastMs) * (1 + runtime.random() / 4);
  }

  async #ask(signals: readonly AbortSignal[]): Promise<Answer> {
    const { name } = this.#settings.question;
    const rethrowAborted = (): void => signals.forEach((signal) => signal.throwIfAborted());
    rethrowAborted();
    let answer: Answer;
    try {
      answer = await this.#answer(signals);
    } catch (cause) {
      rethrowAborted();
      throw new ActorError('ACTOR_DISCOVERY_UNAVAILABLE', `No name server gave an answer for ${name}.`, {
        details: { name },
        cause,
      });
    }
    rethrowAborted();
    this.#complain(answer);
    return answer;
  }

  async #answer(signals: readonly AbortSignal[]): Promise<Answer> {
    const { question, resolver, recordsMax, timeoutMs } = this.#settings;
    const limits = { ms: timeoutMs, runtime: this.#context.runtime, signals };
    const { name } = question;
    if (question.type === 'srv') {
      return fromSrv(await bounded(limits, (signal) => resolver.srv(name, { signal })), recordsMax);
    }
    // Each under a deadline of its own: name servers that never answer for one family are common.
    const asked = question.families.map((family) =>
      bounded(limits, (signal) => resolver.addresses(name, family, { signal })),
    );
    return fromAddresses(this.#either(await Promise.allSettled(asked)), question.port, recordsMax);
  }

  /** Half an answer is one, if there is anybody in it. */
  #either(outcomes: readonly PromiseSettledResult<readonly AddressRecord[]>[]): readonly AddressRecord[] {
    const records = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return records;
    if (records.length === 0) throw failed.reason;
    this.#warnings.warn('DNS answered for one family of addresses only; `family` can say so', {
      err: failed.reason,
      name: this.#settings.question.name,
    });
    return records;
  }

  #complain({ ignored, cutOff }: Answer): void {
    const { question, recordsMax } = this.#settings;
    const { name } = question;
    if (ignored.length > 0) {
      const examples = ignored.slice(0, 3).map((text) => text.slice(0, 100));
      this.#warnings.warn('records that can not be those of a node were ignored', {
        name,
        ignored: ignored.length,
        examples,
      });
    }
    if (cutOff > 0)
      this.#warnings.warn('DNS lists more nodes than `recordsMax`', { name, cutOff, recordsMax });
  }
}

/** Equal for equal sets: a change of priorities alone brings no node and takes none away. */
function keyOf(nodes: readonly NodeInfo[]): string {
  return nodes
    .map(({ address }) => formatAddress(address))
    .toSorted()
    .join();
}
