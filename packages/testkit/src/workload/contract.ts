// What the actors of the mixed workload say to each other.

import {
  type ActorRef,
  ask,
  type AskSpec,
  type Protocol,
  protocol,
  stream,
  type StreamSpec,
  tell,
  type TellSpec,
} from '@actor/core';
import type { ActorLife } from '../history.ts';

/** Every message has a number of its own, by which the history knows it. */
interface Numbered {
  readonly id: number;
  /** Makes the message larger. */
  readonly padding?: string;
}

interface Question extends Numbered {
  /** How long the answer takes. */
  readonly forMs: number;
}

interface Count extends Numbered {
  readonly to: number;
  readonly everyMs: number;
}

/** Who lives at a path now. */
export interface Occupant {
  readonly ref: ActorRef;
  readonly life: ActorLife;
}

// A type and not an interface: only types have the index that a record of messages needs.
export type WorkerMessages = {
  readonly note: TellSpec<Numbered>;
  readonly question: AskSpec<Question, number>;
  readonly count: StreamSpec<Count, number>;
  readonly who: AskSpec<Numbered, Occupant>;
  /** Throws. */
  readonly fail: TellSpec<Numbered>;
  /** Stops. */
  readonly end: TellSpec<Numbered>;
};

export const Worker: Protocol<WorkerMessages> = protocol('testkit-worker', {
  note: tell<Numbered>(),
  question: ask<Question, number>(),
  count: stream<Count, number>(),
  who: ask<Numbered, Occupant>(),
  fail: tell<Numbered>(),
  end: tell<Numbered>(),
});

interface Passed extends Numbered {
  /** How many further relays it goes through. */
  readonly hops: number;
  readonly timeoutMs: number;
}

export type RelayMessages = {
  readonly pass: AskSpec<Passed, number>;
};

/** Asks that lead to asks, over several nodes and sometimes back to where they came from. */
export const Relay: Protocol<RelayMessages> = protocol('testkit-relay', { pass: ask<Passed, number>() });
