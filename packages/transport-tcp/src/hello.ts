// The first message each way on every connection: who speaks, and whether the two can. A fixed binary layout without any
// general decoder, capped in size, because in insecure mode its bytes are anybody's. The magic, the size and the range of
// versions stand where they stand in every version to come, so that a refusal is understood across versions.

import { formatAddress, type Lane, type NodeAddress, parseAddress, type PeerIdentity } from '@actor/core';

/** The wire versions that this package speaks, and the optional features that it knows, as bits. */
const wireVersions = { min: 1, max: 1 } as const;
const wireFeatures = 0;

export const helloMaxBytes = 2048;

/** Why a connection is refused; the index is the byte on the wire. */
export const refusalReasons = [
  'none',
  'malformed',
  'version',
  'foreign-cluster',
  'foreign-cluster-id',
  'identity',
  'self',
  'node-id-taken',
  'old-incarnation',
  'duplicate',
  'too-many-links',
  'no-such-link',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface Hello {
  /** `hello` from the dialler, then `welcome` or `refusal` from the other side. */
  readonly kind: 'hello' | 'welcome' | 'refusal';
  readonly versionMin: number;
  readonly versionMax: number;
  /** `none` but in a refusal. */
  readonly reason: RefusalReason;
  readonly features: number;
  readonly lane: Lane;
  /** The dialler holds no link with this node, whatever the node may think: an older one is to be dropped. */
  readonly isFresh: boolean;
  /** 16 hex digits that join the connections of one link, chosen by the dialler. */
  readonly linkId: string;
  /** The largest frame that the speaker takes. */
  readonly frameMaxBytes: number;
  readonly clusterName: string;
  /** Names one founding of a cluster; empty as long as none is known. */
  readonly clusterId: string;
  readonly identity: PeerIdentity;
}

/** What a node says of itself in every hello. */
export interface Self {
  readonly clusterName: string;
  readonly clusterId: string;
  readonly identity: PeerIdentity;
  readonly frameMaxBytes: number;
}

/** What differs from one hello of a node to the next. */
export type HelloPart = Pick<Hello, 'kind' | 'lane' | 'linkId'> & Partial<Pick<Hello, 'reason' | 'isFresh'>>;

export function helloOf(self: Self, part: HelloPart): Hello {
  return {
    versionMin: wireVersions.min,
    versionMax: wireVersions.max,
    features: wireFeatures,
    reason: 'none',
    isFresh: false,
    ...self,
    ...part,
  };
}

export type HelloResult =
  /** More bytes are needed. */
  | { readonly kind: 'partial' }
  /** Not a hello of any version. */
  | { readonly kind: 'malformed' }
  /** No common version; the rest was not read. */
  | { readonly kind: 'version'; readonly versionMin: number; readonly versionMax: number }
  | { readonly kind: 'complete'; readonly hello: Hello; readonly bytes: number };

const magic = Buffer.from('ACTR', 'latin1');
const kinds = ['hello', 'welcome', 'refusal'] as const;
const laneOrder: readonly Lane[] = ['control', 'user', 'bulk'];
const textMaxBytes = 255;
// magic 4, size of what follows 2, kind 1, versionMin 2, versionMax 2
const preludeBytes = 11;
// reason 1, features 4, lane 1, isFresh 1, linkId 8, frameMaxBytes 4, incarnation 8, port 2
const fixedBytes = 29;

/** Can a node or a cluster be called so? It fits a hello, and breaks no line of a log. */
export function isName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= textMaxBytes && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
}

/** Can it be dialled, as far as its form tells? */
export function isDialable(address: NodeAddress): boolean {
  if (!isName(address.host) || address.port === 0) return false;
  try {
    parseAddress(formatAddress(address));
    return true;
  } catch {
    return false;
  }
}

