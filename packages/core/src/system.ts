// One system of actors in one process: it spawns and stops the actors at the top, and shows what becomes of them and of
// their messages. Two systems share nothing.

import type { Actor, SpawnArguments } from './actor.ts';
import { isDuration, notADuration, requireDuration } from './bound.ts';
import { Cell } from './cell.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { Message, SendResult } from './envelope.ts';
import { ActorError } from './errors.ts';
import type { SystemEvent } from './event.ts';
import type { Feed, FeedOptions } from './feed.ts';
import type { Gateway, GatewayPort } from './gateway.ts';
import { Handle } from './handle.ts';
import type { Interceptor } from './interceptor.ts';
import { Kernel } from './kernel.ts';
import { silentLogger, type Logger } from './plugin/logger.ts';
import type { StopOptions } from './plugin/startable.ts';
import { Port } from './port.ts';
import { protocol, type Messages, type Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { Runtime } from './runtime.ts';
import { systemRuntime } from './system-runtime.ts';

export interface ActorSystemOptions {
  /**
   * Names the system in addresses, `actor://<name>/<path>`, until a gateway gives it an origin.
   * @defaultValue 'system'
   */
  readonly name?: string | undefined;
  /**
   * How long an ask waits that doesn't say, in milliseconds.
   * @defaultValue 5000
   */
  readonly askTimeoutMs?: number | undefined;
  /**
   * How long actors may run before timers and I/O get their turn, in milliseconds. Less means lower latency for sockets,
   * more means higher throughput of messages.
   * @defaultValue 2
   */
  readonly turnMs?: number | undefined;
  /** Wrap every send and every run of a handler; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** @defaultValue a logger that says nothing */
  readonly logger?: Logger | undefined;
  /** @defaultValue systemRuntime() */
  readonly runtime?: Runtime | undefined;
}

/** Counters since the start. At rest, `sent` is the sum of the other three, in one process or over a whole cluster (G8). */
export interface SystemStats {
  /** Messages that refs of this system have sent. */
  readonly sent: number;
  /** Messages that a handler of this system has seen to its end, also by throwing. */
  readonly processed: number;
  readonly deadLettered: number;
  /** Messages given up by this system of which nobody can say whether they were processed. */
  readonly reportedUnknown: number;
}

const nobody = protocol('root', {});

export class ActorSystem implements AsyncDisposable {
  readonly name: string;
  readonly #kernel: Kernel;
  readonly #root: Cell;
  readonly #port: Port;
  #stopping: Promise<void> | undefined;

  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID naming the option that is out of range. */
  constructor(options: ActorSystemOptions = {}) {
    const { name = 'system', askTimeoutMs = 5_000, turnMs = 2 } = options;
    requireDuration('askTimeoutMs', askTimeoutMs, 1);
    requireDuration('turnMs', turnMs, 0);
    if (!/^[A-Za-z0-9._-]+$/.test(name)) {
      throw new ActorError('ACTOR_CONFIG_INVALID', `name: "${name}" can't name a system.`, {
        details: { path: 'name', value: name },
      });
    }
    this.name = name;
    this.#kernel = new Kernel({
      name,
      askTimeoutMs,
      turnMs,
      runtime: options.runtime ?? systemRuntime(),
      logger: options.logger ?? silentLogger,
      interceptors: options.interceptors ?? [],
    });
    // A parent for the actors at the top, so that stopping and supervision know one case only.
    this.#root = new Cell(
      { protocol: nobody, definition: { on: {} } },
      { kernel: this.#kernel, parent: undefined, name: '', args: undefined, supervise: undefined },
    );
    this.#port = new Port(this.#kernel, this.#root);
  }

  /** The prefix of the addresses of this system's actors. */
  get origin(): string {
    return this.#kernel.origin;
  }

  /**
   * Starts an actor at the top. Its state is made and `onStart` runs in its first turn, not in this call.
   * @throws {@link ActorError} ACTOR_NAME_TAKEN when an actor of that name is alive, ACTOR_NODE_STOPPED when the system
   * stops, ACTOR_CONFIG_INVALID for a name that can't be one.
   */
  spawn<M extends Messages, S, A>(
    actor: Actor<M, S, A>,
    ...[options]: SpawnArguments<A>
  ): ActorRef<Protocol<M>> {
    if (this.#stopping !== undefined) {
      throw new ActorError('ACTOR_NODE_STOPPED', `The system "${this.name}" stops or has stopped.`, {
        details: { system: this.name },
      });
    }
    return this.#root.spawn(actor as unknown as Actor, options).self as ActorRef<Protocol<M>>;
  }

  /**
   * A typed ref for an address or a local path (`cart`, `parent/child`). It means whoever lives there at each send.
   */
  ref<P extends Protocol>(protocol: P, address: string): ActorRef<P> {
    return this.#port.ref(address, { protocol });
  }

  /**
   * Sends a message without a contract to a ref, an address or a local path, as a tell. Never throws. A payload that the
   * receiver's schema refuses is `dropped`. The handler of an ask runs too, and its answer is nobody's; a stream, which
   * somebody has to read, is a message that the receiver doesn't know.
   */
  send(to: ActorRef | string, message: Message): SendResult {
    return this.#port.send(typeof to === 'string' ? this.#port.ref(to) : to, message);
  }

  /** Stops one local actor and resolves when it has stopped; at once when it isn't there. */
  stopActor(ref: ActorRef): Promise<void> {
    const cell = this.#port.localCell(Handle.recipientOf(ref));
    return new Promise((resolve) => {
      if (cell === undefined) resolve();
      else {
        cell.watch({ terminated: () => resolve() });
        cell.order({ kind: 'stop', reason: { kind: 'stopped' } });
      }
    });
  }

  /** Messages that nobody has processed, from now on. */
  deadLetters(options?: FeedOptions): Feed<DeadLetter> {
    return this.#kernel.letters.open(options);
  }

  /** Starts, stops, failures and restarts of actors, from now on. */
  events(options?: FeedOptions): Feed<SystemEvent> {
    return this.#kernel.events.open(options);
  }

  stats(): SystemStats {
    const { sent, processed, deadLettered, reportedUnknown } = this.#kernel;
    return { sent, processed, deadLettered, reportedUnknown };
  }

  /**
   * Joins the system to a cluster. One gateway at a time.
   * @experimental
   * @throws {@link ActorError} ACTOR_CONFIG_INVALID when another one is attached.
   */
  attach(gateway: Gateway): GatewayPort {
    return this.#port.attach(gateway);
  }

  /**
   * Stops all actors, the youngest at the top first and children before parents, each after the message that it handles.
   * What then still runs after `deadlineMs` (default 5000) is cut off, and its message is a dead letter `stop-timeout`.
   * Calling it twice gives the same promise.
   * @throws {@link ActorError} ACTOR_CONFIG_INVALID when `deadlineMs` is not finite or negative; nothing is stopped then.
   */
  stop({ deadlineMs = 5_000 }: StopOptions = {}): Promise<void> {
    this.#stopping ??= isDuration(deadlineMs, 0) ? this.#stop(deadlineMs) : undefined;
    return this.#stopping ?? Promise.reject(notADuration('deadlineMs', deadlineMs, 0));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { runtime } = this.#kernel;
    const reason = { kind: 'system-stopped' } as const;
    await new Promise<void>((resolve) => {
      const timer = runtime.after(deadlineMs, () => {
        this.#kernel.log('warn', { deadlineMs }, 'the system stops before all of its actors have finished');
        this.#root.kill(reason);
      });
      this.#root.watch({
        terminated: () => {
          timer.cancel();
          resolve();
        },
      });
      this.#root.order({ kind: 'stop', reason });
    });
    this.#kernel.closeFeeds();
  }
}
