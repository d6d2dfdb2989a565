// One running actor and its messages: the mailbox, the handlers, the stash and the streams. The order of its life is in
// life.ts.

import { isThenable } from './activity.ts';
import type { Actor, SpawnOptions } from './actor.ts';
import type { Behaviour, Handler } from './behaviour.ts';
import { CellContext } from './cell-context.ts';
import { Envelope, type SendResult } from './envelope.ts';
import {
  callCycle,
  mailboxFull,
  nameInvalid,
  nameTaken,
  remoteFailure,
  stashFull,
  stopTimeout,
  streamsFull,
  terminated,
  unknownMessage,
} from './failure.ts';
import type { Recipient } from './gateway.ts';
import { intercepted } from './interceptor.ts';
import { Life, type Seed } from './life.ts';
import { Mail } from './mail.ts';
import { Method } from './method.ts';
import { keyOf } from './place.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Cause, Request, StreamSink } from './reply.ts';
import { cycle } from './run.ts';
import { StreamRun } from './stream-run.ts';
import { requireSupervision } from './supervision.ts';

/** Says that a watched actor has ended. It waits with the messages, behind what that actor had sent. */
const end = new Method('', 'tell');

export class Cell extends Life implements Recipient {
  private behaviour: Behaviour = this.blueprint.initial;
  private mail: Mail | undefined = undefined;
  /** The handler has put its message aside. */
  private aside = false;
  private stashed: Envelope[] | undefined = undefined;
  private streams: Set<StreamRun> | undefined = undefined;

  get sender(): ActorRef | undefined {
    return this.mail?.sender;
  }

  get protocol(): Protocol {
    return this.blueprint.protocol;
  }

  /** What waits and what is under way: what a pool balances by. */
  get backlog(): number {
    return (this.mail?.length ?? 0) + (this.runId === 0 ? 0 : 1);
  }

  tell(method: Method, payload: unknown, sender: ActorRef | undefined): SendResult {
    if (this.phase === 'stopping' || this.phase === 'stopped') {
      return this.refuse(new Envelope(method, payload, sender));
    }
    const mail = (this.mail ??= new Mail());
    if (mail.length >= this.blueprint.mailbox.capacity) {
      const refused = this.overflow(mail, new Envelope(method, payload, sender));
      if (refused !== undefined) return refused;
    }
    mail.put(method, payload, sender);
    if (!this.scheduled && !this.busy) this.schedule();
    return 'accepted';
  }

  send(envelope: Envelope): SendResult {
    if (this.phase === 'stopping' || this.phase === 'stopped') return this.refuse(envelope);
    const cause = envelope.reply?.cause;
    if (cause !== undefined && this.runId !== 0 && this.closesCycle(cause, envelope)) return 'rejected';
    const mail = (this.mail ??= new Mail());
    if (mail.length >= this.blueprint.mailbox.capacity) {
      const refused = this.overflow(mail, envelope);
      if (refused !== undefined) return refused;
    }
    mail.add(envelope);
    if (!this.scheduled && !this.busy) this.schedule();
    return 'accepted';
  }

