// From records to nodes, pure. Whoever writes the zone writes these, and whoever sits between may forge them: what can't
// be dialled is left out and counted, what is too much is cut off, and equal sets give equal lists.

import { formatAddress, parseAddress, type NodeAddress, type NodeInfo } from '@actor/core';
import { isHost, isNodeAddress } from './host-name.ts';
import type { AddressRecord, SrvRecord } from './resolver.ts';

export interface Answer {
  /** Each address once, the preferred first. */
  readonly nodes: readonly NodeInfo[];
  /** Before it has passed, asking again is of no use; 0 where the resolver can't tell. */
  readonly ttlMs: number;
  /** The records that can't be those of a node, as text. */
  readonly ignored: readonly string[];
  /** How many nodes were over the limit. */
  readonly cutOff: number;
}

interface Candidate extends NodeAddress {
  readonly priority: number;
  readonly weight: number;
}

export function fromSrv(records: readonly SrvRecord[], recordsMax: number): Answer {
  const candidates: Candidate[] = [];
  const ignored: string[] = [];
  for (const { target, port, priority, weight } of records) {
    const host = target.replace(/\.$/, '');
    // RFC 2782: the root as a target says that there is no such service, which is an answer and no fault.
    if (host === '') continue;
    if (isHost(host) && isPort(port)) candidates.push({ host, port, priority, weight });
    else ignored.push(`${target}:${port}`);
  }
  return answer(candidates, records, ignored, recordsMax);
}

export function fromAddresses(records: readonly AddressRecord[], port: number, recordsMax: number): Answer {
  const candidates: Candidate[] = [];
  const ignored: string[] = [];
  for (const { address } of records) {
    if (isNodeAddress(address)) candidates.push({ host: address, port, priority: 0, weight: 0 });
    else ignored.push(address);
  }
  return answer(candidates, records, ignored, recordsMax);
}

function answer(
  candidates: readonly Candidate[],
  records: readonly { readonly ttlMs?: number }[],
  ignored: readonly string[],
  recordsMax: number,
): Answer {
  const sorted = candidates
    // A server may answer in any letters and zeros; the parser knows one way to write each host.
    .map((candidate) => ({ ...candidate, ...parseAddress(formatAddress(candidate)) }))
    .map((candidate) => ({ ...candidate, key: formatAddress(candidate) }))
    // Name servers turn their lists at each question. By its own order, a list that is cut off keeps the same nodes.
    .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight || compare(a.key, b.key));
  const unique = new Map(sorted.map(({ key, host, port }) => [key, { address: { host, port } }]));
  return {
    nodes: [...unique.values()].slice(0, recordsMax),
    ttlMs: shortest(records),
    ignored,
    cutOff: Math.max(0, unique.size - recordsMax),
  };
}

/** Of a set, no record is to be believed longer than any other. */
function shortest(records: readonly { readonly ttlMs?: number }[]): number {
  const known = records.map(({ ttlMs = 0 }) => (ttlMs > 0 ? ttlMs : 0));
  return known.reduce((least, ttlMs) => Math.min(least, ttlMs), known[0] ?? 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
