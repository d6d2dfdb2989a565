// The context that handlers get: a narrow door to their cell. A stream handler's has its own message and signal.

import type { Actor, Handlers, SpawnArguments } from './actor.ts';
import { isAsync } from './behaviour.ts';
import { requireDuration } from './bound.ts';
import type { Cell } from './cell.ts';
import type { Context } from './context.ts';
import { Envelope, type Message } from './envelope.ts';
import { notAChild } from './failure.ts';
import { Handle } from './handle.ts';
import { LocalPath } from './local-path.ts';
import { Life } from './life.ts';
import { Method } from './method.ts';
import type { Logger } from './plugin/logger.ts';
import type { Messages, Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Timer } from './runtime.ts';
import type { StreamRun } from './stream-run.ts';
import { Ticker } from './ticker.ts';

type Body = (() => void | Promise<void>) | Message;

export class CellContext implements Context<Messages, unknown, unknown> {
  readonly #cell: Cell;
  readonly #stream: StreamRun | undefined;
  #log: Logger | undefined;

  constructor(cell: Cell, stream: StreamRun | undefined) {
    this.#cell = cell;
    this.#stream = stream;
  }

  get state(): unknown {
    return this.#cell.state;
  }

  set state(state: unknown) {
    this.#cell.state = state;
  }

  get self(): ActorRef {
    return this.#cell.self;
  }

  get sender(): ActorRef | undefined {
    return this.#stream === undefined ? this.#cell.sender : this.#stream.envelope.sender;
  }

  get args(): unknown {
    return this.#cell.args;
  }

  get path(): string {
    return this.#cell.path;
  }

  get log(): Logger {
    this.#log ??= this.#cell.kernel.logger.child({ actor: this.#cell.path });
    return this.#log;
  }

  get signal(): AbortSignal {
    return this.#stream === undefined ? this.#cell.signal : this.#stream.signal;
  }

  spawn<N extends Messages, T, B>(
    actor: Actor<N, T, B>,
    ...[options]: SpawnArguments<B>
  ): ActorRef<Protocol<N>> {
    return this.#cell.spawn(actor as unknown as Actor, options).self as ActorRef<Protocol<N>>;
  }

  stop(child?: ActorRef): void {
    const cell = child === undefined ? this.#cell : this.#child(child);
    cell?.order({ kind: 'stop', reason: { kind: 'stopped' } });
  }

  watch(ref: ActorRef): void {
    const target = Handle.recipientOf(ref);
    this.#cell.watchFor(ref, target instanceof LocalPath ? (target.occupant() ?? target) : target);
  }

  unwatch(ref: ActorRef): void {
    const target = Handle.recipientOf(ref);
    this.#cell.unwatchFor(target instanceof LocalPath ? (target.occupant() ?? target) : target);
  }

  stash(): void {
    this.#cell.stash();
  }

  unstashAll(): void {
    this.#cell.unstashAll();
  }

  become(handlers?: Partial<Handlers<Messages, unknown, unknown>>): void {
    this.#cell.become(handlers);
  }

  after(ms: number, body: Body): Timer {
    requireDuration('ms', ms, 0);
    return this.#cell.timers().after(ms, this.#due(body));
  }

  every(ms: number): AsyncIterableIterator<number>;
  every(ms: number, body: Body): Timer;
  every(ms: number, body?: Body): AsyncIterableIterator<number> | Timer {
    requireDuration('ms', ms, 1);
    if (body === undefined) return new Ticker(this.#cell.kernel.runtime, ms, this.signal);
    return this.#cell.timers().every(ms, this.#due(body));
  }

  // A body that still waits for its turn when the next tick comes is not queued twice.
  #due(body: Body): () => void {
    const cell = this.#cell;
    if (typeof body !== 'function') {
      const method = new Method(body.name, 'tell');
      return () => {
        cell.kernel.sent += 1;
        cell.send(new Envelope(method, body.payload, cell.self, undefined, undefined));
      };
    }
    const promising = isAsync(body);
    let waits = false;
    const once = (): void | Promise<void> => {
      waits = false;
      return body();
    };
    return () => {
      if (waits) return;
      waits = true;
      cell.order({ kind: 'body', body: once, promising });
    };
  }

  #child(ref: ActorRef): Cell | undefined {
    const target = Handle.recipientOf(ref);
    const cell = target instanceof LocalPath ? target.occupant() : target;
    const child = this.#cell.children().find((one) => one === cell);
    if (child === undefined && cell instanceof Life && cell.parent !== this.#cell) {
      throw notAChild(this.#cell.path, ref.address);
    }
    return child;
  }
}
