// One run of a handler as the chain of asks and the async context know it: who speaks, and from which run.

import type { Speaker } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import { causesMax, type Cause } from './reply.ts';

export class Run implements Speaker, Cause {
  readonly self: ActorRef;
  readonly run: number;
  readonly parent: Cause | undefined;

  constructor(self: ActorRef, run: number, parent: Cause | undefined) {
    this.self = self;
    this.run = run;
    this.parent = parent;
  }

  get address(): string {
    return this.self.address;
  }

  cause(): Cause {
    return this;
  }
}

/** The addresses around the circle that an ask from `cause` to `address` would close, or undefined if it closes none. */
export function cycle(cause: Cause, address: string, run: number): readonly string[] | undefined {
  const path: string[] = [];
  let link: Cause | undefined = cause;
  for (let depth = 0; link !== undefined && depth < causesMax; depth += 1, link = link.parent) {
    path.push(link.address);
    if (link.run === run && link.address === address) return [...path.reverse(), address];
  }
  return undefined;
}
