// The order of one actor's life: start, failure, restart, stop, and the children and watchers that follow from them.
// What it does with messages is in cell.ts.
//
//   new ──run──▶ starting ──onStart──▶ running ──fails──▶ restarting ──onStop, backoff──▶ new
//                    └──────── stop ───────┴─────────────────┴──▶ stopping ──onStop──▶ stopped
//
// One thing runs at a time. What the system has to say (stop, a watched actor's end, a timer's body) is an order and goes
// before the mailbox. Nothing here throws to whoever runs it. What only some actors use is undefined until it is used. The fields are private by
// declaration and not by `#`: V8 keeps an object with this many `#` fields in a slow form, four times as large.

import type { Actor } from './actor.ts';
import { isAsync, type Blueprint } from './behaviour.ts';
import type { Runnable } from './dispatcher.ts';
import type { StopReason } from './event.ts';
import { terminated } from './failure.ts';
import type { Recipient, Watcher } from './gateway.ts';
import type { Kernel, Speaker } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import type { Cause } from './reply.ts';
import { Ring } from './ring.ts';
import { Run } from './run.ts';
import type { Timer } from './runtime.ts';
import { decide, type RestartHistory, type Supervision } from './supervision.ts';
import { Timers } from './timers.ts';
import { Watches } from './watches.ts';

type Phase = 'new' | 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped';

/** What the system has to say to an actor. */
export type Order =
  | { readonly kind: 'stop'; readonly reason: StopReason }
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'terminated'; readonly key: string }
  | { readonly kind: 'body'; readonly body: () => unknown; readonly promising: boolean }
  | { readonly kind: 'children-gone' };

type Failure = { readonly error: unknown } | undefined;

/** What an actor is born with. */
export interface Seed {
  readonly kernel: Kernel;
  readonly parent: Life | undefined;
  readonly name: string;
  readonly args: unknown;
  readonly supervise: Supervision | undefined;
}

export abstract class Life implements Runnable, Speaker, Watcher {
  readonly kernel: Kernel;
  readonly parent: Life | undefined;
  readonly name: string;
  readonly uid: number;
  readonly args: unknown;
  readonly self: ActorRef;
  state: unknown;
  protected readonly blueprint: Blueprint;
  protected phase: Phase = 'new';
  /** In the dispatcher's queue, or running. */
  protected scheduled = false;
  /** An asynchronous handler or hook is under way. */
  protected busy = false;
  /** The run of a handler or hook that is under way; 0 for none. */
  protected runId = 0;
  protected context: object | undefined;
  private readonly supervise: Supervision;
  private currentRun: Run | undefined;
  private aborter: AbortController | undefined;
  private orders: Ring<Order> | undefined;
  /** The state exists, so `onStop` is due when it ends. */
  private live = false;
  private family: Map<string, Life> | undefined;
  private timerSet: Timers | undefined;
  private watchers: Set<Watcher> | undefined;
  private watchList: Watches | undefined;
  private history: RestartHistory | undefined;
  // The way to the end of the state: why, which children still have to go, and the wait before the next one.
  private ending: StopReason | undefined;
  private leaving: Life[] | undefined;
  private restartMs = 0;
  private backoff: Timer | undefined;

  constructor(actor: Actor, { kernel, parent, name, args, supervise }: Seed) {
    kernel.actors += 1;
    this.kernel = kernel;
    this.parent = parent;
    this.uid = kernel.uidsFrom + kernel.actors;
    this.name = name;
    this.args = args;
    this.blueprint = kernel.blueprint(actor);
    this.self = kernel.ref(this.recipient(), actor.protocol);
    this.supervise = supervise ?? this.blueprint.supervise;
    this.schedule();
  }

