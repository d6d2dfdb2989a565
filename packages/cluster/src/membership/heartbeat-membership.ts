// Full-mesh heartbeats as a `Membership`: joins the pure protocol to a channel, the clock and the address book.
// For up to some dozens of nodes; each node sends to each other one, so the load of a node grows with their number.

import {
  ActorError,
  FeedSource,
  formatAddress,
  isActorError,
  type Channel,
  type Feed,
  type FeedOptions,
  type Member,
  type Membership,
  type MembershipContext,
  type MembershipEvent,
  type Metadata,
  type NodeAddress,
  type NodeId,
  type PeerIdentity,
  type Timer,
  type Unsubscribe,
} from '@actor/core';
import { Heartbeat, type HeartbeatEffect } from './heartbeat.ts';
import { checkHeartbeatOptions, type HeartbeatOptions, type HeartbeatTiming } from './heartbeat-options.ts';
import { decodeMessage, encodeMessage, encodeMetadata, type MembershipMessage } from './messages.ts';

/**
 * The membership that a cluster has when its config names no other.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault of the options.
 */
export function heartbeats(
  options: HeartbeatOptions = {},
): (context: MembershipContext) => HeartbeatMembership {
  const complete = checkHeartbeatOptions(options);
  return (context) => new HeartbeatMembership(complete(context.timing.heartbeatIntervalMs), context);
}

/** Lost members that are looked for in one round, so that a long list of them costs no flood of dials. */
const lostPerRound = 3;
const answerMs = 1_000;

export class HeartbeatMembership implements Membership {
  readonly #timing: HeartbeatTiming;
  readonly #context: MembershipContext;
  readonly #channel: Channel;
  readonly #protocol: Heartbeat;
  readonly #events = new FeedSource<MembershipEvent>();
  readonly #over = new AbortController();
  readonly #admissions = new Map<NodeId, Set<() => void>>();
  readonly #departures = new Set<() => void>();
  #subscriptions: readonly Unsubscribe[] = [];
  #tickTimer: Timer | undefined;
  #searchTimer: Timer | undefined;
  readonly #searchedFor = new Set<string>();
  #searches = 0;
  #lastBadFrom: string | undefined;

  /** See {@link heartbeats}. */
  constructor(timing: HeartbeatTiming, context: MembershipContext) {
    this.#timing = timing;
    this.#context = context;
    this.#channel = context.channel('membership', 'control');
    const { nodeId, incarnation, address, metadata } = context;
    this.#checkMetadata(metadata);
    const self: Member = { nodeId, incarnation, version: 0, address, status: 'alive', metadata };
    this.#protocol = new Heartbeat(self, timing, context.runtime.monotonicMs());
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    if (this.#over.signal.aborted) return Promise.reject(this.#over.signal.reason);
    if (this.#isStarted) return Promise.resolve();
    this.#subscriptions = [
      this.#channel.receive((from, bytes) => this.#receive(from, bytes)),
      this.#channel.onLink((peer, up) => this.#protocol.link(peer, up)),
    ];
    this.#tick();
    this.#searchLater();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#end(new ActorError('ACTOR_NODE_STOPPED', 'The membership has been stopped.'));
    this.#events.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  self(): Member {
    return this.#protocol.members.self;
  }

  members(): readonly Member[] {
    return this.#protocol.members.live();
  }

  watch(options: FeedOptions = {}): Feed<MembershipEvent> {
    return this.#events.open(options);
  }

  async join(seeds: readonly NodeAddress[], options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (!this.#isStarted) {
      throw new ActorError('ACTOR_NODE_NOT_STARTED', 'The membership has not been started.');
    }
    const signal =
      options.signal === undefined ? this.#over.signal : AbortSignal.any([options.signal, this.#over.signal]);
    signal.throwIfAborted();
    const own = formatAddress(this.#context.address);
    const others = new Map(seeds.map((seed) => [formatAddress(seed), seed]));
    others.delete(own);
    const failures: unknown[] = [];
    const attempts = [...others.values()].map((address) =>
      // A signal of its own: Node warns of a leak when many listen to one.
      this.#joinThrough(address, AbortSignal.any([signal])).catch((error: unknown) => {
        failures.push(error);
        throw error;
      }),
    );
    // Seeds that answer later than the first are joined too: they might be another part of the cluster.
    await Promise.any(attempts).catch(() => {
      signal.throwIfAborted();
      throw unreached([...others.keys()], failures);
    });
  }

  leave(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.runtime.after(this.#timing.leaveTimeoutMs, () => done());
      const done = (): void => {
        timer.cancel();
        this.#departures.delete(done);
        resolve();
      };
      this.#departures.add(done);
      this.#perform(this.#protocol.leave());
      // Nobody is left to tell when the life is over, or was before.
      if (this.#over.signal.aborted || !this.#isStarted) done();
    });
  }

  setMetadata(metadata: Metadata): void {
    this.#checkMetadata(metadata);
    this.#perform(this.#protocol.setMetadata(this.#nowMs(), Object.freeze({ ...metadata })));
  }

