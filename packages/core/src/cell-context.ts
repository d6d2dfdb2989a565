// The context that handlers get: a narrow door to their cell. A stream handler's has its own message and signal.

import type { Actor, Handlers, SpawnArguments } from './actor.ts';
import { requireDuration } from './bound.ts';
import type { Cell } from './cell.ts';
import type { Context } from './context.ts';
import { Envelope, type Message } from './envelope.ts';
import type { ActorError } from './errors.ts';
import { notAChild, terminated } from './failure.ts';
import { Handle } from './handle.ts';
import { LocalPath } from './local-path.ts';
import { Life } from './life.ts';
import { methodFor } from './method.ts';
import type { Logger } from './plugin/logger.ts';
import type { Messages, Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Timer } from './runtime.ts';
import type { StreamRun } from './stream-run.ts';
import { Ticker } from './ticker.ts';

type Body = (() => void | Promise<void>) | Message;

/** A stream that is served, and the context of the state that it is served with. */
export interface StreamPart {
  readonly run: StreamRun;
  readonly home: CellContext;
}

/**
 * One for each state of the actor: what still runs when that state has ended keeps it to itself and reaches nothing of the
 * next one.
 */
export class CellContext implements Context<Messages, unknown, unknown> {
  readonly #cell: Cell;
  readonly #stream: StreamPart | undefined;
  #state: unknown;
  #log: Logger | undefined;

  constructor(cell: Cell, stream: StreamPart | undefined) {
    this.#cell = cell;
    this.#stream = stream;
  }

  get state(): unknown {
    return this.#stream === undefined ? this.#state : this.#stream.home.#state;
  }

  set state(state: unknown) {
    this.#state = state;
  }

  get self(): ActorRef {
    return this.#cell.self;
  }

  get sender(): ActorRef | undefined {
    if (this.#stream !== undefined) return this.#stream.run.envelope.sender;
    return this.#isOver ? undefined : this.#cell.sender;
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
    if (this.#stream !== undefined) return this.#stream.run.signal;
    return this.#isOver ? AbortSignal.abort(this.#over()) : this.#cell.signal;
  }

  spawn<N extends Messages, T, B>(
    actor: Actor<N, T, B>,
    ...[options]: SpawnArguments<B>
  ): ActorRef<Protocol<N>> {
    if (this.#isOver) throw this.#over();
    return this.#cell.spawn(actor as unknown as Actor, options).self as ActorRef<Protocol<N>>;
  }

  stop(child?: ActorRef): void {
    if (this.#isOver) return;
    const cell = child === undefined ? this.#cell : this.#child(child);
    cell?.order({ kind: 'stop', reason: { kind: 'stopped' } });
  }

  watch(ref: ActorRef): void {
    if (this.#isOver) return;
    const target = Handle.recipientOf(ref);
    this.#cell.watchFor(ref, target instanceof LocalPath ? (target.occupant() ?? target) : target);
  }

  unwatch(ref: ActorRef): void {
    if (this.#isOver) return;
    const target = Handle.recipientOf(ref);
    this.#cell.unwatchFor(ref, target instanceof LocalPath ? (target.occupant() ?? target) : target);
  }

  stash(): void {
    if (!this.#isOver) this.#cell.stash();
  }

  unstashAll(): void {
    if (!this.#isOver) this.#cell.unstashAll();
  }

  become(handlers?: Partial<Handlers<Messages, unknown, unknown>>): void {
    if (!this.#isOver) this.#cell.become(handlers);
  }

  after(ms: number, body: Body): Timer {
    requireDuration('ms', ms, 0);
    return this.#set(ms, false, body);
  }

  every(ms: number): AsyncIterableIterator<number>;
  every(ms: number, body: Body): Timer;
  every(ms: number, body?: Body): AsyncIterableIterator<number> | Timer {
    requireDuration('ms', ms, 1);
    if (body === undefined) return this.#ticker(ms);
    return this.#set(ms, true, body);
  }

  #ticker(everyMs: number): Ticker {
    const { runtime } = this.#cell.kernel;
    if (!this.#mayBegin) return new Ticker({ runtime, everyMs, signal: AbortSignal.abort() });
    // The signal of a handler that has returned is never aborted; that of a stream is, by the end of the state at the latest.
    const timers = this.#stream === undefined ? this.#cell.timers() : undefined;
    return new Ticker({ runtime, everyMs, signal: this.signal, timers });
  }

  #set(ms: number, repeats: boolean, body: Body): Timer {
    const cell = this.#cell;
    // Timers die with the state, and one of a dead state is born dead.
    if (!this.#mayBegin) return { cancel: () => {} };
    if (typeof body === 'function') {
      return cell.timers().set({ ms, repeats, due: (timer) => cell.order({ kind: 'timer', timer, body }) });
    }
    const method = methodFor(cell.protocol.methods, body.name, 'tell');
    return cell.timers().set({
      ms,
      repeats,
      due: (timer) => {
        if (!timer.claim()) return;
        cell.kernel.sent += 1;
        Handle.wayOf(cell.self).send(new Envelope(method, body.payload, cell.self));
      },
    });
  }

  #child(ref: ActorRef): Cell | undefined {
    const target = Handle.recipientOf(ref);
    const cell = target instanceof LocalPath ? target.occupant() : target;
    if (!(cell instanceof Life)) return undefined;
    if (cell.parent !== this.#cell) throw notAChild(this.#cell.path, ref.address);
    return cell as Cell;
  }

  /** Its state has ended. */
  get #isOver(): boolean {
    return !this.#cell.owns(this.#stream?.home ?? this);
  }

  /** Its state lives, and not only for onStop. */
  get #mayBegin(): boolean {
    return !this.#isOver && this.#cell.isRunning;
  }

  #over(): ActorError {
    return terminated(this.#cell.address, 'has ended the state that this context belongs to');
  }
}
