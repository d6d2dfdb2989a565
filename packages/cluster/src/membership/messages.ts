// What members say to each other about members, and its bytes. The sender's id and incarnation are not in a message: the
// link proved them. A later version appends fields to a message or a record; an older reader passes over them.
// A checksum of four bytes comes first: a flipped bit in an incarnation would cost a node its life.

import { crc32 } from 'node:zlib';
import type { Member, MemberStatus, Metadata, NodeId } from '@actor/core';
import { bad, ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** "I live, and these I hear": every `heartbeatIntervalMs`, to every member. */
export interface HeartbeatMessage {
  readonly type: 'heartbeat';
  /** The rhythm that the sender keeps, in milliseconds. */
  readonly intervalMs: number;
  /**
   * Who gives the sender signs of health now, and the receiver if anything at all comes from it. An accusation counts only at
   * whom its author hears.
   */
  readonly heard: readonly NodeId[];
  /** Of the sender's table of members; where two differ, the tables are exchanged. */
  readonly digest: string;
  /** The whole table, the ended lives included, where the receiver's is believed to differ. */
  readonly members: readonly Member[];
}

/** Asks for admission, or answers that. Both sides hand over what they know, so two clusters merge by one such exchange. */
export interface JoinMessage {
  readonly type: 'join';
  /** `refused`: the receiver knows a newer life of the sender, or its end; `members` says which. */
  readonly phase: 'request' | 'accepted' | 'refused';
  readonly heard: readonly NodeId[];
  readonly members: readonly Member[];
}

/** "I go on purpose." Repeated until the other side acknowledges it or the leaver's deadline is over. */
export interface LeaveMessage {
  readonly type: 'leave';
  readonly isAcknowledgement: boolean;
}

export type MembershipMessage = HeartbeatMessage | JoinMessage | LeaveMessage;

export interface MessageLimits {
  readonly membersMax: number;
  readonly metadataMaxBytes: number;
}

const version = 1;
const checksumBytes = 4;
const idMaxBytes = 255;
const phases = ['request', 'accepted', 'refused'] as const;
const statuses: readonly MemberStatus[] = ['alive', 'suspect', 'left', 'dead'];

export function encodeMessage(message: MembershipMessage): Uint8Array {
  const out = new ByteWriter().byte(version);
  switch (message.type) {
    case 'heartbeat':
      out.byte(0).whole(message.intervalMs);
      out.list(message.heard, (nodeId) => out.text(nodeId)).text(message.digest);
      out.list(message.members, (member) => out.bytes(encodeMember(member)));
      break;
    case 'join':
      out.byte(1).byte(phases.indexOf(message.phase));
      out.list(message.heard, (nodeId) => out.text(nodeId));
      out.list(message.members, (member) => out.bytes(encodeMember(member)));
      break;
    case 'leave':
      out.byte(2).byte(message.isAcknowledgement ? 1 : 0);
      break;
  }
  const body = out.finish();
  const bytes = new Uint8Array(checksumBytes + body.length);
  new DataView(bytes.buffer).setUint32(0, crc32(body));
  bytes.set(body, checksumBytes);
  return bytes;
}

/** @throws {@link ActorError} ACTOR_BAD_FRAME for anything that `encodeMessage` would not write within the limits. */
export function decodeMessage(bytes: Uint8Array, limits: MessageLimits): MembershipMessage {
  if (bytes.length < checksumBytes) throw bad('it ends too early');
  const body = bytes.subarray(checksumBytes);
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== crc32(body)) {
    throw bad('its checksum is wrong');
  }
  const input = new ByteReader(body);
  if (input.byte() < version) throw bad('its version is unknown');
  const type = input.byte();
  const ids = (): readonly NodeId[] => input.list(limits.membersMax, () => nodeId(input));
  const members = (): readonly Member[] => {
    // As many ended lives are kept as there may be members.
    return input.list(limits.membersMax * 2, () => decodeMember(input.bytes(memberMaxBytes(limits)), limits));
  };
  switch (type) {
    case 0: {
      const intervalMs = input.whole();
      if (intervalMs < 1 || intervalMs > intervalMaxMs) throw bad('its interval is out of range');
      return { type: 'heartbeat', intervalMs, heard: ids(), digest: input.text(64), members: members() };
    }
    case 1:
      return { type: 'join', phase: oneOf(phases, input.byte()), heard: ids(), members: members() };
    case 2:
      return { type: 'leave', isAcknowledgement: input.byte() === 1 };
    default:
      throw bad('its type is unknown');
  }
}

/** A rhythm slower than this is no heartbeat; a peer that claimed one could never be suspected. */
export const intervalMaxMs = 60_000;

function encodeMember(member: Member): Uint8Array {
  return new ByteWriter()
    .text(member.nodeId)
    .whole(member.incarnation)
    .whole(member.version)
    .text(member.address.host)
    .whole(member.address.port)
    .byte(statuses.indexOf(member.status))
    .bytes(encodeMetadata(member.metadata))
    .finish();
}

function decodeMember(bytes: Uint8Array, limits: MessageLimits): Member {
  const input = new ByteReader(bytes);
  const id = nodeId(input);
  // The next incarnation must be a number too.
  const incarnation = below(input.whole(), Number.MAX_SAFE_INTEGER);
  const raised = below(input.whole(), Number.MAX_SAFE_INTEGER);
  const host = input.text(idMaxBytes);
  const port = below(input.whole(), 65_536);
  const status = oneOf(statuses, input.byte());
  const metadata = decodeMetadata(input.bytes(limits.metadataMaxBytes));
  return { nodeId: id, incarnation, version: raised, address: { host, port }, status, metadata };
}

/** Its length is what `metadataMaxBytes` bounds. */
export function encodeMetadata(metadata: Metadata): Uint8Array {
  const out = new ByteWriter();
  out.list(Object.entries(metadata), ([key, value]) => {
    out.text(key);
    if (typeof value === 'string') out.byte(0).text(value);
    else if (typeof value === 'number') out.byte(1).float(value);
    else out.byte(value ? 3 : 2);
  });
  return out.finish();
}

function decodeMetadata(bytes: Uint8Array): Metadata {
  const input = new ByteReader(bytes);
  const entries = input.list(bytes.length, () => [
    input.text(bytes.length),
    decodeValue(input, bytes.length),
  ]);
  // `fromEntries` defines properties and sets none, so a key such as `__proto__` is a key like any other.
  return Object.freeze(Object.fromEntries(entries) as Metadata);
}

function decodeValue(input: ByteReader, maxBytes: number): string | number | boolean {
  const kind = input.byte();
  if (kind === 0) return input.text(maxBytes);
  if (kind === 1) return input.float();
  if (kind > 3) throw bad('a value of its metadata is of an unknown kind');
  return kind === 3;
}

function nodeId(input: ByteReader): NodeId {
  const id = input.text(idMaxBytes);
  if (id === '') throw bad('a node id is empty');
  return id;
}

function below(value: number, limit: number): number {
  if (value >= limit) throw bad('a number is out of range');
  return value;
}

function oneOf<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw bad('a code is out of range');
  return value;
}

function memberMaxBytes(limits: MessageLimits): number {
  return limits.metadataMaxBytes + 1_024;
}