  /** This actor as a recipient. */
  protected abstract recipient(): Recipient;
  /** Handles the next message, if there is one. */
  protected abstract handleNext(): boolean;
  protected abstract hasMail(): boolean;
  /** A new state begins, with the initial handlers and what was stashed first. Sets and gives the handlers' context. */
  protected abstract renew(): object;
  /** The state ends: what runs beside the handlers ends with it. */
  protected abstract endStreams(): void;
  /** The actor has ended: gives up everything that waits. */
  protected abstract abandonMail(): void;
  /** The handler that is under way is cut off. */
  protected abstract abandonRun(): void;
  /** The request that the run under way answers. */
  protected abstract request(): { readonly cause: Cause | undefined } | undefined;

  get path(): string {
    const above = this.parent?.path;
    return above === undefined || above === '' ? this.name : `${above}/${this.name}`;
  }

  get address(): string {
    return `${this.kernel.origin}/${this.path}`;
  }

  /** It stops, or has stopped. */
  get isEnding(): boolean {
    return this.phase === 'stopping' || this.phase === 'stopped';
  }

  // Running.

  run(limit: number): number {
    const { kernel } = this;
    kernel.current = this;
    let count = 0;
    while (count < limit && !this.busy) {
      if (this.orders !== undefined) this.obey();
      else if (this.phase === 'new') this.beginStart();
      else if (this.phase !== 'running' || !this.handleNext()) break;
      count += 1;
    }
    kernel.current = undefined;
    this.scheduled = false;
    this.rouse();
    return count;
  }

  order(order: Order): void {
    if (this.phase === 'stopped') return;
    this.orders ??= new Ring();
    this.orders.push(order);
    if (this.busy && (order.kind === 'stop' || order.kind === 'fail')) this.abort();
    if (!this.scheduled && !this.busy) this.schedule();
  }

  protected schedule(): void {
    this.scheduled = true;
    this.kernel.dispatcher.schedule(this);
  }

  protected rouse(): void {
    if (this.scheduled || this.busy || this.phase === 'stopped') return;
    const mail = this.phase === 'running' && this.hasMail();
    if (mail || this.orders !== undefined || this.phase === 'new') this.schedule();
  }

  private obey(): void {
    const orders = this.orders;
    const order = orders?.shift();
    if (orders?.length === 0) this.orders = undefined;
    switch (order?.kind) {
      case 'stop':
        this.beginStop(order.reason);
        break;
      case 'fail':
        if (this.phase === 'running') this.fail(order.error);
        break;
      case 'terminated':
        this.watchedIsGone(order.key);
        break;
      case 'body':
        if (this.phase === 'running') {
          this.perform(order.body, order.promising, (failure) => this.settled(failure));
        }
        break;
      case 'children-gone':
        this.endState();
        break;
      case undefined:
        break;
    }
  }

  // Runs: one handler, hook or timer's body from its first line to its end.

  protected begin(): void {
    this.kernel.runs += 1;
    this.runId = this.kernel.runs;
  }

  protected end(): void {
    this.runId = 0;
    this.currentRun = undefined;
    this.aborter = undefined;
  }

  /** Calls back when the promise settles, unless the actor has been cut off; until then nothing else runs. */
  protected follow(
    promise: PromiseLike<unknown>,
    then: (value: unknown) => void,
    otherwise: (error: unknown) => void,
  ): void {
    this.busy = true;
    const settle = (go: () => void): void => {
      this.busy = false;
      if (this.phase === 'stopped') return;
      go();
      this.rouse();
    };
    Promise.resolve(promise).then(
      (value) => settle(() => then(value)),
      (error: unknown) => settle(() => otherwise(error)),
    );
  }

  private perform(body: () => unknown, promising: boolean, done: (failure: Failure) => void): void {
    const over = (failure: Failure): void => {
      const signal = this.aborter?.signal;
      this.end();
      // As in a handler: to throw the reason of one's own aborted signal is not a failure.
      done(
        failure !== undefined && signal?.aborted === true && signal.reason === failure.error
          ? undefined
          : failure,
      );
    };
    this.begin();
    let result: unknown;
    try {
      result = promising ? this.kernel.runAs(this.asRun(), body) : body();
    } catch (error) {
      over({ error });
      return;
    }
    if (!isThenable(result)) over(undefined);
    else
      this.follow(
        result,
        () => over(undefined),
        (error) => over({ error }),
      );
  }

