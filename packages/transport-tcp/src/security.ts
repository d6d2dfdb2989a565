// Who may connect. A secret is used as a TLS 1.3 external pre-shared key, certificates as mutual TLS; either way the peer is
// authenticated before a byte of its hello is read. There is no handshake of our own: node:tls does it.

import { hkdfSync, X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  createServer,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { ActorError, formatAddress, type NodeAddress, type PeerIdentity } from '@actor/core';

/** PEM texts. Each certificate carries the SAN URI `actor://<clusterName>/<nodeId>`, both percent-encoded. */
export interface TlsIdentity {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** The authorities whose certificates are accepted. Those of the system are not. */
  readonly ca: string | Uint8Array | readonly (string | Uint8Array)[];
}

export interface SecretOptions {
  /** The first is used to dial, every one is accepted. */
  readonly secrets: readonly (string | Uint8Array)[];
}

/** What a listener does with an accepted socket, and with one whose peer failed to authenticate. */
export interface Acceptor {
  accept(raw: Socket): void;
  close(): void;
}
interface AcceptorEvents {
  onSecure(socket: Socket): void;
  onRefused(error: Error, from: string | undefined): void;
}

export interface Security {
  readonly authenticated: boolean;
  /** Connects; `onSecure` is called once, when the peer is authenticated as far as TLS does it. */
  dial(to: NodeAddress, onSecure: (socket: Socket) => void): Socket;
  acceptor(events: AcceptorEvents): Acceptor;
  /** Does the certificate at the other end belong to the node that its hello names? */
  proves(socket: Socket, peer: PeerIdentity): boolean;
}

/** No authentication at all: any program that reaches the port is believed. */
export function plainSecurity(): Security {
  return {
    authenticated: false,
    dial: ({ host, port }, onSecure) => {
      const socket = connectTcp({ host, port, noDelay: true }, () => onSecure(socket));
      return socket;
    },
    acceptor: (events) => ({ accept: (raw) => events.onSecure(raw), close: () => {} }),
    proves: () => true,
  };
}

const tls13 = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // Node 22 can't name the hybrid groups of a newer OpenSSL, and what it can't name is no ephemeral key to `onceEphemeral`.
  ecdhCurve: 'X25519:P-256',
} as const;

/** Every holder of a secret is believed, whichever node it says it is. */
export function secretSecurity({ secrets }: SecretOptions, clusterName: string): Security {
  const keys = secrets.map((secret) => deriveKey(secret, clusterName));
  const [current] = keys;
  if (current === undefined) throw new ActorError('ACTOR_ASSERTION', 'Assertion failed: there is a secret.');
  const byIdentity = new Map(keys.map((key) => [key.identity, key.psk]));
  const shared = { ...tls13, ciphers: 'TLS_AES_128_GCM_SHA256' };
  return {
    authenticated: true,
    dial: (to, onSecure) => {
      const socket = connectTls(
        {
          ...shared,
          host: to.host,
          port: to.port,
          pskCallback: () => ({ psk: current.psk, identity: current.identity }),
          // Called for a certificate that the system trusts, which anybody can have: TLS lets the other side show one
          // instead of proving the key.
          checkServerIdentity: () =>
            tlsError('ERR_TLS_NO_SECRET', 'A certificate was shown instead of proving the secret.'),
        },
        () => onceEphemeral(socket, onSecure),
      );
      return socket;
    },
    acceptor: (events) =>
      tlsAcceptor({ ...shared, pskCallback: (_, identity) => byIdentity.get(identity) ?? null }, events),
    proves: () => true,
  };
}

/**
 * Both sides show a certificate of an accepted authority, and it must be the named node's own.
 * @throws what node:tls throws for texts that are no certificates and keys.
 */
