// The dialling side: an address that frames wait for becomes a link, or the frames are dropped after enough failures.

import type { Socket } from 'node:net';
import { type ActorError, formatAddress, type Lane, type NodeAddress, type Runtime } from '@actor/core';
import { checkPeer, confirm } from './admission.ts';
import type { Frame } from './frame.ts';
import { attempt, refusalError } from './handshake.ts';
import { type Hello, helloOf, type Self } from './hello.ts';
import { lanes, type Link } from './link.ts';
import type { LinkTable } from './link-table.ts';
import { type Backoff, backoffMs } from './reconnect.ts';
import { Route } from './route.ts';
import type { Security } from './security.ts';

export interface DiallerOptions {
  readonly self: Self;
  readonly security: Security;
  readonly links: LinkTable;
  readonly runtime: Runtime;
  readonly backoff: Backoff;
  readonly maxRetries: number;
  readonly queueMaxBytes: number;
  readonly timeoutMs: number;
  onDialFailed(to: NodeAddress, error: ActorError): void;
  /** Frames that waited are lost. */
  onGaveUp(to: NodeAddress, error: ActorError): void;
  /** Frames that waited are larger than what the node there takes. */
  onTooLarge(link: Link, frames: number): void;
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #routes = new Map<string, Route>();
  /** Links that are opening, and whose dial they are. */
  readonly #opening = new Map<Link, Route>();

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  isDialling(address: NodeAddress): boolean {
    return this.#routes.get(formatAddress(address))?.isDialling === true;
  }

