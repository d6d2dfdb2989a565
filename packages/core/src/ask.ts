// The asking side of an ask in this process: a promise, its deadline and its signal. Whichever comes first of answer,
// error, deadline and abort settles it, once (G5).

import type { Pending } from './deadlines.ts';
import type { ActorError } from './errors.ts';
import { askTimeout } from './failure.ts';
import type { Recipient } from './gateway.ts';
import type { Kernel } from './kernel.ts';
import type { Method } from './method.ts';
import type { Cause, ReplySink, Stage, Withdrawal } from './reply.ts';

export class Call implements ReplySink, Pending {
  readonly cause: Cause | undefined;
  readonly deadlineMs: number;
  stage: Stage = 'queued';
  withdrawn: Withdrawal | undefined = undefined;
  closed = false;
  onAbort: ((reason: unknown) => void) | undefined = undefined;
  before: Pending | undefined = undefined;
  after: Pending | undefined = undefined;
  private readonly kernel: Kernel;
  private readonly recipient: Recipient;
  private readonly method: Method;
  readonly timeoutMs: number;
  private readonly fulfil: (value: unknown) => void;
  private readonly refuse: (error: unknown) => void;
  private unlisten: (() => void) | undefined = undefined;

  constructor(
    kernel: Kernel,
    recipient: Recipient,
    method: Method,
    timeoutMs: number,
    cause: Cause | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.cause = cause;
    this.deadlineMs = kernel.runtime.monotonicMs() + timeoutMs;
    this.kernel = kernel;
    this.recipient = recipient;
    this.method = method;
    this.timeoutMs = timeoutMs;
    this.fulfil = resolve;
    this.refuse = reject;
    kernel.deadlines.add(this);
  }

  get kind(): 'ask' {
    return 'ask';
  }

  resolve(value: unknown): void {
    if (this.close()) this.fulfil(value);
  }

  reject(error: ActorError): void {
    if (this.close()) this.refuse(error);
  }

  /** The wheel calls this when the deadline has passed. */
  expire(): void {
    this.withdraw('expired', askTimeout(this.recipient.address, this.method, this), false);
  }

  /** The signal must not be aborted yet. */
  listen(signal: AbortSignal): void {
    const abort = (): void => this.withdraw('cancelled', signal.reason, true);
    signal.addEventListener('abort', abort, { once: true });
    this.unlisten = () => signal.removeEventListener('abort', abort);
  }

  private withdraw(why: Withdrawal, reason: unknown, inWheel: boolean): void {
    if (this.closed) return;
    this.withdrawn = why;
    this.close(inWheel);
    this.onAbort?.(reason);
    this.refuse(reason);
  }

  private close(inWheel = true): boolean {
    if (this.closed) return false;
    this.closed = true;
    if (inWheel) this.kernel.deadlines.remove(this);
    if (this.unlisten !== undefined) this.unlisten();
    return true;
  }
}
