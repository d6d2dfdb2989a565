// One run of a handler as the chain of asks and the async context know it: who speaks, and from which run.

import type { Speaker } from './kernel.ts';
import type { ActorRef } from './ref.ts';
import { causesMax, type Cause } from './reply.ts';

export class Run implements Speaker, Cause {
  readonly self: ActorRef;
  readonly run: number;
  readonly parent: Cause | undefined;
  /** How many links the chain has, at most. */
  private readonly length: number;

  constructor(self: ActorRef, run: number, parent: Cause | undefined) {
    this.self = self;
    this.run = run;
    const before = parent instanceof Run ? parent.length : parent === undefined ? 0 : causesMax;
    // Asks that nobody waits for may follow each other for ever, and nobody looks at their older links.
    const isLong = before >= 2 * causesMax - 1;
    this.parent = isLong ? newest(parent) : parent;
    this.length = isLong ? causesMax : before + 1;
  }

  get address(): string {
    return this.self.address;
  }

  cause(): Cause {
    return this;
  }
}

/** The links of a chain that count for the next one. */
function newest(cause: Cause | undefined): Cause | undefined {
  const links: Cause[] = [];
  for (let link = cause; link !== undefined && links.length < causesMax - 1; link = link.parent) {
    links.push(link);
  }
  return links.reduceRight<Cause | undefined>(
    (parent, { address, run }) => ({ address, run, parent }),
    undefined,
  );
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
