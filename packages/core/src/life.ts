// The order of one actor's life: start, failure, restart, stop, and the children and watchers that follow from them.
// What it does at the moment is in activity.ts, what it does with messages in cell.ts.
//
//   new ──run──▶ starting ──onStart──▶ running ──fails──▶ restarting ──onStop, backoff──▶ new
//                    └──────── stop ───────┴─────────────────┴──▶ stopping ──onStop──▶ stopped
//
// What the system has to say (stop, a failure beside the handlers, a timer's turn) is an order and goes before the mailbox.
// Nothing here throws to whoever runs it. What only some actors use is undefined until it is used.

import { Activity } from './activity.ts';
import type { Actor } from './actor.ts';
import { isAsync, type Blueprint } from './behaviour.ts';
import type { CellContext } from './cell-context.ts';
import type { Runnable } from './dispatcher.ts';
import type { StopReason } from './event.ts';
import { Family } from './family.ts';
import type { Recipient, Watcher } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import { Ring } from './ring.ts';
import type { Timer } from './runtime.ts';
import { decide, type Decision, type RestartHistory, type Supervision } from './supervision.ts';
import { Timers, type ActorTimer } from './timers.ts';
import { Watches } from './watches.ts';

type Phase = 'new' | 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped';

/** What the system has to say to an actor. */
export type Order =
  | { readonly kind: 'stop'; readonly reason: StopReason }
  | { readonly kind: 'verdict'; readonly decision: Decision; readonly error: unknown }
  | { readonly kind: 'timer'; readonly timer: ActorTimer; readonly body: () => unknown }
  | { readonly kind: 'child-gone' };

/** What an actor is born with. */
export interface Seed {
  readonly kernel: Kernel;
  readonly parent: Life | undefined;
  /** Undefined for one that nobody named. */
  readonly name: string | undefined;
  readonly args: unknown;
  readonly supervise: Supervision | undefined;
}

export abstract class Life extends Activity implements Runnable, Watcher {
  readonly parent: Life | undefined;
  /** Its name, or its number where nobody named it. */
  readonly key: string | number;
  readonly args: unknown;
  readonly self: ActorRef;
  protected readonly blueprint: Blueprint;
  protected phase: Phase = 'new';
  /** In the dispatcher's queue, or running. */
  protected scheduled = false;
  /** That of the present state. */
  protected context: CellContext | undefined = undefined;
  /** Of the actors of its system. */
  private readonly number: number;
  private readonly supervise: Supervision;
  private orders: Ring<Order> | undefined = undefined;
  /** The state exists, so `onStop` is due when it ends. */
  private live = false;
  private family: Family<Life> | undefined = undefined;
  private timerSet: Timers | undefined = undefined;
  private watchers: Set<Watcher> | undefined = undefined;
  private watchList: Watches | undefined = undefined;
  private history: RestartHistory | undefined = undefined;
  // The way to the end of the state: why, whether children still have to go, and the wait before the next one.
  private ending: StopReason | undefined = undefined;
  private isParting = false;
  private restartMs = 0;
  private backoff: Timer | undefined = undefined;

