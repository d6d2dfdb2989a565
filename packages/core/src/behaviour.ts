// The handlers of an actor as the cell runs them: by index, each with what is known about it. Made once per definition
// and system, and once per `become`.

import type { Actor } from './actor.ts';
import type { Cell } from './cell.ts';
import type { StopReason } from './event.ts';
import type { Interceptor } from './interceptor.ts';
import type { Seed } from './life.ts';
import { defaultMailbox, type MailboxOptions } from './mailbox.ts';
import type { Method } from './method.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import { restart, type Supervision } from './supervision.ts';

/** @internal Under this key an actor carries the maker of its cells. */
export const cellMaker: unique symbol = Symbol('cell maker');

export type Handler = (ctx: object, payload: unknown) => unknown;

// The constructor of every `async function`: such a handler runs in the async context from its first call on.
const asyncFunction = (async () => {}).constructor;

export const isAsync = (body: unknown): boolean =>
  typeof body === 'function' && body.constructor === asyncFunction;

/** A definition without its types, which were checked where it was written. */
export interface Definition {
  readonly state?: (args: unknown) => unknown;
  readonly onStart?: (ctx: object) => unknown;
  readonly onStop?: (ctx: object, reason: StopReason) => unknown;
  readonly onTerminated?: (ctx: object, ref: ActorRef) => unknown;
}

type Around = readonly Pick<Interceptor, 'handle'>[];

export class Behaviour {
  readonly methods: readonly Method[];
  readonly handlers: readonly (Handler | undefined)[];
  /** Handlers that are async functions, or inside one, or have returned a promise. */
  readonly promising: boolean[];

  constructor(actor: Actor, on: Readonly<Record<string, unknown>>, around: Around = []) {
    this.methods = [...actor.protocol.methods.values()];
    this.handlers = this.methods.map(({ name }) => on[name] as Handler | undefined);
    const isWrapped = around.some(({ handle }) => isAsync(handle));
    this.promising = this.handlers.map((handler) => isWrapped || isAsync(handler));
  }

  /**
   * The place of the handler for a message of another protocol object, or -1. A tell may reach an ask's handler, whose
   * answer is then dropped; otherwise the kinds must agree.
   */
  indexOf({ name, kind }: Method): number {
    return this.methods.findIndex(
      (known) => known.name === name && (known.kind === kind || (kind === 'tell' && known.kind === 'ask')),
    );
  }
}

/** What all actors of one definition share within a system. */
export class Blueprint {
  readonly definition: Definition;
  readonly protocol: Protocol;
  readonly #actor: Actor;
  /** Makes the cell where it isn't a plain one: a pool's. */
  readonly make: ((seed: Seed) => Cell) | undefined;
  readonly initial: Behaviour;
  readonly mailbox: MailboxOptions;
  readonly supervise: Supervision;
  readonly stashMax: number;
  readonly streamsMax: number;
  readonly timersMax: number;
  readonly stopTimeoutMs: number;
  /** Around each handler, outermost first; undefined when there are none, which is checked once per message. */
  readonly interceptors: Around | undefined;

  constructor(actor: Actor, systemWide: readonly Interceptor[]) {
    const { definition } = actor;
    const around = [...systemWide, ...(definition.interceptors ?? [])].filter((one) => one.handle);
    this.#actor = actor;
    this.protocol = actor.protocol;
    this.make = (actor as { readonly [cellMaker]?: (seed: Seed) => Cell })[cellMaker];
    this.definition = definition as unknown as Definition;
    this.initial = new Behaviour(actor, definition.on, around);
    this.mailbox = definition.mailbox ?? defaultMailbox;
    this.supervise = definition.supervise ?? restart();
    this.stashMax = definition.stashMax ?? 1_000;
    this.streamsMax = definition.streamsMax ?? 100;
    this.timersMax = definition.timersMax ?? 1_000;
    this.stopTimeoutMs = definition.stopTimeoutMs ?? 5_000;
    this.interceptors = around.length === 0 ? undefined : around;
  }

  /** The initial handlers with some of them replaced. */
  behaviour(replaced: Readonly<Record<string, unknown>>): Behaviour {
    return new Behaviour(this.#actor, { ...this.#actor.definition.on, ...replaced }, this.interceptors);
  }
}
