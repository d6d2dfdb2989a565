// The joint between an ActorSystem and a cluster. The system knows only recipients: a local actor is one, and a gateway
// makes others for addresses of other nodes. `system.attach(gateway)` hands back a port, and through it the gateway
// delivers what came in. Everything here is synchronous; nothing here throws for the state of a remote node.
//
//   out   ref.tell.add(x) → Envelope → Recipient.send()             (the gateway's recipient queues it for a link)
//   in    frame → port.deliver({ path, method, payload, … })        (the system finds the actor and its handler)
//   back  handler's result → reply.resolve(value)                   (the gateway's sink for a request from outside,
//                                                                    or the system's own, which waits in this process)
//
// Counting (G8): the sending system counts `sent` when a ref sends; the system that runs the handler counts `processed`;
// whoever gives a message up calls `port.deadLetter` once for it, on one node only.

import type { DeadLetter } from './dead-letter.ts';
import type { Envelope, Headers, SendResult } from './envelope.ts';
import type { MessageKind, Method } from './method.ts';
import type { Protocol } from './protocol.ts';
import type { ActorRef } from './ref.ts';
import type { ReplySink, StreamSink } from './reply.ts';

/** Somebody who learns that an actor is gone. `terminated` is called at most once for each `watch`, and must not throw. */
export interface Watcher {
  terminated(of: Recipient): void;
}

/** What a ref hands its messages to. */
export interface Recipient {
  /** `<origin>/<path>`, for example `tcp://127.0.0.1:8081/cart` or `actor://shop/cart`. */
  readonly address: string;
  /** The one life of the actor that is meant; undefined means whoever lives at the address now. */
  readonly uid: number | undefined;
  /**
   * Takes the message or says why not. It keeps the order of its calls, never blocks and never throws. When the result
   * isn't `accepted`, it has made the dead letter and has rejected `envelope.reply`, where there is one.
   */
  send(envelope: Envelope): SendResult;
  /** As `send` for a plain tell, for a recipient that needs no envelope for it. */
  tell?(method: Method, payload: unknown, sender: ActorRef | undefined): SendResult;
  /**
   * From now on the watcher learns when the actor is gone, for whatever reason; at once, if it is gone already. Watching
   * twice with one watcher is watching once. `terminated` may be called from inside this call.
   */
  watch(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

/**
 * Supplied by the cluster.
 * @experimental
 */
export interface Gateway {
  /** Where this system is reached, scheme included and no slash at the end: the prefix of its actors' addresses. */
  readonly origin: string;
  /**
   * A recipient for an address whose origin isn't this system's. Called once for each ref, when it is first used; it may
   * return the same object for the same address and life. An address that can never work gets a recipient that answers `no-route`.
   */
  recipient(address: string, uid: number | undefined): Recipient;
}

/** A message from another node. */
export interface Inbound {
  /** The path below the origin: `cart`, or `parent/child`. */
  readonly path: string;
  /** Given when the sender's ref was bound to one life; another life at the path is `terminated` for it. */
  readonly uid: number | undefined;
  readonly kind: MessageKind;
  readonly method: string;
  /** Decoded; `port.ref` makes the refs in it. The system validates it when the contract has a schema. */
  readonly payload: unknown;
  readonly sender: ActorRef | undefined;
  /** A ReplySink for an ask, a StreamSink for a stream, undefined for a tell. */
  readonly reply: ReplySink | StreamSink | undefined;
  readonly headers: Headers | undefined;
}

export interface ForeignRef<P extends Protocol> {
  /** What it speaks. A name is enough when this process has defined or used that protocol; `ref.as` can say it later. */
  readonly protocol?: P | string | undefined;
  readonly uid?: number | undefined;
}

/**
 * What the system offers its gateway.
 * @experimental
 */
export interface GatewayPort {
  /**
   * Delivers a message to a local actor. Deliveries are queued in the order of the calls. Whatever goes wrong (nobody
   * there, unknown message, refused payload, full mailbox) the system makes the dead letter and rejects the reply.
   * It does not count as sent here: the sending node has counted it.
   */
  deliver(inbound: Inbound): SendResult;
  /** A ref for any address, local or foreign. Refs in payloads travel as (address, uid, protocolName). */
  ref<P extends Protocol = Protocol>(address: string, options?: ForeignRef<P>): ActorRef<P>;
  /** Whoever lives at a path here, now or later: for an address that turns out to be this system's under another name. */
  local(path: string, uid: number | undefined): Recipient;
  /** Watches a local actor for somebody on another node; `terminated` comes at once when that life is not there. */
  watch(path: string, uid: number | undefined, watcher: Watcher): void;
  unwatch(path: string, uid: number | undefined, watcher: Watcher): void;
  /**
   * Publishes and counts a message that the gateway gave up. With reason `link-lost` it counts as reported unknown.
   * The gateway rejects the reply of a request itself: it knows the code.
   */
  deadLetter(letter: DeadLetter): void;
  /** Ends the attachment. Refs to foreign addresses answer `no-route` from then on, until another gateway is attached. */
  detach(): void;
}
