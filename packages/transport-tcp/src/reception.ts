// The accepting side of the handshake: a hello becomes a connection of a link, or is refused with a reason.

import type { NodeAddress } from '@actor/core';
import { admit, checkPeer } from './admission.ts';
import { refuse } from './handshake.ts';
import { encodeHello, type Hello, helloOf, type RefusalReason, type Self } from './hello.ts';
import type { LinkTable } from './link-table.ts';
import type { Arrival } from './listener.ts';
import type { Security } from './security.ts';

export interface ReceptionOptions {
  readonly self: Self;
  readonly security: Security;
  readonly links: LinkTable;
  readonly linksMax: number;
  /** Is this node dialling the address and not yet linked with it? */
  isDialling(address: NodeAddress): boolean;
  /** The node there was let in: its own dial is not needed. */
  onAdmitted(address: NodeAddress): void;
  onRefused(reason: RefusalReason, from: string, hello: Hello | undefined): void;
}

const anyLink = '0'.repeat(16);

export class Reception {
  readonly #options: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  receive(arrival: Arrival): void {
    const { result } = arrival;
    if (result.kind !== 'complete') this.#refuse(arrival, result.kind);
    else if (result.hello.kind !== 'hello') this.#refuse(arrival, 'malformed');
    else {
      const reason = this.#check(arrival, result.hello);
      if (reason === 'none') this.#admit(arrival, result.hello);
      else this.#refuse(arrival, reason, result.hello);
    }
  }

  #check({ socket }: Arrival, hello: Hello): RefusalReason {
    const { self, security, links, linksMax } = this.#options;
    const { nodeId, address } = hello.identity;
    const reason = checkPeer(self, hello);
    if (reason !== 'none') return reason;
    if (!security.proves(socket, hello.identity)) return 'identity';
    const link = links.with(nodeId);
    if (hello.lane === 'control') {
      if (link === undefined && links.size >= linksMax) return 'too-many-links';
      return admit(self, hello, link, this.#options.isDialling(address));
    }
    const isAwaited =
      link?.id === hello.linkId && !link.isDialledHere && link.state === 'opening' && !link.has(hello.lane);
    return isAwaited ? 'none' : 'no-such-link';
  }

  #admit({ socket, rest, keep }: Arrival, hello: Hello): void {
    const { self, links } = this.#options;
    const { lane, linkId, identity } = hello;
    keep();
    socket.write(encodeHello(helloOf(self, { kind: 'welcome', lane, linkId })));
    if (lane === 'control') {
      this.#options.onAdmitted(identity.address);
      links.create(hello, linkId, false).add(lane, socket, rest);
    } else links.with(identity.nodeId)?.add(lane, socket, rest);
  }

  #refuse({ socket }: Arrival, reason: RefusalReason, hello?: Hello): void {
    this.#options.onRefused(reason, socket.remoteAddress ?? 'a closed socket', hello);
    const { lane = 'control', linkId = anyLink } = hello ?? {};
    refuse(socket, helloOf(this.#options.self, { kind: 'refusal', reason, lane, linkId }));
  }
}
