// Reading one hello from a socket, and both outcomes of one outgoing attempt. Deadlines belong to the callers.

import type { Socket } from 'node:net';
import { ActorError, formatAddress, type NodeAddress, type NodeId, type Runtime } from '@actor/core';
import { decodeHello, encodeHello, type Hello, type HelloResult, type RefusalReason } from './hello.ts';
import { dialError, type Security } from './security.ts';

export type HelloOutcome = Exclude<HelloResult, { readonly kind: 'partial' }>;

/** Calls back once, with the hello and what came behind it, or with what is wrong; not at all when the socket closes first. */
export function readHello(socket: Socket, onHello: (result: HelloOutcome, rest: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0);
  const onData = (piece: Buffer): void => {
    // A hello comes in one piece; the copy is for those that do not, and small: what is still no hello is shorter than one.
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    const result = decodeHello(received);
    if (result.kind === 'partial') return;
    socket.off('data', onData);
    socket.pause();
    onHello(result, result.kind === 'complete' ? received.subarray(result.bytes) : Buffer.alloc(0));
  };
  socket.on('data', onData);
}

/** An attempt to open one connection to an address. */
export interface Attempt {
  readonly to: NodeAddress;
  readonly hello: Hello;
  readonly security: Security;
  readonly runtime: Runtime;
  readonly timeoutMs: number;
}

export interface AttemptEvents {
  /** By the node that the welcome names, as far as the security can tell. */
  onWelcome(socket: Socket, welcome: Hello, rest: Buffer): void;
  /** With the refusal where the other side sent one. */
  onFailed(error: ActorError, refusal: Hello | undefined): void;
}

/** Dials, says hello and reads the answer; exactly one of the events follows, unless the returned function gives it up. */
export function attempt(
  { to, hello, security, runtime, timeoutMs }: Attempt,
  events: AttemptEvents,
): () => void {
  let socket: Socket | undefined;
  let isOver = false;
  const finish = (): boolean => {
    if (isOver) return false;
    isOver = true;
    timer.cancel();
    return true;
  };
  const fail = (error: ActorError, refusal?: Hello): void => {
    if (!finish()) return;
    socket?.destroy();
    events.onFailed(error, refusal);
  };
  const timer = runtime.after(timeoutMs, () => fail(unreachable(to, `no answer within ${timeoutMs} ms`)));
  const onSecure = (secure: Socket): void => {
    secure.write(encodeHello(hello));
    readHello(secure, (answer, rest) => {
      if (answer.kind !== 'complete') {
        fail(refusalError(to, answer.kind));
        return;
      }
      const peer = answer.hello;
      // A refusal counts as well: it may say that a node's life is over.
      if (!security.proves(secure, peer.identity)) {
        fail(refusalError(to, 'identity', peer, hello.identity.nodeId));
      } else if (peer.kind !== 'welcome') fail(refusalError(to, peer.reason, peer), peer);
      else if (finish()) events.onWelcome(secure, peer, rest);
    });
  };
  try {
    socket = security.dial(to, onSecure);
    socket.on('error', (error) => fail(dialError(error, to)));
    socket.on('close', () => fail(unreachable(to, 'the connection was closed before an answer')));
  } catch (error) {
    // Node refuses at once what is no address, a port above 65,535 say. The caller still hears of it later.
    runtime.microtask(() => fail(dialError(error as Error & { syscall?: string }, to)));
  }
  return () => {
    if (finish()) socket?.destroy();
  };
}

/** Says why, as the last bytes of a connection. What the peer still sends is read, or the answer might not reach it. */
export function refuse(socket: Socket, refusal: Hello): void {
  socket.end(encodeHello(refusal));
  socket.resume();
}

/** A refusal as the dialler reports it. `refusedBy` tells whether the other side or this one did not want the link. */
export function refusalError(
  to: NodeAddress,
  reason: RefusalReason,
  peer?: Hello,
  refusedBy: NodeId | undefined = peer?.identity.nodeId,
): ActorError {
  const details = {
    host: to.host,
    port: to.port,
    reason,
    ...(peer === undefined ? {} : { nodeId: peer.identity.nodeId, clusterName: peer.clusterName, refusedBy }),
  };
  return new ActorError(codeOf(reason), `${formatAddress(to)}: the link was refused: ${explain[reason]}.`, {
    details,
  });
}

const explain: Readonly<Record<RefusalReason, string>> = {
  none: 'no reason was given',
  malformed: 'what was said is no hello',
  version: 'there is no protocol version that both sides speak',
  'foreign-cluster': 'the node is of a cluster of another name',
  'foreign-cluster-id': 'the node is of a cluster of the same name that was founded apart',
  self: 'the node has dialled itself',
  'node-id-taken': 'both nodes have the same id',
  'old-incarnation': 'a later life of the node is known',
  identity: 'the certificate is not that of the node which showed it',
  duplicate: 'there is a link already',
  'too-many-links': 'there are as many links as there may be',
  'no-such-link': 'there is no link that this connection could join',
};

function codeOf(
  reason: RefusalReason,
): 'ACTOR_UNAUTHENTICATED' | 'ACTOR_NO_ROUTE' | 'ACTOR_PROTOCOL_MISMATCH' {
  switch (reason) {
    case 'identity':
      return 'ACTOR_UNAUTHENTICATED';
    case 'duplicate':
    case 'too-many-links':
    case 'no-such-link':
      return 'ACTOR_NO_ROUTE';
    case 'none':
    case 'malformed':
    case 'version':
    case 'foreign-cluster':
    case 'foreign-cluster-id':
    case 'self':
    case 'node-id-taken':
    case 'old-incarnation':
      return 'ACTOR_PROTOCOL_MISMATCH';
  }
}

function unreachable(to: NodeAddress, why: string): ActorError {
  return new ActorError('ACTOR_NO_ROUTE', `${formatAddress(to)} can't be reached: ${why}.`, {
    details: { host: to.host, port: to.port },
  });
}
