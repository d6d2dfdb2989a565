// What to do next for one registered key, as a function of what is known: no I/O, no clock of its own. The lease counts
// from the moment its renewal was *sent*, so here it has always ended before it ends in etcd; what a client library says
// about it is not asked.

export type LeaseStep =
  | { readonly kind: 'grant' }
  | { readonly kind: 'put'; readonly lease: string }
  | { readonly kind: 'renew'; readonly lease: string }
  | { readonly kind: 'wait'; readonly ms: number };

interface Lease {
  readonly id: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
}

export class LeaseState {
  #lease: Lease | undefined;
  /** The revision of the last write that still stands. */
  #writtenAt: number | undefined;
  #losses = 0;

  /** The lease to give back at the end, also one that may have lapsed. */
  get lease(): string | undefined {
    return this.#lease?.id;
  }

  get isWritten(): boolean {
    return this.#writtenAt !== undefined;
  }

  /** How often a lease was lost so far. */
  get losses(): number {
    return this.#losses;
  }

  next(nowMs: number): LeaseStep {
    if (this.#lease !== undefined && nowMs >= this.#lease.sinceMs + this.#lease.ttlMs) this.lost();
    const lease = this.#lease;
    if (lease === undefined) return { kind: 'grant' };
    const renewInMs = lease.sinceMs + lease.ttlMs / 3 - nowMs;
    if (renewInMs <= 0) return { kind: 'renew', lease: lease.id };
    if (this.#writtenAt === undefined) return { kind: 'put', lease: lease.id };
    return { kind: 'wait', ms: renewInMs };
  }

  granted(id: string, ttlMs: number, sentMs: number): void {
    this.#lease = { id, ttlMs, sinceMs: sentMs };
    this.#writtenAt = undefined;
  }

  written(revision: number): void {
    this.#writtenAt = revision;
  }

  /** `ttlMs` 0: etcd no longer knows it. */
  renewed(ttlMs: number, sentMs: number): void {
    if (this.#lease === undefined) return;
    if (ttlMs <= 0) this.lost();
    else this.#lease = { id: this.#lease.id, ttlMs, sinceMs: sentMs };
  }

  /** The lease is gone, and what was written under it. */
  lost(): void {
    if (this.#lease === undefined) return;
    this.#lease = undefined;
    this.#writtenAt = undefined;
    this.#losses += 1;
  }

  /** The value has changed. */
  outdate(): void {
    this.#writtenAt = undefined;
  }

  /** A listing of that revision does not have the key: somebody deleted it. One from before the write says nothing. */
  missed(revision: number): boolean {
    if (this.#writtenAt === undefined || revision < this.#writtenAt) return false;
    this.#writtenAt = undefined;
    return true;
  }
}
