// What a program can follow of its cluster.

import type { ActorError, MembershipEvent } from '@actor/core';

/**
 * `initializing` until it listens, `joining` while it looks for members, also when it comes back after it was declared
 * dead; `running`; `leaving` from `leave` or `stop` on; then `stopped`. `failed` is for good: make a new manager.
 */
export type ClusterStatus = 'initializing' | 'joining' | 'running' | 'leaving' | 'stopped' | 'failed';

/** `observer` is a member without a vote. Without consensus every node is a `follower`. */
export type NodeRole = 'follower' | 'candidate' | 'leader' | 'observer';

/** What happens to other members, to this node's own life (`declared-dead`), and to its status. */
export type ClusterEvent =
  | MembershipEvent
  | {
      readonly kind: 'status-changed';
      readonly status: ClusterStatus;
      readonly previous: ClusterStatus;
      /** Why, when the status is `failed`. */
      readonly error?: ActorError;
    };
