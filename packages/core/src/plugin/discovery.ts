// Finding the addresses of nodes that might be there. Safety never depends on it: a stale entry costs a failed dial.

import type { PluginContext } from './context.ts';
import type { NodeId, NodeInfo } from './node.ts';
import type { Startable } from './startable.ts';

export interface Discovery extends Startable {
  /** Does it list all first nodes of the cluster? A static list does; a registry that fills over time does not. */
  readonly complete: boolean;
  /**
   * The nodes known now, own ones included where they are listed. Empty is a valid answer.
   * @throws {@link ActorError} ACTOR_DISCOVERY_UNAVAILABLE when the source can't be asked.
   */
  discover(options?: { readonly signal?: AbortSignal }): Promise<readonly NodeInfo[]>;
  /** The nodes now, then again after each change, until the signal or `stop` ends it. */
  watch(options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly NodeInfo[]>;
  /** Makes the node findable. A second call for one `nodeId` replaces the first. */
  register(node: NodeInfo): Promise<void>;
  /** Undoes `register`; an unknown id is no error. */
  deregister(nodeId: NodeId): Promise<void>;
}

export type DiscoveryFactory = (context: PluginContext) => Discovery;