export function certificateSecurity(identity: TlsIdentity, clusterName: string): Security {
  const own = {
    ...tls13,
    cert: asPem(identity.cert),
    key: asPem(identity.key),
    ca: (isList(identity.ca) ? identity.ca : [identity.ca]).map(asPem),
    rejectUnauthorized: true,
  };
  // Read once, not at every dial; and here, where a wrong text fails the configuration.
  const secureContext = createSecureContext(own);
  return {
    authenticated: true,
    dial: (to, onSecure) => {
      const socket = connectTls(
        // The certificate is bound to the node that answers, not to the host name, once the hello names the node.
        { ...own, secureContext, host: to.host, port: to.port, checkServerIdentity: () => undefined },
        () => onceEphemeral(socket, onSecure),
      );
      return socket;
    },
    acceptor: (events) => tlsAcceptor({ ...own, requestCert: true }, events),
    proves: (socket, { nodeId }) => {
      const names = (socket as TLSSocket).getPeerX509Certificate()?.subjectAltName;
      return names !== undefined && uriNames(names).includes(certificateUri(clusterName, nodeId));
    },
  };
}

/**
 * The nodes that a certificate is for.
 * @throws what node:crypto throws for a text that is no certificate.
 */
export function nodesOf(cert: string | Uint8Array): readonly string[] {
  return uriNames(new X509Certificate(cert).subjectAltName ?? '').filter((name) => name.startsWith('actor:'));
}

/** The name in a node's certificate. */
export function certificateUri(clusterName: string, nodeId: string): string {
  return `actor://${encodeURIComponent(clusterName)}/${encodeURIComponent(nodeId)}`;
}

/** The URI entries of Node's text form of a subject alternative name, where an entry with special characters is quoted. */
export function uriNames(subjectAltName: string): readonly string[] {
  return [...subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)]
    .filter(([, kind]) => kind === 'URI')
    .map(([, , name = '']) => (name.startsWith('"') ? (JSON.parse(name) as string) : name));
}

/** An error of a socket that is connecting, as one of ours. */
export function dialError(error: Error & { code?: string; syscall?: string }, to: NodeAddress): ActorError {
  const details = { host: to.host, port: to.port };
  if (isOfTls(error)) {
    return new ActorError(
      'ACTOR_UNAUTHENTICATED',
      `${formatAddress(to)} and this node could not authenticate each other: another secret, another cluster name, ` +
        'or another authority of certificates.',
      { details, cause: error },
    );
  }
  return new ActorError('ACTOR_NO_ROUTE', `${formatAddress(to)} can't be reached: ${error.message}`, {
    details,
    cause: error,
  });
}

// Errors of the system name a system call, but for a reset during the TLS handshake, and for one that holds the failures of
// all the addresses of a name; errors of node:tls name none.
function isOfTls(error: Error & { code?: string; syscall?: string }): boolean {
  const { code, syscall } = error;
  if (code === undefined || code === 'ECONNRESET' || code === 'ERR_SOCKET_BAD_PORT') return false;
  if (error instanceof AggregateError) return false;
  return code === 'EPROTO' || syscall === undefined;
}

interface DerivedKey {
  readonly psk: Buffer;
  readonly identity: string;
}

// The identity names the pair of secret and cluster without revealing either, so that a listener that accepts two
// secrets knows which one is meant. A short secret could be guessed from it, and from any TLS handshake with it.
function deriveKey(secret: string | Uint8Array, clusterName: string): DerivedKey {
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, clusterName, `@actor/transport-tcp ${purpose}`, bytes));
  return { psk: derive('key', 32), identity: derive('identity', 16).toString('hex') };
}

// Node wraps a socket that is handed to a TLS server by this event; caps and deadlines come before it, in the listener.
function tlsAcceptor(options: TlsOptions, events: AcceptorEvents): Acceptor {
  const server = createServer(options, (socket) => events.onSecure(socket));
  server.on('tlsClientError', (error, socket) => events.onRefused(error, socket.remoteAddress));
  return { accept: (raw) => void server.emit('connection', raw), close: () => void server.close() };
}

// A pre-shared key alone would make every recorded connection readable to whoever learns the secret later.
function onceEphemeral(socket: TLSSocket, onSecure: (socket: Socket) => void): void {
  socket.setNoDelay(true);
  const exchange = socket.getEphemeralKeyInfo();
  if (exchange !== null && 'type' in exchange) {
    onSecure(socket);
    return;
  }
  socket.destroy(tlsError('ERR_TLS_NO_EPHEMERAL_KEY', 'The TLS handshake had no ephemeral key.'));
}

function tlsError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function asPem(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value);
}