  constructor(actor: Actor, { kernel, parent, name, args, supervise }: Seed) {
    super(kernel);
    kernel.actors += 1;
    this.number = kernel.actors;
    this.parent = parent;
    this.key = name ?? this.number;
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
  /** A new state begins, with the initial handlers and what was stashed first. Gives its context. */
  protected abstract renew(): CellContext;
  /** The state ends: what runs beside the handlers ends with it. */
  protected abstract endStreams(): void;
  /** The actor has ended: gives up everything that waits. */
  protected abstract abandonMail(): void;
  /** The handler that is under way is cut off. */
  protected abstract abandonMessage(): void;

  get name(): string {
    const { key } = this;
    return typeof key === 'string' ? key : `$${key}`;
  }

  /** Unique among all lives of all actors at this address, also of an earlier life of this process. */
  get uid(): number {
    return this.kernel.uidsFrom + this.number;
  }

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

  get isStopped(): boolean {
    return this.phase === 'stopped';
  }

  /** It has a state, which does not end yet. */
  get isRunning(): boolean {
    return this.phase === 'running' || this.phase === 'starting';
  }

  /** The context is that of the present state. */
  owns(context: CellContext): boolean {
    return this.context === context;
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
    if (!this.busy) {
      if (!this.scheduled) this.schedule();
    } else if ((order.kind === 'stop' || order.kind === 'verdict') && !this.isTearingDown()) {
      this.abort();
      this.limitRun();
    }
  }

  protected schedule(): void {
    this.scheduled = true;
    this.kernel.dispatcher.schedule(this);
  }

  protected override rouse(): void {
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
      case 'verdict':
        if (this.phase === 'running') this.carryOut(order.decision, order.error);
        break;
      case 'timer':
        if (this.phase === 'running' && order.timer.claim()) this.performOwn(order.body);
        break;
      case 'child-gone':
        if (this.isParting) this.nextChildLeaves();
        break;
      case undefined:
        break;
    }
  }

  private performOwn(body: () => unknown): void {
    this.perform(body, isAsync(body), (failure) => {
      if (failure !== undefined) this.fail(failure.error);
    });
  }

  /** What is under way has `stopTimeoutMs` to end; then the actor goes on without it. */
  private limitRun(): void {
    const { stopTimeoutMs } = this.blueprint;
    this.limitTo(stopTimeoutMs, () => {
      this.kernel.log('warn', { actor: this.path, stopTimeoutMs }, 'cut off what did not end in time');
      this.abandonMessage();
      this.abandon();
      if (this.isTearingDown()) this.stateEnded();
      this.rouse();
    });
  }

  // Start, failure, end.

  private beginStart(): void {
    const { definition } = this.blueprint;
    this.phase = 'starting';
    const context = this.renew();
    if (!this.makeState(context)) return;
    if (definition.onStart === undefined) this.started();
    else
      this.perform(
        () => definition.onStart?.(context),
        isAsync(definition.onStart),
        (failure) => {
          if (failure === undefined) this.started();
          else this.fail(failure.error);
        },
      );
  }

  private makeState(context: CellContext): boolean {
    const { definition } = this.blueprint;
    if (definition.state !== undefined) {
      this.begin();
      try {
        context.state = definition.state(this.args);
      } catch (error) {
        this.end();
        this.fail(error);
        return false;
      }
      this.end();
    }
    this.live = true;
    return true;
  }

  private started(): void {
    this.phase = 'running';
    const { kernel } = this;
    if (kernel.events.readers === 0 || this.parent === undefined) return;
    const kind = this.history === undefined ? 'started' : 'restarted';
    kernel.event({ kind, actor: this.address, uid: this.uid });
  }

  /** A failure of what the actor itself was doing. */
  protected fail(error: unknown): void {
    // Without a state there is nothing to go on with.
    this.carryOut(this.judge(error, this.phase === 'running'), error);
  }

  /** A failure beside what the actor is doing: of one of its streams, or of a child that escalates. */
  protected failBeside(error: unknown): void {
    if (!this.isRunning) return;
    const decision = this.judge(error, true);
    if (decision.kind !== 'resume') this.order({ kind: 'verdict', decision, error });
  }

  private judge(error: unknown, mayResume: boolean): Decision {
    const { kernel } = this;
    const { runtime } = kernel;
    const decision = decide(this.supervise, this.history ?? [], {
      error,
      mayResume,
      nowMs: runtime.monotonicMs(),
      chance: runtime.random(),
    });
    const { kind } = decision;
    kernel.event({ kind: 'failed', actor: this.address, uid: this.uid, error, decision: kind });
    kernel.log('warn', { actor: this.path, err: error, decision: kind }, 'actor failed');
    return decision;
  }