  /** Keeps the frame until there is a link, which it starts to dial. False: too much is waiting already. */
  send(key: string, to: NodeAddress, frame: Frame, lane: Lane): boolean {
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = this.#route(key, to);
      const started = route;
      this.#options.runtime.microtask(() => this.#dial(started));
    }
    return route.waiting[lane].push(frame);
  }

  /** A link was lost: what was not written yet waits for the next one. */
  resume(link: Link): void {
    const unsent = lanes.map((lane) => [lane, link.takeUnsent(lane)] as const);
    if (unsent.every(([, frames]) => frames.length === 0)) return;
    const key = formatAddress(link.peer.address);
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = this.#route(key, link.peer.address);
      route.nodeId = link.peer.nodeId;
      this.#retryLater(route, 1);
    }
    // Younger ones may wait already, sent by a listener just now or while the link was ending.
    for (const [lane, frames] of unsent) route.waiting[lane].restore(frames);
  }

  /** The node at the address was let in by its own dial: what is under way here gives way. */
  giveWay(address: NodeAddress): void {
    const route = this.#routes.get(formatAddress(address));
    if (route?.isDialling !== true) return;
    route.giveUpDial();
    this.#retryLater(route, 1);
  }

  /** The link is up: frames that wait for its address, or for its node, go over it. */
  onUp(link: Link): void {
    // Its own dial has come to its end; other dials that it makes needless are given up.
    this.#opening.get(link)?.dialled();
    this.#opening.delete(link);
    const key = formatAddress(link.peer.address);
    for (const [routeKey, route] of this.#routes) {
      if (routeKey === key || route.nodeId === link.peer.nodeId) this.#deliver(routeKey, route, link);
    }
  }

  /** A link that this side was opening did not come up. */
  onNotUp(link: Link, error: Error | undefined): void {
    const route = this.#opening.get(link);
    this.#opening.delete(link);
    if (route === undefined || route.isOver || !route.isDialling) return;
    route.giveUpDial();
    this.#onFailed(route, (error as ActorError | undefined) ?? refusalError(route.to, 'no-such-link'));
  }

  stop(): void {
    for (const route of this.#routes.values()) route.end();
    this.#routes.clear();
  }

  #route(key: string, to: NodeAddress): Route {
    const route = new Route(to, this.#options.queueMaxBytes);
    this.#routes.set(key, route);
    return route;
  }

  #dial(route: Route): void {
    if (route.isOver) return;
    const known = route.nodeId === undefined ? undefined : this.#options.links.with(route.nodeId);
    if (known?.state === 'up') {
      this.#deliver(formatAddress(route.to), route, known);
      return;
    }
    if (known?.state === 'opening') {
      this.#retryLater(route, 1);
      return;
    }
    const linkId = Buffer.from(this.#options.runtime.randomBytes(8)).toString('hex');
    const giveUp = this.#attempt(route.to, 'control', linkId, route.isDuplicate, {
      onWelcome: (socket, welcome, rest) => this.#onWelcome(route, linkId, socket, welcome, rest),
      onFailed: (error, refusal) => {
        if (refusal?.reason === 'duplicate') this.#onDuplicate(route, error, refusal);
        else this.#onFailed(route, error);
      },
    });
    route.dialling(giveUp);
  }

  #attempt(
    to: NodeAddress,
    lane: Lane,
    linkId: string,
    isFresh: boolean,
    events: Parameters<typeof attempt>[1],
  ): () => void {
    const { self, security, runtime, timeoutMs } = this.#options;
    const hello = helloOf(self, { kind: 'hello', lane, linkId, isFresh });
    return attempt({ to, hello, security, runtime, timeoutMs }, events);
  }

  #onWelcome(route: Route, linkId: string, socket: Socket, welcome: Hello, rest: Buffer): void {
    const { self, links } = this.#options;
    const { nodeId } = welcome.identity;
    const reason = checkPeer(self, welcome);
    const verdict = reason === 'none' ? confirm(self, welcome, links.with(nodeId)) : reason;
    route.nodeId = nodeId;
    if (verdict === 'use-mine') {
      const link = links.create(welcome, linkId, true);
      this.#opening.set(link, route);
      link.add('control', socket, rest);
      this.#addLanes(route, link);
      return;
    }
    socket.destroy();
    if (verdict === 'use-other') this.#dialSoonAgain(route);
    else this.#onFailed(route, refusalError(route.to, verdict, welcome, self.identity.nodeId));
  }

  // One after the other, so that a link needs only one place among the connections that the other side lets wait.
  #addLanes(route: Route, link: Link): void {
    const lane = lanes.find((each) => !link.has(each));
    if (lane === undefined) return;
    const giveUp = this.#attempt(route.to, lane, link.id, false, {
      onWelcome: (socket, { identity }, rest) => {
        const isSame = identity.nodeId === link.peer.nodeId && identity.incarnation === link.peer.incarnation;
        if (link.state === 'opening' && isSame) {
          link.add(lane, socket, rest);
          this.#addLanes(route, link);
          return;
        }
        socket.destroy();
        link.destroy();
      },
      onFailed: (error) => link.destroy(error),
    });
    if (link.state === 'opening') {
      route.dialling(() => {
        giveUp();
        link.destroy();
      });
    }
  }

  #onDuplicate(route: Route, error: ActorError, refusal: Hello): void {
    const { nodeId, incarnation } = refusal.identity;
    route.nodeId = nodeId;
    route.isDuplicate = this.#options.links.with(nodeId)?.peer.incarnation !== incarnation;
    if (route.isDuplicate) this.#countFailure(route, error);
    else this.#dialSoonAgain(route);
  }

  #dialSoonAgain(route: Route): void {
    route.dialled();
    this.#dial(route);
  }

  #onFailed(route: Route, error: ActorError): void {
    route.isDuplicate = false;
    this.#options.onDialFailed(route.to, error);
    // A listener may have stopped the transport.
    if (!route.isOver) this.#countFailure(route, error);
  }

  #countFailure(route: Route, error: ActorError): void {
    route.dialled();
    route.failures += 1;
    if (error.retryable && route.failures < this.#options.maxRetries) {
      this.#retryLater(route, route.failures);
      return;
    }
    this.#options.onGaveUp(route.to, error);
    route.end();
    this.#routes.delete(formatAddress(route.to));
  }

  #retryLater(route: Route, failures: number): void {
    const { runtime, backoff } = this.#options;
    const delayMs = backoffMs(backoff, failures, runtime.random());
    route.retryBy(runtime.after(delayMs, () => this.#dial(route)));
  }

  #deliver(key: string, route: Route, link: Link): void {
    this.#routes.delete(key);
    this.#options.links.alias(link, route.to);
    let tooLarge = 0;
    for (const lane of lanes) {
      const frames = route.waiting[lane].drain();
      const fitting = frames.filter((frame) => frame.byteLength <= link.frameMaxBytes);
      tooLarge += frames.length - fitting.length;
      link.sendAll(fitting, lane);
    }
    route.end();
    if (tooLarge > 0) this.#options.onTooLarge(link, tooLarge);
  }
}