  private settled(failure: Failure): void {
    if (failure !== undefined) this.fail(failure.error);
  }

  protected asRun(): Run {
    this.currentRun ??= new Run(this.self, this.runId, this.request()?.cause);
    return this.currentRun;
  }

  cause(): Cause {
    return this.asRun();
  }

  /** Aborts with the run that is under way. */
  protected controller(): AbortController {
    this.aborter ??= new AbortController();
    return this.aborter;
  }

  /** The signal of the run under way was looked at, is aborted, and this error is its reason: the handler gave up. */
  protected gaveUpWith(error: unknown): boolean {
    const signal = this.aborter?.signal;
    return signal?.aborted === true && signal.reason === error;
  }

  private abort(): void {
    this.controller().abort(terminated(this.address, 'stops'));
  }

  // Start, failure, end.

  private beginStart(): void {
    const { definition } = this.blueprint;
    const restarted = this.history !== undefined;
    this.phase = 'starting';
    const context = this.renew();
    this.live = true;
    const body = (): unknown => {
      this.state = definition.state?.(this.args);
      return definition.onStart?.(context);
    };
    if (definition.onStart === undefined && definition.state === undefined) {
      this.started(restarted);
      return;
    }
    this.perform(body, isAsync(definition.onStart), (failure) => {
      if (failure === undefined) this.started(restarted);
      else this.fail(failure.error);
    });
  }

  private started(restarted: boolean): void {
    this.phase = 'running';
    for (const key of this.watchList?.takeMissed() ?? []) this.order({ kind: 'terminated', key });
    const { kernel, uid } = this;
    if (kernel.events.readers === 0 || this.parent === undefined) return;
    kernel.event({ kind: restarted ? 'restarted' : 'started', actor: this.address, uid });
  }

  protected fail(error: unknown): void {
    const { kernel } = this;
    const decision = decide(this.supervise, this.history ?? [], {
      error,
      nowMs: kernel.runtime.monotonicMs(),
      chance: kernel.runtime.random(),
    });
    // Without a state there is nothing to go on with.
    const kind = decision.kind === 'resume' && this.phase === 'starting' ? 'stop' : decision.kind;
    kernel.event({ kind: 'failed', actor: this.address, uid: this.uid, error, decision: kind });
    kernel.logger.warn({ actor: this.path, err: error, decision: kind }, 'actor failed');
    if (kind === 'resume') return;
    if (decision.kind === 'restart') {
      this.history = decision.history;
      this.restartMs = decision.delayMs;
      this.tearDown('restarting', { kind: 'restarting', error });
      return;
    }
    this.tearDown('stopping', { kind: 'failed', error });
    // The root above the top has no strategy to ask.
    if (kind === 'escalate' && this.parent?.parent !== undefined) this.parent.order({ kind: 'fail', error });
  }

  private beginStop(reason: StopReason): void {
    if (this.isEnding) return;
    if (this.phase !== 'restarting') {
      this.tearDown('stopping', reason);
      return;
    }
    // The state ends already or has ended; what changes is what follows.
    this.phase = 'stopping';
    this.ending = reason;
    if (this.backoff === undefined) return;
    this.backoff.cancel();
    this.finalize();
  }

  private tearDown(phase: 'restarting' | 'stopping', reason: StopReason): void {
    this.phase = phase;
    this.ending = reason;
    this.timerSet?.cancelAll();
    this.endStreams();
    this.leaving = this.children().slice();
    this.nextChildLeaves();
  }

  /** Children go one after the other, the youngest first. */
  private nextChildLeaves(): void {
    const kind = this.ending?.kind === 'system-stopped' ? 'system-stopped' : 'parent-stopped';
    for (let child = this.leaving?.pop(); child !== undefined; child = this.leaving?.pop()) {
      if (child.phase === 'stopped') continue;
      child.order({ kind: 'stop', reason: { kind } });
      return;
    }
    this.leaving = undefined;
    this.endState();
  }

