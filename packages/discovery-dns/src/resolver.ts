// The door to DNS: two questions, so that tests and simulations answer them without a network. Node's own resolver is
// behind it where the options bring none.

/** One SRV record (RFC 2782). */
export interface SrvRecord {
  /** A host name without the dot at its end. Empty says that there is no such service. */
  readonly target: string;
  readonly port: number;
  /** The lowest is to be tried first. */
  readonly priority: number;
  /** Among equal priorities, the share that a target is to get. */
  readonly weight: number;
  /** How long the answer stays true, in milliseconds, where the resolver can tell. */
  readonly ttlMs?: number;
}

/** One A or AAAA record. */
export interface AddressRecord {
  /** IPv6 without brackets. */
  readonly address: string;
  /** How long the answer stays true, in milliseconds, where the resolver can tell. */
  readonly ttlMs?: number;
}

export interface QuestionOptions {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Asks a name server. A name that does not exist, or has no records of the kind, is an empty answer; a server that is
 * silent, refuses or fails is a rejection. Names are full names: no search domain is appended.
 */
export interface DnsResolver {
  srv(name: string, options: QuestionOptions): Promise<readonly SrvRecord[]>;
  /** A records for family 4, AAAA records for family 6; aliases are followed. */
  addresses(name: string, family: 4 | 6, options: QuestionOptions): Promise<readonly AddressRecord[]>;
}