  private carryOut(decision: Decision, error: unknown): void {
    if (decision.kind === 'resume') return;
    if (decision.kind === 'restart') {
      this.history = decision.history;
      this.restartMs = decision.delayMs;
      this.tearDown('restarting', { kind: 'restarting', error });
      return;
    }
    this.tearDown('stopping', { kind: 'failed', error });
    // The root above the top has no strategy to ask.
    if (decision.kind === 'escalate' && this.parent?.parent !== undefined) this.parent.failBeside(error);
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

  private isTearingDown(): boolean {
    return this.phase === 'stopping' || this.phase === 'restarting';
  }

  private tearDown(phase: 'restarting' | 'stopping', reason: StopReason): void {
    this.phase = phase;
    this.ending = reason;
    this.timerSet?.cancelAll();
    this.endStreams();
    this.family?.dismiss();
    this.isParting = true;
    this.nextChildLeaves();
  }

  private nextChildLeaves(): void {
    const child = this.family?.next();
    if (child === undefined) {
      this.isParting = false;
      this.endState();
      return;
    }
    const kind = this.ending?.kind === 'system-stopped' ? 'system-stopped' : 'parent-stopped';
    child.order({ kind: 'stop', reason: { kind } });
  }

  private childGone(child: Life): void {
    this.family?.remove(child);
    this.childLeft();
    // The parent's hooks run in its own turn.
    if (this.isParting) this.order({ kind: 'child-gone' });
  }

  private endState(): void {
    const { definition } = this.blueprint;
    const { ending, context } = this;
    if (!this.live || definition.onStop === undefined || ending === undefined || context === undefined) {
      this.stateEnded();
      return;
    }
    this.live = false;
    this.perform(
      () => definition.onStop?.(context, ending),
      isAsync(definition.onStop),
      (failure) => {
        if (failure !== undefined) {
          this.kernel.log('error', { actor: this.path, err: failure.error }, 'onStop failed');
        }
        this.stateEnded();
      },
    );
    if (this.busy) this.limitRun();
  }

  private stateEnded(): void {
    this.live = false;
    this.context = undefined;
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
    this.isParting = false;
    this.timerSet?.cancelAll();
    this.backoff?.cancel();
    this.endStreams();
    if (this.runId !== 0) {
      this.abandonMessage();
      this.abandon();
    }
    this.ending = reason;
    this.finalize();
  }

  // Family.

  child(name: string): Life | undefined {
    return this.family?.get(name);
  }

  /** The oldest first. */
  children(): Life[] {
    return this.family === undefined ? [] : this.family.all();
  }

  protected adopt(child: Life): void {
    this.family ??= new Family();
    this.family.add(child);
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

  /** Somebody whom this actor watches has ended. */
  abstract terminated(of: Recipient): void;

  watchFor(ref: ActorRef, target: Recipient): void {
    if (this.phase === 'stopped') return;
    this.watchList ??= new Watches(this);
    this.watchList.add(keyOf(target), ref, target);
  }

  unwatchFor(target: Recipient): void {
    this.watchList?.remove(keyOf(target));
  }

  protected watchedIsGone(key: string): void {
    const { definition } = this.blueprint;
    const { context } = this;
    const ref = this.watchList?.take(key);
    if (ref === undefined || context === undefined || definition.onTerminated === undefined) return;
    this.perform(
      () => definition.onTerminated?.(context, ref),
      isAsync(definition.onTerminated),
      (failure) => {
        if (failure !== undefined) this.fail(failure.error);
      },
    );
  }

  // Timers.

  timers(): Timers {
    const { runtime } = this.kernel;
    this.timerSet ??= new Timers({ runtime, timersMax: this.blueprint.timersMax, owner: this });
    return this.timerSet;
  }
}

/** One life of one actor. A system's own are told by uid alone, for its origin changes when a gateway is attached. */
export function keyOf(target: Recipient): string {
  return target instanceof Life ? `#${target.uid}` : `${target.address}#${target.uid ?? ''}`;
}
