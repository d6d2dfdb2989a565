// Joins by address: dials, asks whoever answers for admission, and asks again when no answer comes.

import {
  ActorError,
  formatAddress,
  isActorError,
  type MembershipContext,
  type NodeAddress,
  type NodeId,
  type PeerIdentity,
} from '@actor/core';

export type JoiningContext = Pick<
  MembershipContext,
  'nodeId' | 'incarnation' | 'address' | 'addresses' | 'runtime' | 'timing'
>;

const answerMs = 1_000;

export class Joining {
  readonly #context: JoiningContext;
  readonly #request: (peer: PeerIdentity) => void;
  readonly #admissions = new Map<NodeId, Set<() => void>>();
  /** Each attempt has a signal of its own: Node warns of many listeners at one, and `AbortSignal.any` leaves traces at it. */
  readonly #attempts = new Set<AbortController>();
  /** Of the addresses tried, those that lead back to this node: its own under other names. */
  readonly #own = new Set<string>();
  #closed: ActorError | undefined;

  /** `request` sends the peer a request for admission. */
  constructor(context: JoiningContext, request: (peer: PeerIdentity) => void) {
    this.#context = context;
    this.#request = request;
    this.#own.add(formatAddress(context.address));
  }

  /** See `Membership.join`. */
  async join(seeds: readonly NodeAddress[], signal: AbortSignal | undefined): Promise<void> {
    this.#check(signal);
    const others = new Map(seeds.map((seed) => [formatAddress(seed), seed]));
    for (const own of this.#own) others.delete(own);
    const failures: unknown[] = [];
    const controllers = [...others.values()].map(() => new AbortController());
    const abort = (): void => controllers.forEach((controller) => controller.abort(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    const attempts = [...others.values()].map(async (address, index) => {
      const controller = controllers[index] ?? new AbortController();
      this.#attempts.add(controller);
      try {
        await this.#joinThrough(address, controller.signal);
      } catch (error) {
        if (isActorError(error) && error.details['reason'] === 'self') this.#own.add(formatAddress(address));
        else failures.push(error);
        throw error;
      } finally {
        this.#attempts.delete(controller);
      }
    });
    void Promise.allSettled(attempts).then(() => signal?.removeEventListener('abort', abort));
    // Seeds that answer later than the first are joined too: they might be another part of the cluster.
    await Promise.any(attempts).catch(() => {
      this.#check(signal);
      throw unreached(
        [...others.keys()].filter((other) => !this.#own.has(other)),
        failures,
      );
    });
  }

  /** Gives up what is under way, and everything later. */
  close(why: ActorError): void {
    this.#closed ??= why;
    for (const attempt of this.#attempts) attempt.abort(why);
  }

  /** A node has taken this one in. */
  admitted(by: NodeId): void {
    for (const admitted of [...(this.#admissions.get(by) ?? [])]) admitted();
  }

  #check(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
  }

  async #joinThrough(address: NodeAddress, signal: AbortSignal): Promise<void> {
    const { addresses, nodeId, incarnation, timing } = this.#context;
    const peer = await addresses.connect(address, { signal });
    if (peer.nodeId === nodeId && peer.incarnation === incarnation) {
      const details = { reason: 'self' };
      throw new ActorError('ACTOR_NO_ROUTE', `${formatAddress(address)} is this node itself.`, { details });
    }
    for (let tries = 0; tries <= timing.maxRetries; tries += 1) {
      if (await this.#isAdmitted(peer, signal)) return;
    }
    throw new ActorError(
      'ACTOR_NO_ROUTE',
      `${peer.nodeId} at ${formatAddress(address)} did not admit this node.`,
    );
  }

  /** One request; false when it brought no admission in time. */
  #isAdmitted(peer: PeerIdentity, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiting = this.#admissions.get(peer.nodeId) ?? new Set();
      const settle = (how: () => void): void => {
        timer.cancel();
        signal.removeEventListener('abort', aborted);
        waiting.delete(admitted);
        if (waiting.size === 0) this.#admissions.delete(peer.nodeId);
        how();
      };
      const aborted = (): void => settle(() => reject(signal.reason as Error));
      const admitted = (): void => settle(() => resolve(true));
      const timer = this.#context.runtime.after(answerMs, () => settle(() => resolve(false)));
      if (signal.aborted) return aborted();
      signal.addEventListener('abort', aborted, { once: true });
      this.#admissions.set(peer.nodeId, waiting.add(admitted));
      this.#request(peer);
    });
  }
}

function unreached(addresses: readonly string[], failures: readonly unknown[]): ActorError {
  const refusal = failures.find(
    (error) => isActorError(error, 'ACTOR_UNAUTHENTICATED') || isActorError(error, 'ACTOR_PROTOCOL_MISMATCH'),
  );
  const cause = refusal ?? failures[0];
  const code = isActorError(refusal) ? refusal.code : 'ACTOR_NO_ROUTE';
  const why = cause instanceof Error ? ` ${cause.message}` : '';
  const where = addresses.length === 0 ? 'no address but the own one was given' : addresses.join(', ');
  const details = { ...(isActorError(refusal) ? refusal.details : {}), addresses };
  return new ActorError(code, `No node could be joined (${where}).${why}`, { details, cause });
}