/** The speaker's names and numbers are checked when its transport is made, so that they fit. */
export function encodeHello(hello: Hello): Buffer {
  const { identity } = hello;
  const texts = [hello.clusterName, hello.clusterId, identity.nodeId, identity.address.host].map((text) =>
    Buffer.from(text),
  );
  const size = preludeBytes + fixedBytes + texts.reduce((sum, text) => sum + 1 + text.length, 0);
  const bytes = Buffer.alloc(size);
  magic.copy(bytes);
  let at = bytes.writeUInt16LE(size - 6, 4);
  at = bytes.writeUInt8(kinds.indexOf(hello.kind), at);
  at = bytes.writeUInt16LE(hello.versionMin, at);
  at = bytes.writeUInt16LE(hello.versionMax, at);
  at = bytes.writeUInt8(refusalReasons.indexOf(hello.reason), at);
  at = bytes.writeUInt32LE(hello.features, at);
  at = bytes.writeUInt8(laneOrder.indexOf(hello.lane), at);
  at = bytes.writeUInt8(hello.isFresh ? 1 : 0, at);
  at += bytes.write(hello.linkId, at, 8, 'hex');
  at = bytes.writeUInt32LE(hello.frameMaxBytes, at);
  at = bytes.writeBigUInt64LE(BigInt(identity.incarnation), at);
  at = bytes.writeUInt16LE(identity.address.port, at);
  for (const text of texts) {
    at = bytes.writeUInt8(text.length, at);
    at += text.copy(bytes, at);
  }
  return bytes;
}

/** Reads a hello from the front of what has been received so far, which is at most `helloMaxBytes` and a little. */
export function decodeHello(bytes: Buffer): HelloResult {
  const start = bytes.subarray(0, magic.length);
  if (!start.equals(magic.subarray(0, start.length))) return { kind: 'malformed' };
  if (bytes.length < 6) return { kind: 'partial' };
  const size = bytes.readUInt16LE(4) + 6;
  if (size > helloMaxBytes || size < preludeBytes) return { kind: 'malformed' };
  if (bytes.length < size) return { kind: 'partial' };
  const [versionMin, versionMax] = [bytes.readUInt16LE(7), bytes.readUInt16LE(9)];
  if (commonVersion({ versionMin, versionMax }) === undefined)
    return { kind: 'version', versionMin, versionMax };
  const hello = decodeBody(bytes.subarray(0, size), versionMin, versionMax);
  return hello === undefined ? { kind: 'malformed' } : { kind: 'complete', hello, bytes: size };
}

/** The highest version that both speak. */
export function commonVersion(other: Pick<Hello, 'versionMin' | 'versionMax'>): number | undefined {
  const highest = Math.min(wireVersions.max, other.versionMax);
  return highest >= Math.max(wireVersions.min, other.versionMin) ? highest : undefined;
}

// What follows the last text is of a later version that still speaks this one, and is passed over.
function decodeBody(bytes: Buffer, versionMin: number, versionMax: number): Hello | undefined {
  if (bytes.length < preludeBytes + fixedBytes) return undefined;
  const kind = kinds[bytes[6] as number];
  // A reason of a later version is a refusal all the same.
  const reason = refusalReasons[bytes[11] as number] ?? 'malformed';
  const lane = laneOrder[bytes[16] as number];
  const incarnation = Number(bytes.readBigUInt64LE(30));
  const [clusterName, clusterId, nodeId, host] = readTexts(bytes, preludeBytes + fixedBytes, 4);
  if (kind === undefined || lane === undefined || !Number.isSafeInteger(incarnation)) return undefined;
  if (clusterName === undefined || clusterId === undefined || nodeId === undefined || host === undefined) {
    return undefined;
  }
  const address = { host, port: bytes.readUInt16LE(38) };
  if (!isName(clusterName) || !isName(nodeId) || !isDialable(address)) return undefined;
  return {
    kind,
    versionMin,
    versionMax,
    reason,
    features: bytes.readUInt32LE(12),
    lane,
    isFresh: bytes[17] === 1,
    linkId: bytes.toString('hex', 18, 26),
    frameMaxBytes: bytes.readUInt32LE(26),
    clusterName,
    clusterId,
    identity: { nodeId, incarnation, address },
  };
}

function readTexts(bytes: Buffer, from: number, count: number): readonly string[] {
  const texts: string[] = [];
  let at = from;
  while (texts.length < count && at < bytes.length) {
    const end = at + 1 + (bytes[at] as number);
    if (end > bytes.length) break;
    texts.push(bytes.toString('utf8', at + 1, end));
    at = end;
  }
  return texts;
}