  /** The mailbox is full: makes room, or says what became of the message. */
  private overflow(mail: Mail, envelope: Envelope): SendResult | undefined {
    const { overflow, capacity } = this.blueprint.mailbox;
    const victim = (overflow === 'drop-oldest' ? oldest(mail) : undefined) ?? envelope;
    this.kernel.discard(victim, this.address, 'mailbox-full');
    victim.reply?.reject(mailboxFull(this.address, capacity));
    if (victim !== envelope) return undefined;
    return overflow === 'reject' ? 'rejected' : 'dropped';
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

  terminated(of: Recipient): void {
    if (this.isStopped) return;
    this.mail ??= new Mail();
    this.mail.put(end, keyOf(of), undefined);
    this.rouse();
  }

  // Handling.

  protected override handleNext(): boolean {
    const { mail } = this;
    if (mail?.take() !== true) return false;
    this.handle(mail, mail.method as Method);
    return true;
  }

  private handle(mail: Mail, method: Method): void {
    const { reply } = mail;
    const { behaviour, context } = this;
    const index = behaviour.methods[method.index] === method ? method.index : behaviour.indexOf(method);
    const handler = behaviour.handlers[index];
    if (handler === undefined || context === undefined || reply?.closed === true) {
      this.handleNot(mail, method);
      return;
    }
    if (reply !== undefined) {
      reply.stage = 'started';
      if (reply.kind === 'stream') {
        this.serve(mail.letGo(), reply, handler, context);
        return;
      }
    }
    this.begin();
    let result: unknown;
    let waits = false;
    try {
      const isPromising = behaviour.promising[index] === true;
      if (isPromising || this.blueprint.interceptors !== undefined) {
        const run = this.wrapped(mail, handler, context);
        result = isPromising ? this.kernel.runAs(this.asRun(), run) : run();
      } else result = handler(context, mail.payload);
      if (result !== undefined) waits = isThenable(result);
    } catch (error) {
      this.failed(mail, error);
      return;
    }
    if (!waits) this.finished(mail, result);
    else {
      behaviour.promising[index] = true;
      this.follow(result, (failure, value) => {
        if (failure === undefined) this.finished(mail, value);
        else this.failed(mail, failure.error);
      });
    }
  }

  /** What no handler gets: the end of a watched actor, a request that was withdrawn, a message without a handler. */
  private handleNot(mail: Mail, method: Method): void {
    const envelope = mail.letGo();
    const { payload, reply } = envelope;
    if (method === end) this.watchedIsGone(payload as string);
    else if (reply?.closed === true) {
      this.kernel.discard(envelope, this.address, reply.withdrawn ?? 'cancelled');
    } else {
      this.kernel.discard(envelope, this.address, 'unknown-message');
      reply?.reject(unknownMessage(this.address, method));
    }
  }

  private wrapped(message: Envelope | Mail, handler: Handler, context: object): () => unknown {
    const { payload } = message;
    const run = (): unknown => handler(context, payload);
    const { interceptors } = this.blueprint;
    if (interceptors === undefined) return run;
    const seen = intercepted(message instanceof Mail ? message.envelope() : message, this.address);
    return interceptors.reduceRight<() => unknown>(
      (next, interceptor) => () => interceptor.handle?.(seen, next),
      run,
    );
  }

  private finished({ reply }: Mail, result: unknown): void {
    if (this.aside) this.aside = false;
    else {
      this.kernel.processed += 1;
      if (reply?.kind === 'ask') reply.resolve(result);
    }
    this.end();
  }

  private failed({ method, reply }: Mail, error: unknown): void {
    // To throw the reason of one's own aborted signal is how a cancelled handler ends, not a failure.
    const gaveUp = this.gaveUpWith(error);
    if (this.aside) this.aside = false;
    else {
      this.kernel.processed += 1;
      reply?.reject(remoteFailure(this.address, method?.name ?? '', error));
    }
    this.end();
    if (!gaveUp) this.fail(error);
  }

  protected override end(): void {
    super.end();
    this.mail?.done();
  }

  protected override abandonMessage(): void {
    // One that was put aside is accounted for with the stash.
    const isAside = this.aside;
    this.aside = false;
    if (isAside || this.mail?.method === undefined) return;
    const envelope = this.mail.envelope();
    this.kernel.discard(envelope, this.address, 'stop-timeout');
    envelope.reply?.reject(stopTimeout(this.address, envelope.method));
  }

  // Streams.

  private serve(envelope: Envelope, sink: StreamSink, handler: Handler, home: CellContext): void {
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
      this.failBeside(failure.error);
    });
    streams.add(run);
    run.start(this.wrapped(envelope, handler, new CellContext(this, { run, home })));
  }

  protected override endStreams(): void {
    if (this.streams === undefined || this.streams.size === 0) return;
    // A stream has run when its actor ends, if only in part.
    const error = terminated(this.address, this.phase === 'restarting' ? 'restarts' : 'stops', 'unknown');
    for (const run of [...this.streams]) run.stop(error);
  }

  // What handlers ask for through their context.

  get signal(): AbortSignal {
    if (this.runId === 0) return AbortSignal.abort(terminated(this.address, 'is done with that message'));
    const controller = this.controller();
    const reply = this.mail?.reply;
    if (reply?.closed === true) controller.abort();
    else if (reply !== undefined) reply.onAbort = (reason) => this.abort(reason, controller);
    return controller.signal;
  }

  stash(): void {
    const { mail } = this;
    if (mail?.method === undefined || this.aside) return;
    const stash = (this.stashed ??= []);
    const { stashMax } = this.blueprint;
    if (stash.length >= stashMax) throw stashFull(this.address, stashMax);
    stash.push(mail.envelope());
    this.aside = true;
  }

  unstashAll(): void {
    const stash = this.stashed;
    if (stash === undefined) return;
    this.stashed = undefined;
    const mail = (this.mail ??= new Mail());
    for (const envelope of stash.reverse()) mail.putBack(envelope);
  }

  become(handlers: Readonly<Record<string, unknown>> | undefined): void {
    this.behaviour = handlers === undefined ? this.blueprint.initial : this.blueprint.behaviour(handlers);
  }

  override child(name: string): Cell | undefined {
    return super.child(name) as Cell | undefined;
  }

  override children(): readonly Cell[] {
    return super.children() as readonly Cell[];
  }

  spawn(actor: Actor, options: SpawnOptions & { readonly args?: unknown } = {}): Cell {
    const { kernel, phase } = this;
    if (this.isEnding || phase === 'restarting') throw terminated(this.address, 'has no state to spawn for');
    const { name, args, supervise } = options;
    if (name !== undefined) requireFree(name, this);
    if (supervise !== undefined) requireSupervision(supervise);
    const seed: Seed = { kernel, parent: this, name, args, supervise };
    const cell = kernel.blueprint(actor).make?.(seed) ?? new Cell(actor, seed);
    this.adopt(cell);
    return cell;
  }

  // The ends of the state and of the actor.

  protected override recipient(): Recipient {
    return this;
  }

  protected override request(): Request | undefined {
    return this.mail?.reply;
  }

  protected override hasMail(): boolean {
    return this.mail !== undefined && this.mail.length > 0;
  }

  protected override renew(): CellContext {
    this.behaviour = this.blueprint.initial;
    this.unstashAll();
    this.context = new CellContext(this, undefined);
    return this.context;
  }

  protected override abandonMail(): void {
    this.unstashAll();
    const { mail } = this;
    this.mail = undefined;
    for (let left = mail?.shift(); left !== undefined; left = mail?.shift()) {
      if (left.method !== end) this.refuse(left);
    }
  }
}

/** The message that has waited longest, out of the mailbox. */
function oldest(mail: Mail): Envelope | undefined {
  const ends: Envelope[] = [];
  let first = mail.shift();
  for (; first?.method === end; first = mail.shift()) ends.push(first);
  for (const one of ends.reverse()) mail.putBack(one);
  return first;
}

const nameable = /^(?!\$)[^/\p{Cc}]{1,256}$/u;

function requireFree(name: string, parent: Cell): void {
  if (typeof name !== 'string' || !nameable.test(name)) throw nameInvalid(name);
  if (parent.child(name) !== undefined) throw nameTaken(parent.path === '' ? name : `${parent.path}/${name}`);
}
