// Started transports on loopback, with all that they have been told, and raw sockets to speak to them badly.

import {
  type ActorError,
  type Lane,
  type Logger,
  type NodeAddress,
  silentLogger,
  systemRuntime,
  type Transport,
} from '@actor/core';
import { realTime, transportContext, type TransportNode } from '@actor/core/testkit';
import { onTestFinished } from 'vitest';
import { decodeHello, encodeHello, type Hello, helloOf } from '../src/hello.ts';
import { tcp, type TcpOptions } from '../src/index.ts';
import { plainSecurity, type Security } from '../src/security.ts';

export const secret = 'correct horse battery staple';

const runtime = systemRuntime();

/** Waits for an event, not for a time. */
export function until(predicate: () => boolean, what: string): Promise<void> {
  return realTime(runtime, { withinMs: 15_000 }).eventually(predicate, what);
}

export interface Started {
  readonly transport: Transport;
  readonly address: NodeAddress;
  /** In order: `+b#1` link-up, `-b#1` link-down, `b user: text` a frame. */
  readonly log: string[];
  readonly failures: ActorError[];
  /** The reasons of refusals that it has logged. */
  readonly refusals: string[];
  /** What else it has warned of. */
  readonly warnings: string[];
}

export async function start(options: TcpOptions, node: TransportNode): Promise<Started> {
  const refusals: string[] = [];
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (fields: object | string) => {
      if (typeof fields === 'string') warnings.push(fields);
      else if ('reason' in fields) refusals.push(fields.reason as string);
    },
    child: () => logger,
  };
  const timing = { maxRetries: 3, retryDelayMs: 20, ...node.timing };
  const transport = tcp(options)(transportContext({ ...node, timing, runtime, logger }));
  const log: string[] = [];
  const failures: ActorError[] = [];
  transport.onLink((peer, up) => log.push(`${up ? '+' : '-'}${peer.nodeId}#${peer.incarnation}`));
  transport.receive((from, frame, lane) =>
    log.push(`${from.nodeId} ${lane}: ${Buffer.from(frame).toString()}`),
  );
  transport.onDialFailed?.((_, error) => failures.push(error));
  await transport.start();
  onTestFinished(() => transport.stop({ deadlineMs: 50 }));
  return { transport, address: transport.address(), log, failures, refusals, warnings };
}

export function say(from: Started, to: Started, text: string, lane: Lane = 'user'): boolean {
  return from.transport.send(to.address, Buffer.from(text), lane);
}

/** The frames that arrived. */
export function heard(node: Started): string[] {
  return node.log.flatMap((entry) => / \w+: (.*)$/s.exec(entry)?.[1] ?? []);
}

export function links(node: Started): string[] {
  return node.log.filter((entry) => /^[+-]/.test(entry));
}

/** The first failed dial. */
export async function dialFailure(node: Started): Promise<ActorError> {
  await until(() => node.failures.length > 0, 'a failed dial');
  const [error] = node.failures;
  if (error === undefined) throw new Error('no dial failed');
  return error;
}

/** A socket without manners. */
export class RawSocket {
  readonly socket: ReturnType<Security['dial']>;
  received: Buffer = Buffer.alloc(0);
  isClosed = false;

  constructor(to: NodeAddress) {
    this.socket = plainSecurity().dial(to, () => {});
    this.socket.on('data', (piece) => (this.received = Buffer.concat([this.received, piece])));
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.isClosed = true));
    onTestFinished(() => void this.socket.destroy());
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  closed(): Promise<void> {
    return until(() => this.isClosed, 'the other side to close');
  }

  /** The hello that came back. */
  async answer(): Promise<Hello> {
    let hello: Hello | undefined;
    await until(() => {
      const result = decodeHello(this.received);
      if (result.kind !== 'complete') return false;
      hello = result.hello;
      this.received = this.received.subarray(result.bytes);
      return true;
    }, 'an answer');
    return hello as Hello;
  }
}

export function rawHello(nodeId: string, part: Partial<Hello> = {}): Hello {
  const self = {
    clusterName: 'conformance',
    clusterId: '',
    identity: { nodeId, incarnation: 1, address: { host: '127.0.0.1', port: 1 } },
    frameMaxBytes: 1_024,
  };
  return { ...helloOf(self, { kind: 'hello', lane: 'control', linkId: 'a'.repeat(16) }), ...part };
}

/** A link made by hand: its three sockets, control first. */
export async function rawLink(
  to: NodeAddress,
  nodeId: string,
  part: Partial<Hello> = {},
): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  for (const lane of ['control', 'user', 'bulk'] as const) {
    const socket = new RawSocket(to);
    socket.write(encodeHello(rawHello(nodeId, { ...part, lane })));
    const { kind, reason } = await socket.answer();
    if (kind !== 'welcome') throw new Error(`refused: ${reason}`);
    sockets.push(socket);
  }
  return sockets;
}
