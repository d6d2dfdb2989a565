// Who and where a node is. `nodeId` names a place and is stable; `incarnation` names one life of it and grows with each.

import { ActorError } from '../errors.ts';

declare const nodeIdFlavour: unique symbol;

/** The stable name of a node. Any string is one; another flavoured string (a shard's, say) is not. */
export type NodeId = string & { readonly [nodeIdFlavour]?: never };

/** Where a node is reached. `host` is a name or an IP address, IPv6 without brackets. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Free, small, JSON-like facts about a node that placement and people use: zone, rack, version. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** What discovery knows of a node. A configured address has no `nodeId` until somebody has spoken to it. */
export interface NodeInfo {
  readonly address: NodeAddress;
  readonly nodeId?: NodeId;
  readonly incarnation?: number;
  readonly metadata?: Metadata;
}

/** The node at the other end of a link, as it proved and said in its hello. */
export interface PeerIdentity {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  /** Where it can be dialled: what it advertises, not the ephemeral port of its own dial. */
  readonly address: NodeAddress;
}

/** `host:port`, with brackets around IPv6: the form in which addresses are compared, logged and put in URLs. */
export function formatAddress({ host, port }: NodeAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads `host:port`, `[ipv6]:port`, or the same behind a scheme (`tcp://host:port`). Two ways to write one host, in other
 * letters or with other zeros, give the same address; a name and what it stands for do not.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID naming `path` when the text is none of these.
 */
export function parseAddress(text: string, path = 'address'): NodeAddress {
  const match =
    /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\[([0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[\w.-]+)?)\]|([^[\]:/\s@?#%]+)):(\d{1,5})\/?$/.exec(
      text,
    );
  const host = match?.[1] === undefined ? match?.[2]?.toLowerCase() : shortest(match[1]);
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new ActorError(
      'ACTOR_CONFIG_INVALID',
      `${path}: "${text}" is not an address; write host:port or [ipv6]:port.`,
      {
        details: { path, value: text },
      },
    );
  }
  return { host, port };
}

/** An IPv6 address as RFC 5952 writes it; undefined for what is none. */
function shortest(ipv6: string): string | undefined {
  const [address = '', zone] = ipv6.split('%');
  const url = `http://[${address}]`;
  if (!URL.canParse(url)) return undefined;
  // A URL has no IPv4 address within; people and systems write one.
  const host = address.includes('.') ? address.toLowerCase() : new URL(url).hostname.slice(1, -1);
  return zone === undefined ? host : `${host}%${zone}`;
}
