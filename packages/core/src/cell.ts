// One running actor and its messages: the mailbox, the handlers, the stash and the streams. The order of its life is in
// life.ts.

import type { Actor, SpawnOptions } from './actor.ts';
import type { Behaviour, Handler } from './behaviour.ts';
import { CellContext } from './cell-context.ts';
import type { Envelope, SendResult } from './envelope.ts';
import {
  callCycle,
  mailboxFull,
  remoteFailure,
  stopTimeout,
  terminated,
  unknownMessage,
  stashFull,
  streamsFull,
  nameTaken,
  nameInvalid,
} from './failure.ts';
import type { Recipient } from './gateway.ts';
import { intercepted } from './interceptor.ts';
import { isThenable, Life, type Seed } from './life.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Cause, Request, StreamSink } from './reply.ts';
import { Ring } from './ring.ts';
import { cycle } from './run.ts';
import { StreamRun } from './stream-run.ts';

export class Cell extends Life implements Recipient {
  private behaviour: Behaviour = this.blueprint.initial;
  private mail: Ring<Envelope> | undefined;
  private envelope: Envelope | undefined;
  /** The handler has put its message aside. */
  private aside = false;
  private stashed: Envelope[] | undefined;
  private streams: Set<StreamRun> | undefined;

  get sender(): ActorRef | undefined {
    return this.envelope?.sender;
  }

  get protocol(): Protocol {
    return this.blueprint.protocol;
  }

  /** What waits and what is under way: what a pool balances by. */
  get backlog(): number {
    return (this.mail?.length ?? 0) + (this.runId === 0 ? 0 : 1);
  }

  send(envelope: Envelope): SendResult {
    if (this.phase === 'stopping' || this.phase === 'stopped') return this.refuse(envelope);
    const cause = envelope.reply?.cause;
    if (cause !== undefined && this.runId !== 0 && this.closesCycle(cause, envelope)) return 'rejected';
    const mail = (this.mail ??= new Ring());
    const { capacity } = this.blueprint.mailbox;
    if (mail.length >= capacity) {
      const { overflow } = this.blueprint.mailbox;
      const victim = overflow === 'drop-oldest' ? (mail.shift() ?? envelope) : envelope;
      this.kernel.discard(victim, this.address, 'mailbox-full');
      victim.reply?.reject(mailboxFull(this.address, capacity));
      if (victim === envelope) return overflow === 'reject' ? 'rejected' : 'dropped';
    }
    mail.push(envelope);
    if (!this.scheduled && !this.busy) this.schedule();
    return 'accepted';
  }

  protected override handleNext(): boolean {
    const envelope = this.mail?.shift();
    if (envelope === undefined) return false;
    this.handle(envelope);
    return true;
  }

  private handle(envelope: Envelope): void {
    const { reply, method } = envelope;
    if (reply?.closed === true) {
      this.kernel.discard(envelope, this.address, reply.withdrawn ?? 'cancelled');
      return;
    }
    const behaviour = this.behaviour;
    const index = behaviour.methods[method.index] === method ? method.index : behaviour.indexOf(method);
    const handler = behaviour.handlers[index];
    const { context } = this;
    if (handler === undefined || context === undefined) {
      this.kernel.discard(envelope, this.address, 'unknown-message');
      reply?.reject(unknownMessage(this.address, method));
      return;
    }
    if (reply !== undefined) {
      reply.stage = 'started';
      if (reply.kind === 'stream') {
        this.serve(envelope, reply, handler);
        return;
      }
    }
    this.begin();
    this.envelope = envelope;
    let result: unknown;
    try {
      if (this.blueprint.interceptors !== undefined || behaviour.promising[index] === true) {
        result = this.kernel.runAs(this.asRun(), this.wrapped(envelope, handler, context));
      } else result = handler(context, envelope.payload);
    } catch (error) {
      this.failed(envelope, error);
      return;
    }
    if (result === undefined || !isThenable(result)) this.finished(envelope, result);
    else {
      behaviour.promising[index] = true;
      this.follow(
        result,
        (value) => this.finished(envelope, value),
        (error) => this.failed(envelope, error),
      );
    }
  }

  private wrapped(envelope: Envelope, handler: Handler, context: object): () => unknown {
    const run = (): unknown => handler(context, envelope.payload);
    const { interceptors } = this.blueprint;
    if (interceptors === undefined) return run;
    const message = intercepted(envelope, this.address);
    return interceptors.reduceRight<() => unknown>(
      (next, interceptor) => () => interceptor.handle?.(message, next),
      run,
    );
  }

  private finished(envelope: Envelope, result: unknown): void {
    const { reply } = envelope;
    if (this.aside) this.aside = false;
    else {
      this.kernel.processed += 1;
      if (reply?.kind === 'ask') reply.resolve(result);
    }
    this.end();
  }

  private failed(envelope: Envelope, error: unknown): void {
    // To throw the reason of one's own aborted signal is how a cancelled handler ends, not a failure.
    const gaveUp = this.gaveUpWith(error);
    if (this.aside) this.aside = false;
    else {
      this.kernel.processed += 1;
      envelope.reply?.reject(remoteFailure(this.address, envelope.method.name, error));
    }
    this.end();
    if (!gaveUp) this.fail(error);
  }

