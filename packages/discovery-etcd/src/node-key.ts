// Where nodes are in etcd: `<namespace>/<cluster>/nodes/<nodeId>`. Names are percent-encoded, so that one with a slash in
// it can't reach into the keys of another cluster.

import type { NodeId } from '@actor/core';

/** What the keys of all nodes of the cluster begin with, ending in a slash. */
export function nodePrefix(namespace: string, clusterName: string): string {
  return `${namespace}/${encoded(clusterName)}/nodes/`;
}

export function nodeKey(prefix: string, nodeId: NodeId): string {
  return prefix + encoded(nodeId);
}

/** Half a character, which a value may hold, has no encoding and would be an error. */
function encoded(name: string): string {
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd'));
}
