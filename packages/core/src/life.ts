// The order of one actor's life: start, failure, restart, stop. What it does at the moment is in activity.ts, whom it has to
// do with in place.ts, what it does with messages in cell.ts.
//
//   new ──run──▶ starting ──onStart──▶ running ──fails──▶ restarting ──onStop, backoff──▶ new
//                    └──────── stop ───────┴─────────────────┴──▶ stopping ──onStop──▶ stopped
//
// What the system has to say (stop, a failure beside the handlers, a timer's turn) is an order and goes before the mailbox.
// Nothing here throws to whoever runs it. What only some actors use is undefined until it is used.

import type { Actor } from './actor.ts';
import { isAsync, type Blueprint } from './behaviour.ts';
import type { CellContext } from './cell-context.ts';
import type { Runnable } from './dispatcher.ts';
import type { StopReason } from './event.ts';
import type { Kernel } from './kernel.ts';
import { Place } from './place.ts';
import type { ActorRef } from './ref.ts';
import { Ring } from './ring.ts';
import type { Timer } from './runtime.ts';
import { decide, type Decision, type RestartHistory, type Supervision } from './supervision.ts';
import { Timers, type ActorTimer } from './timers.ts';

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

/** What an actor has once it has been restarted. */
interface Restarts {
  readonly history: RestartHistory;
  /** The wait before the next state. */
  readonly delayMs: number;
}

export abstract class Life extends Place implements Runnable {
  declare readonly parent: Life | undefined;
  readonly args: unknown;
  readonly self: ActorRef;
  protected readonly blueprint: Blueprint;
  protected phase: Phase = 'new';
  /** In the dispatcher's queue, or running. */
  protected scheduled = false;
  /** That of the present state. */
  protected context: CellContext | undefined = undefined;
  private readonly supervise: Supervision;
  private orders: Ring<Order> | undefined = undefined;
  /** The state exists, so `onStop` is due when it ends. */
  private live = false;
  private timerSet: Timers | undefined = undefined;
  private restarts: Restarts | undefined = undefined;
  /** Why the state ends. */
  private ending: StopReason | undefined = undefined;
  /** Children still have to go before it does. */
  private isParting = false;
  /** The wait before the next state. */
  private backoff: Timer | undefined = undefined;

  constructor(actor: Actor, { kernel, parent, name, args, supervise }: Seed) {
    super(kernel, parent, name);
    this.args = args;
    this.blueprint = kernel.blueprint(actor);
    this.self = kernel.ref(this.recipient(), actor.protocol);
    this.supervise = supervise ?? this.blueprint.supervise;
    this.schedule();
  }

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
    if (!this.scheduled && !this.busy) this.schedule();
    const hastens = order.kind === 'stop' || order.kind === 'verdict';
    if (hastens && this.runId !== 0 && !this.isTearingDown()) {
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
        if (this.isRunning) this.carryOut(order.decision, order.error);
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
    const kind = this.restarts === undefined ? 'started' : 'restarted';
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
    const decision = decide(this.supervise, this.restarts?.history ?? [], {
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
      this.restarts = decision;
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
    this.isParting = true;
    this.nextChildLeaves();
  }

  private nextChildLeaves(): void {
    const child = this.nextToGo();
    if (child === undefined) {
      this.isParting = false;
      this.endState();
      return;
    }
    const kind = this.ending?.kind === 'system-stopped' ? 'system-stopped' : 'parent-stopped';
    child.order({ kind: 'stop', reason: { kind } });
  }

  protected override childLeft(): void {
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
    this.backoff = this.kernel.runtime.after(this.restarts?.delayMs ?? 0, () => {
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
    this.leave();
    if (this.parent === undefined || this.kernel.events.readers === 0) return;
    this.kernel.event({ kind: 'stopped', actor: this.address, uid: this.uid, reason });
  }

  /** Ends the actor now, without hooks, and its children before it. What it was doing is reported as unknown. */
  kill(reason: StopReason): void {
    if (this.phase === 'stopped') return;
    for (const child of [...this.children()].reverse()) child.kill(reason);
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

  override children(): readonly Life[] {
    return super.children() as readonly Life[];
  }

  protected override nextToGo(): Life | undefined {
    return super.nextToGo() as Life | undefined;
  }

  // What runs in its turn beside messages.

  protected watchedIsGone(key: string): void {
    const { definition } = this.blueprint;
    const { context } = this;
    const ref = this.takeWatched(key);
    if (ref === undefined || context === undefined || definition.onTerminated === undefined) return;
    this.perform(
      () => definition.onTerminated?.(context, ref),
      isAsync(definition.onTerminated),
      (failure) => {
        if (failure !== undefined) this.fail(failure.error);
      },
    );
  }

  timers(): Timers {
    const { runtime } = this.kernel;
    this.timerSet ??= new Timers({ runtime, timersMax: this.blueprint.timersMax, owner: this });
    return this.timerSet;
  }
}