  private refuse(envelope: Envelope): SendResult {
    this.kernel.discard(envelope, this.address, 'terminated');
    envelope.reply?.reject(terminated(this.address));
    return 'no-route';
  }

  private closesCycle(cause: Cause, envelope: Envelope): boolean {
    const path = cycle(cause, this.address, this.runId);
    if (path === undefined) return false;
    this.kernel.discard(envelope, this.address, 'call-cycle');
    envelope.reply?.reject(callCycle(path, envelope.method));
    return true;
  }

  protected override end(): void {
    super.end();
    this.envelope = undefined;
  }

  // Streams.

  private serve(envelope: Envelope, sink: StreamSink, handler: Handler): void {
    const streams = (this.streams ??= new Set());
    const { streamsMax } = this.blueprint;
    if (streams.size >= streamsMax) {
      this.kernel.discard(envelope, this.address, 'streams-full');
      sink.reject(streamsFull(this.address, streamsMax));
      return;
    }
    const run: StreamRun = new StreamRun(this.kernel, { self: this.self, envelope, sink }, (failure) => {
      streams.delete(run);
      this.kernel.processed += 1;
      if (failure === undefined) return;
      sink.reject(remoteFailure(this.address, envelope.method.name, failure.error));
      this.order({ kind: 'fail', error: failure.error });
    });
    streams.add(run);
    run.start(this.wrapped(envelope, handler, new CellContext(this, run)) as () => AsyncIterable<unknown>);
  }

  protected override endStreams(): void {
    // A stream has run when its actor ends, if only in part.
    const error = terminated(this.address, this.phase === 'restarting' ? 'restarts' : 'stops', 'unknown');
    for (const run of [...(this.streams ?? [])]) run.stop(error);
  }

  // What handlers ask for through their context.

  get signal(): AbortSignal {
    if (this.runId === 0) return AbortSignal.abort(terminated(this.address, 'is done with that message'));
    const controller = this.controller();
    const reply = this.envelope?.reply;
    if (reply?.closed === true) controller.abort();
    else if (reply !== undefined) reply.onAbort = (reason) => controller.abort(reason);
    return controller.signal;
  }

  stash(): void {
    const envelope = this.envelope;
    if (envelope === undefined || this.aside) return;
    const stash = (this.stashed ??= []);
    const { stashMax } = this.blueprint;
    if (stash.length >= stashMax) throw stashFull(this.address, stashMax);
    stash.push(envelope);
    this.aside = true;
  }

  unstashAll(): void {
    const stash = this.stashed;
    if (stash === undefined) return;
    this.stashed = undefined;
    const mail = (this.mail ??= new Ring());
    for (const envelope of stash.reverse()) mail.unshift(envelope);
  }

  become(handlers: Readonly<Record<string, unknown>> | undefined): void {
    this.behaviour = handlers === undefined ? this.blueprint.initial : this.blueprint.behaviour(handlers);
  }

  override child(name: string): Cell | undefined {
    return super.child(name) as Cell | undefined;
  }

  override children(): Cell[] {
    return super.children() as Cell[];
  }

  spawn(actor: Actor, options: SpawnOptions & { readonly args?: unknown } = {}): Cell {
    if (this.isEnding) throw terminated(this.address, 'stops');
    const { name, args, supervise } = options;
    if (name !== undefined) requireFree(name, this);
    const { kernel } = this;
    const make = kernel.blueprint(actor).make ?? ((seed: Seed): Cell => new Cell(actor, seed));
    const cell = make({ kernel, parent: this, name: name ?? `$${kernel.actors + 1}`, args, supervise });
    this.adopt(cell);
    return cell;
  }

  // The ends of the state and of the actor.

  protected override recipient(): Recipient {
    return this;
  }

  protected override request(): Request | undefined {
    return this.envelope?.reply;
  }

  protected override hasMail(): boolean {
    return this.mail !== undefined && this.mail.length > 0;
  }

  protected override renew(): object {
    this.behaviour = this.blueprint.initial;
    this.unstashAll();
    this.context ??= new CellContext(this, undefined);
    return this.context;
  }

  protected override abandonMail(): void {
    this.unstashAll();
    for (let left = this.mail?.shift(); left !== undefined; left = this.mail?.shift()) this.refuse(left);
    this.mail = undefined;
  }

  protected override abandonRun(): void {
    const envelope = this.envelope;
    if (envelope === undefined) return;
    this.kernel.discard(envelope, this.address, 'stop-timeout');
    envelope.reply?.reject(stopTimeout(this.address, envelope.method));
  }
}

function requireFree(name: string, parent: Cell): void {
  if (name === '' || name.includes('/') || name.startsWith('$')) throw nameInvalid(name);
  if (parent.child(name) !== undefined) throw nameTaken(parent.path === '' ? name : `${parent.path}/${name}`);
}
