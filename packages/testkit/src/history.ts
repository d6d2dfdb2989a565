// What happened in a simulated cluster, as plain data in the order in which it happened. Workloads and nodes write it, the
// checks of the promises read it and know nothing else.

import type { DeadLetterReason, MessageKind, NodeId, Outcome, SendResult } from '@actor/core';

/** One process of a node: `node-1#2` is the second one of `node-1`. */
export type ProcessId = string;

/** One life of one actor: `node-1#2/counter@17`. The number is the actor's uid. */
export type ActorLife = string;

export type Observation =
  /** A message was sent. `receiver` is `<node>/<path>`: whoever lives there. */
  | {
      readonly kind: 'sent';
      readonly id: number;
      readonly what: MessageKind;
      readonly process: ProcessId;
      readonly sender: string;
      readonly receiver: string;
    }
  /** The tell was not taken. */
  | { readonly kind: 'refused'; readonly id: number; readonly result: SendResult }
  /** A handler began with the message. */
  | { readonly kind: 'received'; readonly id: number; readonly process: ProcessId; readonly by: ActorLife }
  /** The handler came to its end, also by throwing. */
  | { readonly kind: 'processed'; readonly id: number }
  /** A dead letter; `isUnknown` when nobody can say whether it was processed. */
  | {
      readonly kind: 'dead-letter';
      readonly id: number;
      readonly process: ProcessId;
      readonly reason: DeadLetterReason;
      readonly isUnknown: boolean;
    }
  /** An ask waits for its answer until `deadlineMs` on its process's own clock. */
  | {
      readonly kind: 'asked';
      readonly id: number;
      readonly process: ProcessId;
      readonly deadlineMs: number;
      /** The network is whole and everybody is there: it has to succeed. */
      readonly isSure: boolean;
    }
  /**
   * An ask or a stream has ended for its caller. `clockMs` is the clock of its process; `heldMs` how long the process was
   * paused since the ask.
   */
  | {
      readonly kind: 'settled';
      readonly id: number;
      readonly how: 'value' | 'error' | 'aborted';
      readonly clockMs: number;
      readonly heldMs: number;
      readonly code?: string;
      readonly outcome?: Outcome;
    }
  /** A stream is consumed; it will give 1, 2, … up to `to`. */
  | { readonly kind: 'opened'; readonly id: number; readonly process: ProcessId; readonly to: number }
  /** A value came out of a stream. */
  | { readonly kind: 'item'; readonly id: number; readonly value: number }
  /** An actor watches one life of another. `isMember`: the watcher's node had said that that life's node is up. */
  | {
      readonly kind: 'watched';
      readonly watch: number;
      readonly watcher: ActorLife;
      readonly target: ActorLife;
      readonly isMember: boolean;
    }
  | { readonly kind: 'unwatched'; readonly watch: number }
  /** `watch` is 0 when the watcher does not know of one that was open. */
  | {
      readonly kind: 'terminated';
      readonly watch: number;
      readonly watcher: ActorLife;
      readonly address: string;
    }
  /** An actor has ended, for good. */
  | { readonly kind: 'ended'; readonly life: ActorLife }
  | { readonly kind: 'process-started'; readonly process: ProcessId }
  /** `kill -9`: nothing of it goes on. */
  | { readonly kind: 'process-crashed'; readonly process: ProcessId }
  /** An orderly end begins, or is done. */
  | { readonly kind: 'process-leaving'; readonly process: ProcessId }
  | { readonly kind: 'process-ended'; readonly process: ProcessId }
  /** The node counts another one as gone, or was told that its own life is over. */
  | {
      readonly kind: 'node-lost';
      readonly process: ProcessId;
      readonly nodeId: NodeId;
      readonly why: 'left' | 'unreachable' | 'replaced' | 'declared-dead';
    }
  /** Faults have been over for long enough that the cluster should be whole. */
  | { readonly kind: 'calm' }
  /** Everything that was begun before the calm should be over. */
  | { readonly kind: 'at-rest' };

/** An observation and the true time when it was made, in virtual milliseconds since the start. */
export type Recorded = Observation & { readonly atMs: number };

export type History = readonly Recorded[];

/** The place that a life or a process is on: `node-1#2/counter@17` gives `node-1`. */
export function nodeOf(id: string): NodeId {
  return id.slice(0, id.indexOf('#'));
}

/** `node-1#2/counter@17` gives `node-1#2`. */
export function processOf(life: ActorLife): ProcessId {
  return life.slice(0, life.indexOf('/'));
}