  async #joinThrough(address: NodeAddress, signal: AbortSignal): Promise<void> {
    const peer = await this.#context.addresses.connect(address, { signal });
    if (peer.nodeId === this.#context.nodeId && peer.incarnation === this.#context.incarnation) {
      throw new ActorError('ACTOR_NO_ROUTE', `${formatAddress(address)} is this node itself.`);
    }
    for (let tries = 0; tries <= this.#context.timing.maxRetries; tries += 1) {
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
      this.#perform(this.#protocol.request(this.#nowMs(), peer));
    });
  }

  #tick(): void {
    const { runtime } = this.#context;
    this.#tickTimer = runtime.after(this.#protocol.tickMs, () => this.#tick());
    this.#perform(this.#protocol.tick(this.#nowMs()));
    // After a stall the timer comes before what has arrived meanwhile. Nobody is judged until that was read.
    runtime.macrotask(() => {
      if (!this.#over.signal.aborted) this.#perform(this.#protocol.judge(this.#nowMs()));
    });
  }

  #searchLater(): void {
    const { runtime, timing } = this.#context;
    const jitter = 0.75 + runtime.random() / 2;
    this.#searchTimer = runtime.after(timing.discoveryIntervalMs * jitter, () => {
      this.#searchForLost();
      this.#searchLater();
    });
  }

  /** A partition that has healed looks, from here, like dead members that answer. */
  #searchForLost(): void {
    const live = new Set(this.members().map((member) => formatAddress(member.address)));
    const lost = this.#protocol.members
      .ended()
      .filter((member) => member.status === 'dead' && !live.has(formatAddress(member.address)));
    for (let index = 0; index < Math.min(lost.length, lostPerRound); index += 1) {
      const member = lost[this.#searches % lost.length];
      this.#searches += 1;
      if (member !== undefined) void this.#searchFor(member.address);
    }
  }

  async #searchFor(address: NodeAddress): Promise<void> {
    const key = formatAddress(address);
    // An attempt may take longer than the time to the next round.
    if (this.#searchedFor.has(key)) return;
    this.#searchedFor.add(key);
    try {
      const signal = AbortSignal.any([this.#over.signal]);
      const peer = await this.#context.addresses.connect(address, { signal });
      this.#perform(this.#protocol.request(this.#nowMs(), peer));
    } catch (error) {
      this.#context.logger.debug({ err: error }, 'a lost member was not found');
    } finally {
      this.#searchedFor.delete(key);
    }
  }

  #receive(from: PeerIdentity, bytes: Uint8Array): void {
    let message: MembershipMessage;
    try {
      message = decodeMessage(bytes, this.#timing);
    } catch (error) {
      this.#context.metrics.counter('actor_membership_bad_messages_total').add();
      const peer = `${from.nodeId}/${from.incarnation}`;
      // One warning per peer in a row: a flood of garbage must not become a flood of log lines.
      if (this.#lastBadFrom !== peer) {
        this.#context.logger.warn({ err: error, peer: from.nodeId }, 'a membership message was refused');
      }
      this.#lastBadFrom = peer;
      return;
    }
    this.#perform(this.#protocol.receive(this.#nowMs(), from, message));
  }

  #perform(effects: readonly HeartbeatEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (effect.address !== undefined) this.#context.addresses.learn(effect.to, effect.address);
          this.#send(effect.to, effect.message);
          break;
        case 'event':
          this.#announce(effect.event);
          break;
        case 'admitted':
          for (const admitted of [...(this.#admissions.get(effect.by) ?? [])]) admitted();
          break;
        case 'departed':
          for (const done of [...this.#departures]) done();
          break;
      }
    }
  }

  #send(to: NodeId, message: MembershipMessage): void {
    try {
      // A heartbeat that was not taken is a heartbeat lost; the next one follows.
      this.#channel.send(to, encodeMessage(message));
    } catch (error) {
      this.#context.logger.error({ err: error, to }, 'the table of members does not fit a frame');
    }
  }

  #announce(event: MembershipEvent): void {
    const { addresses, metrics } = this.#context;
    if (event.kind === 'member-up') addresses.learn(event.member.nodeId, event.member.address);
    if (event.kind === 'member-dead' || event.kind === 'member-left') addresses.forget(event.member.nodeId);
    if (event.kind === 'declared-dead') {
      this.#end(new ActorError('ACTOR_NODE_STOPPED', 'The others count this life of the node as ended.'));
    }
    metrics.gauge('actor_members_count').set(this.members().length);
    metrics.counter('actor_membership_events_total').add(1, { kind: event.kind });
    this.#events.publish(event);
  }

  #end(why: ActorError): void {
    this.#over.abort(why);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#tickTimer?.cancel();
    this.#searchTimer?.cancel();
    for (const done of [...this.#departures]) done();
  }

  #checkMetadata(metadata: Metadata): void {
    const { metadataMaxBytes } = this.#timing;
    const bytes = encodeMetadata(metadata).length;
    if (bytes <= metadataMaxBytes) return;
    throw new ActorError(
      'ACTOR_CONFIG_INVALID',
      `metadata takes ${bytes} bytes; metadataMaxBytes is ${metadataMaxBytes}.`,
      { details: { path: 'metadata', bytes, limitBytes: metadataMaxBytes } },
    );
  }

  get #isStarted(): boolean {
    return this.#subscriptions.length > 0;
  }

  #nowMs(): number {
    return this.#context.runtime.monotonicMs();
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
