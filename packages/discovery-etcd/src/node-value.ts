// A node as the value of its key: JSON that a person reads with etcdctl. Everybody who can write to etcd can write one, so
// what is read is believed only where it has this very shape. Unknown fields are passed over: a later version may add
// some, and raises `version` only where an older reader would go wrong.

import { formatAddress, parseAddress, type Metadata, type NodeInfo } from '@actor/core';

const version = 1;

/** Reading it back gives the node; its id is a part of it. */
export function encodeNode({ nodeId, address, incarnation, metadata }: NodeInfo): string {
  return JSON.stringify({ version, nodeId, address: formatAddress(address), incarnation, metadata });
}

/** The node, or a sentence that says why the text is none. */
export function decodeNode(text: string): NodeInfo | string {
  const value = parse(text);
  if (value === undefined) return 'it is not a JSON object';
  if (value['version'] !== version) return 'its version is not one that this node reads';
  const { nodeId, address, incarnation, metadata } = value;
  if (typeof nodeId !== 'string' || nodeId === '') return 'it has no nodeId';
  const at = addressOf(address);
  if (at === undefined) return 'its address is none that can be dialled';
  if (incarnation !== undefined && !isIncarnation(incarnation))
    return 'its incarnation is not a whole number';
  if (metadata !== undefined && !isMetadata(metadata)) return 'its metadata are not plain facts';
  return {
    nodeId,
    address: at,
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function addressOf(text: unknown): NodeInfo['address'] | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const address = parseAddress(text);
    return address.port === 0 ? undefined : address;
  } catch {
    return undefined;
  }
}

function isIncarnation(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMetadata(value: unknown): value is Metadata {
  if (!isObject(value)) return false;
  return Object.values(value).every((fact) => ['string', 'number', 'boolean'].includes(typeof fact));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
