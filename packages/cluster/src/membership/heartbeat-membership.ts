// Full-mesh heartbeats as a `Membership`: joins the pure protocol to a channel, the clock and the address book.
// For up to some dozens of nodes; each node sends to each other one, so the load of a node grows with their number.

import {
  ActorError,
  FeedSource,
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
import { Joining } from './joining.ts';
import { LostMembers } from './lost-members.ts';
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

export class HeartbeatMembership implements Membership {
  readonly #timing: HeartbeatTiming;
  readonly #context: MembershipContext;
  readonly #channel: Channel;
  readonly #protocol: Heartbeat;
  readonly #events = new FeedSource<MembershipEvent>();
  readonly #joining: Joining;
  readonly #lost: LostMembers;
  readonly #departures = new Set<() => void>();
  #subscriptions: readonly Unsubscribe[] = [];
  #tickTimer: Timer | undefined;
  #lastBadFrom: string | undefined;
  /** Why nothing goes on any more. */
  #ended: ActorError | undefined;

  /** See {@link heartbeats}. */
  constructor(timing: HeartbeatTiming, context: MembershipContext) {
    this.#timing = timing;
    this.#context = context;
    this.#channel = context.channel('membership', 'control');
    const { nodeId, incarnation, address, metadata } = context;
    this.#checkMetadata(metadata);
    const self: Member = { nodeId, incarnation, version: 0, address, status: 'alive', metadata };
    this.#protocol = new Heartbeat(self, timing, context.runtime.monotonicMs());
    const request = (peer: PeerIdentity): void => this.#perform(this.#protocol.request(this.#nowMs(), peer));
    this.#joining = new Joining(context, request);
    this.#lost = new LostMembers({
      context,
      members: this.#protocol.members,
      found: request,
    });
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#isStarted) return Promise.resolve();
    this.#subscriptions = [
      this.#channel.receive((from, bytes) => this.#receive(from, bytes)),
      this.#channel.onLink((peer, up) => this.#protocol.link(peer, up)),
    ];
    this.#tick();
    this.#lost.begin();
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
    await this.#joining.join(seeds, options.signal);
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
      if (this.#ended !== undefined || !this.#isStarted) done();
    });
  }

  setMetadata(metadata: Metadata): void {
    this.#checkMetadata(metadata);
    this.#perform(this.#protocol.setMetadata(this.#nowMs(), Object.freeze({ ...metadata })));
  }

  #tick(): void {
    const { runtime } = this.#context;
    this.#tickTimer = runtime.after(this.#protocol.tickMs, () => this.#tick());
    this.#perform(this.#protocol.tick(this.#nowMs()));
    // After a stall the timer comes before what has arrived meanwhile. Nobody is judged until that was read.
    runtime.macrotask(() => {
      if (this.#ended === undefined) this.#perform(this.#protocol.judge(this.#nowMs()));
    });
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
          this.#joining.admitted(effect.by);
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
    this.#ended ??= why;
    this.#joining.close(why);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#tickTimer?.cancel();
    this.#lost.end();
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
