// The nodes below the prefix, as of a revision of etcd: filled by a listing, moved on by events. No I/O.

import type { NodeInfo } from '@actor/core';
import type { EtcdEntry, EtcdEvent, EtcdListing } from './endpoint.ts';
import { nodeKey } from './node-key.ts';
import { decodeNode } from './node-value.ts';

export interface NodeTableOptions {
  readonly prefix: string;
  readonly nodesMax: number;
  readonly valueMaxBytes: number;
  /** Told of each entry that is passed over. */
  readonly ignored: (key: string, why: string) => void;
}

export class NodeTable {
  readonly #options: NodeTableOptions;
  #nodes = new Map<string, { readonly value: string; readonly node: NodeInfo }>();
  #revision: number | undefined;
  #count = 0;

  constructor(options: NodeTableOptions) {
    this.#options = options;
  }

  /** What is known up to; undefined while nothing is. */
  get revision(): number | undefined {
    return this.#revision;
  }

  /** How many keys there are at that revision, those that are no nodes included. */
  get count(): number {
    return this.#count;
  }

  nodes(): readonly NodeInfo[] {
    return [...this.#nodes.values()].map(({ node }) => node);
  }

  has(key: string): boolean {
    return this.#nodes.has(key);
  }

  /** Everything anew. True when that changes what is known. */
  reset({ revision, count, entries }: EtcdListing): boolean {
    const before = this.#nodes;
    const isFirst = this.#revision === undefined;
    this.#nodes = new Map();
    this.#revision = revision;
    this.#count = count;
    for (const entry of entries) this.#put(entry);
    if (count > entries.length) this.#options.ignored(this.#options.prefix, 'there are more than nodesMax');
    const isSame =
      before.size === this.#nodes.size &&
      [...this.#nodes].every(([key, { value }]) => before.get(key)?.value === value);
    return isFirst || !isSame;
  }

  /** True when a node came, went or changed. */
  apply(events: readonly EtcdEvent[]): boolean {
    let hasChanged = false;
    for (const event of events) {
      // A watch that was taken up again may tell of what the listing had.
      if (event.revision <= (this.#revision ?? 0)) continue;
      if (event.kind === 'delete') {
        this.#count -= 1;
        hasChanged = this.#nodes.delete(event.key) || hasChanged;
      } else {
        if (event.isNew) this.#count += 1;
        hasChanged = this.#put(event) || hasChanged;
      }
    }
    const last = events.at(-1);
    if (last !== undefined) this.#revision = Math.max(this.#revision ?? 0, last.revision);
    return hasChanged;
  }

  #put(entry: EtcdEntry): boolean {
    const { key, value } = entry;
    const known = this.#nodes.get(key);
    if (known?.value === value) return false;
    const node = this.#read(entry, known !== undefined);
    if (typeof node === 'string') {
      this.#options.ignored(key, node);
      // A value that is no node hides the one before it: the key says nothing now.
      return this.#nodes.delete(key);
    }
    this.#nodes.set(key, { value, node });
    return true;
  }

  #read({ key, value }: EtcdEntry, isKnown: boolean): NodeInfo | string {
    const { prefix, nodesMax, valueMaxBytes } = this.#options;
    if (!isKnown && this.#nodes.size >= nodesMax) return 'there are more than nodesMax';
    if (Buffer.byteLength(value) > valueMaxBytes) return 'its value is larger than valueMaxBytes';
    const node = decodeNode(value);
    if (typeof node === 'string') return node;
    return nodeKey(prefix, node.nodeId ?? '') === key ? node : 'its key does not name its nodeId';
  }
}
