// Who is in the cluster, as this node sees it. Two implementations: the cluster's own full-mesh heartbeat, and gossip.

import type { Feed, FeedOptions } from '../feed.ts';
import type { AddressBook, PluginContext } from './context.ts';
import type { Metadata, NodeAddress, NodeId } from './node.ts';
import type { Startable } from './startable.ts';

/** `suspect` is a question, not a verdict: the member is still a member and may yet refute. */
export type MemberStatus = 'alive' | 'suspect' | 'left' | 'dead';

export interface Member {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  /** Raised by the member alone, within one incarnation, to refute a suspicion or to change its metadata. */
  readonly version: number;
  readonly address: NodeAddress;
  readonly status: MemberStatus;
  readonly metadata: Metadata;
}

/**
 * Per incarnation of a member: `member-up` once, then any number of `member-suspect` and `member-reachable` in turn and of
 * `member-updated`, then at most one of `member-left` and `member-dead`, which is its last.
 */
export type MembershipEvent =
  | { readonly kind: 'member-up'; readonly member: Member }
  | { readonly kind: 'member-suspect'; readonly member: Member }
  | { readonly kind: 'member-reachable'; readonly member: Member }
  | { readonly kind: 'member-updated'; readonly member: Member }
  | { readonly kind: 'member-left'; readonly member: Member }
  | { readonly kind: 'member-dead'; readonly member: Member; readonly reason: 'unreachable' | 'replaced' }
  /**
   * The others count this incarnation as ended. The host ends this life and starts one above `incarnation`; unless there
   * is a `successor`, another process that lives under this node id at that address: then this one has to stop.
   */
  | {
      readonly kind: 'declared-dead';
      readonly by: NodeId;
      readonly incarnation: number;
      readonly successor?: NodeAddress;
    };

export interface Membership extends Startable {
  self(): Member;
  /** Alive and suspect members, self included, sorted by `nodeId`. The same array until something changes. */
  members(): readonly Member[];
  /** Events from now on. */
  watch(options?: FeedOptions): Feed<MembershipEvent>;
  /**
   * Joins through whichever of the addresses answers; the own address among them is passed over.
   * Resolves when one accepted and its view has been merged.
   * @throws {@link ActorError} when none did: the code of a refusal if there was one, else ACTOR_NO_ROUTE.
   */
  join(seeds: readonly NodeAddress[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Tells the others that this node goes on purpose. They see `member-left`, never `member-dead`. */
  leave(): Promise<void>;
  /** @throws {@link ActorError} ACTOR_CONFIG_INVALID when larger than the implementation's `metadataMaxBytes`. */
  setMetadata(metadata: Metadata): void;
}

export interface MembershipContext extends PluginContext {
  readonly addresses: AddressBook;
  /** This node's advertised address. */
  readonly address: NodeAddress;
  readonly metadata: Metadata;
}
export type MembershipFactory = (context: MembershipContext) => Membership;
