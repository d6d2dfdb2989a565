// What is going to happen in a simulation, in order: a binary heap of events on one virtual clock of whole microseconds.
// Events of one owner at one instant keep the order of an event loop (timers, input, macrotasks; each in the order due);
// whose turn comes first among several owners at one instant is decided by the seed.

import { hash } from './random-stream.ts';

/** What an event is to the event loop of its owner. */
export type Phase = 'timer' | 'input' | 'macrotask';
const rank: Readonly<Record<Phase, number>> = { timer: 0, input: 1, macrotask: 2 };

/** Whose event it is. An event of nobody belongs to the world: a network, a schedule of faults. */
export interface Owner {
  /** Unique in the simulation. */
  readonly index: number;
  /** Nothing of a dead owner ever happens again. */
  readonly isDead: boolean;
  /** What is due before this instant happens at it. */
  readonly heldUntilUs: number;
}

export interface ScheduledEvent {
  readonly owner: Owner | undefined;
  readonly phase: number;
  readonly dueUs: number;
  readonly sequence: number;
  timeUs: number;
  tie: number;
  /** Undefined once it happened or was cancelled. */
  body: (() => void) | undefined;
}

export class Agenda {
  readonly #seed: number;
  readonly #heap: ScheduledEvent[] = [];
  #sequence = 0;
  #cancelled = 0;
  #nowUs = 0;

  constructor(seed: number) {
    this.#seed = hash(String(seed));
  }

  /** The true time of the simulation, in whole microseconds since its start. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Makes the body happen at that instant, or at once after what is due now when it has passed. */
  schedule(owner: Owner | undefined, atUs: number, phase: Phase, body: () => void): ScheduledEvent {
    const timeUs = Math.max(this.#nowUs, Math.ceil(atUs));
    const sequence = (this.#sequence += 1);
    const tie = this.#tie(owner, timeUs);
    const event = { owner, phase: rank[phase], dueUs: timeUs, sequence, timeUs, tie, body };
    this.#push(event);
    return event;
  }

  cancel(event: ScheduledEvent): void {
    if (event.body === undefined) return;
    event.body = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  /** Takes the next event that is due at or before that instant, and moves the clock to it. */
  take(untilUs: number): { readonly event: ScheduledEvent; readonly body: () => void } | undefined {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.timeUs > untilUs) return undefined;
      this.#pop();
      const { body, owner } = event;
      if (body === undefined) {
        this.#cancelled -= 1;
      } else if (owner !== undefined && owner.heldUntilUs > event.timeUs && !owner.isDead) {
        event.timeUs = owner.heldUntilUs;
        event.tie = this.#tie(owner, event.timeUs);
        this.#push(event);
      } else if (owner === undefined || !owner.isDead) {
        event.body = undefined;
        this.#nowUs = event.timeUs;
        return { event, body };
      }
    }
  }

  /** Moves the clock forward to an instant before which nothing is due. */
  rest(untilUs: number): void {
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  #tie(owner: Owner | undefined, timeUs: number): number {
    if (owner === undefined) return 0;
    const mixed = Math.imul(this.#seed ^ Math.imul(owner.index, 0x9e3779b1), 0x85ebca6b) ^ timeUs;
    return 1 + (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 1);
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as ScheduledEvent;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last, 0);
  }

  #sink(event: ScheduledEvent, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (
        below + 1 < heap.length &&
        isBefore(heap[below + 1] as ScheduledEvent, heap[below] as ScheduledEvent)
      )
        below += 1;
      const child = heap[below] as ScheduledEvent;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = event;
  }

  // Deadlines are set and cancelled all the time; without this they would stay until they are due.
  #sweep(): void {
    const live = this.#heap.filter((event) => event.body !== undefined);
    this.#heap.length = 0;
    this.#cancelled = 0;
    for (const event of live) this.#push(event);
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.timeUs !== b.timeUs) return a.timeUs < b.timeUs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  if (a.phase !== b.phase) return a.phase < b.phase;
  if (a.dueUs !== b.dueUs) return a.dueUs < b.dueUs;
  return a.sequence < b.sequence;
}