  private childGone(child: Life): void {
    this.family?.delete(child.name);
    this.childLeft();
    if (this.leaving === undefined) return;
    // The parent's hooks run in its own turn.
    this.order({ kind: 'children-gone' });
  }

  private endState(): void {
    if (this.leaving !== undefined) {
      this.nextChildLeaves();
      return;
    }
    const { definition } = this.blueprint;
    const reason = this.ending;
    const { context } = this;
    if (!this.live || definition.onStop === undefined || reason === undefined || context === undefined) {
      this.stateEnded();
      return;
    }
    this.live = false;
    this.perform(
      () => definition.onStop?.(context, reason),
      isAsync(definition.onStop),
      (failure) => {
        if (failure !== undefined) {
          this.kernel.logger.error({ actor: this.path, err: failure.error }, 'onStop failed');
        }
        this.stateEnded();
      },
    );
  }

  private stateEnded(): void {
    this.live = false;
    this.state = undefined;
    if (this.phase === 'stopping') {
      this.finalize();
      return;
    }
    this.backoff = this.kernel.runtime.after(this.restartMs, () => {
      this.backoff = undefined;
      this.ending = undefined;
      this.phase = 'new';
      this.rouse();
    });
  }

  private finalize(): void {
    const reason = this.ending ?? { kind: 'stopped' };
    this.phase = 'stopped';
    this.orders = undefined;
    this.backoff = undefined;
    this.context = undefined;
    this.abandonMail();
    this.watchList?.clear();
    if (this.parent !== undefined) this.parent.childGone(this);
    for (const watcher of [...(this.watchers ?? [])]) watcher.terminated(this.recipient());
    this.watchers = undefined;
    if (this.parent === undefined) return;
    this.kernel.event({ kind: 'stopped', actor: this.address, uid: this.uid, reason });
  }

  /** Ends the actor now, without hooks, and its children before it. What it was doing is reported as unknown. */
  kill(reason: StopReason): void {
    if (this.phase === 'stopped') return;
    for (const child of this.children().reverse()) child.kill(reason);
    this.leaving = undefined;
    this.timerSet?.cancelAll();
    this.backoff?.cancel();
    this.endStreams();
    if (this.runId !== 0) {
      this.abort();
      this.abandonRun();
    }
    this.ending = reason;
    this.finalize();
  }

  // Family.

  child(name: string): Life | undefined {
    return this.family?.get(name);
  }

  children(): Life[] {
    return this.family === undefined ? [] : [...this.family.values()];
  }

  adopt(child: Life): void {
    this.family ??= new Map();
    this.family.set(child.name, child);
  }

  /** A child has stopped for good. */
  protected childLeft(): void {}

  // Watching.

  watch(watcher: Watcher): void {
    if (this.phase === 'stopped') watcher.terminated(this.recipient());
    else (this.watchers ??= new Set()).add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.watchers?.delete(watcher);
  }

  terminated(of: Recipient): void {
    this.order({ kind: 'terminated', key: keyOf(of) });
  }

  watchFor(ref: ActorRef, target: Recipient): void {
    this.watchList ??= new Watches(this);
    this.watchList.add(keyOf(target), ref, target);
  }

  unwatchFor(target: Recipient): void {
    this.watchList?.remove(keyOf(target));
  }

  private watchedIsGone(key: string): void {
    const { definition } = this.blueprint;
    const { context } = this;
    if (this.phase !== 'running') {
      this.watchList?.miss(key);
      return;
    }
    const ref = this.watchList?.take(key);
    if (ref === undefined || context === undefined || definition.onTerminated === undefined) return;
    this.perform(
      () => definition.onTerminated?.(context, ref),
      isAsync(definition.onTerminated),
      (failure) => this.settled(failure),
    );
  }

  // Timers.

  timers(): Timers {
    this.timerSet ??= new Timers(this.kernel.runtime);
    return this.timerSet;
  }
}

/** One life of one actor. A system's own are told by uid alone, for its origin changes when a gateway is attached. */
function keyOf(target: Recipient): string {
  return target instanceof Life ? `#${target.uid}` : `${target.address}#${target.uid ?? ''}`;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
