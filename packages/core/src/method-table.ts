// The classes behind `ref.tell`, `ref.ask` and `ref.stream`: one of each per protocol, made when it is defined, with a
// method per message on the prototype. A ref makes an instance when it is first used. No Proxy, and nothing is allocated
// for a tell within the process.

import { Call } from './ask.ts';
import { requireDuration, requireWhole } from './bound.ts';
import { Envelope, type SendResult } from './envelope.ts';
import { ActorError } from './errors.ts';
import type { Recipient } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { MessageKind, Method } from './method.ts';
import type { AskOptions, StreamOptions } from './ref.ts';
import { StreamCall } from './stream-call.ts';

export class MethodTable {
  // Private, because any other name may be a message's.
  readonly #kernel: Kernel;
  readonly #recipient: Recipient;

  constructor(kernel: Kernel, recipient: Recipient) {
    this.#kernel = kernel;
    this.#recipient = recipient;
  }

  static readonly #makers = {
    tell: (method: Method) =>
      function tell(this: MethodTable, payload: unknown): SendResult {
        const kernel = this.#kernel;
        const recipient = this.#recipient;
        const sender = kernel.speaker()?.self;
        kernel.sent += 1;
        return recipient.tell === undefined
          ? recipient.send(new Envelope(method, payload, sender))
          : recipient.tell(method, payload, sender);
      },

    ask: (method: Method) =>
      function ask(this: MethodTable, payload: unknown, options?: AskOptions): Promise<unknown> {
        const kernel = this.#kernel;
        const recipient = this.#recipient;
        const timeoutMs = options?.timeoutMs ?? kernel.askTimeoutMs;
        const signal = options?.signal;
        // Any comparison with what is no number holds for some strings.
        if (!(timeoutMs > 0 && timeoutMs < Infinity) || typeof timeoutMs !== 'number')
          return Promise.reject(outOfRange(timeoutMs));
        if (signal?.aborted === true) return Promise.reject(signal.reason);
        return new Promise((resolve, reject) => {
          const speaker = kernel.speaker();
          const call = new Call(kernel, recipient, method, timeoutMs, speaker?.cause(), resolve, reject);
          if (signal !== undefined) call.listen(signal);
          kernel.sent += 1;
          recipient.send(new Envelope(method, payload, speaker?.self, call));
        });
      },

    stream: (method: Method) =>
      function stream(
        this: MethodTable,
        payload: unknown,
        options?: StreamOptions,
      ): AsyncIterableIterator<unknown> {
        const kernel = this.#kernel;
        const recipient = this.#recipient;
        const { aheadMax = 16, timeoutMs, signal } = options ?? {};
        requireWhole('aheadMax', aheadMax, 1);
        if (timeoutMs !== undefined) requireDuration('timeoutMs', timeoutMs, 1);
        // The sender is whoever opens the stream, not whoever iterates it first.
        const speaker = kernel.speaker();
        const cause = speaker?.cause();
        const open = (sink: StreamCall): void => {
          kernel.sent += 1;
          recipient.send(new Envelope(method, payload, speaker?.self, sink));
        };
        const limit = { aheadMax, timeoutMs: timeoutMs ?? Infinity, signal };
        return new StreamCall({ kernel, recipient, method, cause, open, ...limit }).iterator();
      },
  };

  /** A table class with those of the methods that are of one kind. */
  static of(kind: MessageKind, methods: readonly Method[]): typeof MethodTable {
    const table = class extends MethodTable {};
    for (const method of methods) {
      if (method.kind !== kind) continue;
      Object.defineProperty(table.prototype, method.name, { value: MethodTable.#makers[kind](method) });
    }
    return table;
  }
}

export interface MethodTables {
  readonly tell: typeof MethodTable;
  readonly ask: typeof MethodTable;
  readonly stream: typeof MethodTable;
}

export function makeMethodTables(methods: readonly Method[]): MethodTables {
  return {
    tell: MethodTable.of('tell', methods),
    ask: MethodTable.of('ask', methods),
    stream: MethodTable.of('stream', methods),
  };
}

function outOfRange(timeoutMs: number): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', `timeoutMs must be positive and finite, not ${timeoutMs}.`, {
    details: { path: 'timeoutMs', value: timeoutMs },
  });
}
