// The options of tcp(), their defaults and their checks.

import { ActorError } from '@actor/core';
import { isDialable } from './hello.ts';
import type { TlsIdentity } from './security.ts';

export interface TcpOptions {
  /**
   * A secret of at least 16 bytes that all nodes share; TLS 1.3 with it as a pre-shared key. Of a list, the first is used to
   * dial and all are accepted: to rotate, add the new one last everywhere, then put it first everywhere, then drop the old.
   */
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Mutual TLS instead of a secret: it also proves which node the peer is. */
  readonly tls?: TlsIdentity | undefined;
  /**
   * Neither: whoever reaches the port and knows the cluster's name is believed. Needed only to listen elsewhere than on
   * loopback.
   * @defaultValue false
   */
  readonly insecure?: boolean | undefined;
  /** What other nodes dial, where it differs from what this one binds: a public host, a mapped port. */
  readonly advertise?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /**
   * The largest frame, in bytes. Give all nodes the same: `send` returns false for what is too large for the peer.
   * @defaultValue 67_108_864 (64 MiB)
   */
  readonly frameMaxBytes?: number | undefined;
  /**
   * Bytes that may wait for one peer on one lane; beyond that `send` returns false. A frame counts 64 more than its
   * bytes; an empty lane takes one of any size up to `frameMaxBytes`.
   * @defaultValue 16_777_216 (16 MiB)
   */
  readonly queueMaxBytes?: number | undefined;
  /**
   * The piece in which a large frame is given to its socket, in bytes. Smaller pieces let others have their turn sooner.
   * @defaultValue 65_536 (64 KiB)
   */
  readonly chunkBytes?: number | undefined;
  /**
   * How long a handshake may take in either direction, in milliseconds.
   * @defaultValue 5000
   */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Connections that have not said yet who they are.
   * @defaultValue 256
   */
  readonly pendingMax?: number | undefined;
  /**
   * The same, of one remote address.
   * @defaultValue 64
   */
  readonly pendingPerAddressMax?: number | undefined;
  /**
   * Links, that is peers.
   * @defaultValue 1024
   */
  readonly linksMax?: number | undefined;
  /**
   * A lane that was silent for this long is asked for a sign of life, in milliseconds.
   * @defaultValue 5000
   */
  readonly keepAliveMs?: number | undefined;
  /**
   * How many such intervals may stay without an answer before the link counts as lost.
   * @defaultValue 3
   */
  readonly keepAliveMissesMax?: number | undefined;
  /**
   * The wait after the first failed dial, in milliseconds; it doubles with each further one. Jittered.
   * @defaultValue the cluster's retryDelayMs
   */
  readonly backoffMinMs?: number | undefined;
  /**
   * The longest wait between dials, in milliseconds.
   * @defaultValue twice backoffMinMs
   */
  readonly backoffMaxMs?: number | undefined;
}

/** Options with their defaults in place; the backoff's come with the context. */
export type TcpSettings = Given<Omit<TcpOptions, 'secret' | 'tls' | 'backoffMinMs' | 'backoffMaxMs'>> & {
  readonly secrets: readonly (string | Uint8Array)[];
  readonly tls: TlsIdentity | undefined;
  readonly backoffMinMs: number | undefined;
  readonly backoffMaxMs: number | undefined;
  /** There is the option and no secret in it, as of an environment variable that is not set. */
  readonly isSecretMissing: boolean;
};

type Given<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

type NumberName = {
  [Name in keyof TcpSettings]: TcpSettings[Name] extends number | undefined ? Name : never;
}[keyof TcpSettings];

const secretMinBytes = 16;

/** One error for all the faults of a configuration. */
export function invalid(faults: readonly string[], cause?: unknown): ActorError {
  return new ActorError('ACTOR_CONFIG_INVALID', faults.join('\n'), {
    details: { faults },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** @throws {@link ActorError} ACTOR_CONFIG_INVALID; `details.faults` lists every fault. */
export function settingsOf(options: TcpOptions): TcpSettings {
  const settings = withDefaults(options);
  const faults = [...authenticationFaults(settings, options), ...numberFaults(settings)];
  if (faults.length > 0) throw invalid(faults);
  return settings;
}

function withDefaults(options: TcpOptions): TcpSettings {
  const { secret } = options;
  const secrets =
    secret === undefined ? [] : Array.isArray(secret) ? (secret as readonly string[]) : [secret as string];
  return {
    secrets,
    tls: options.tls,
    insecure: options.insecure ?? false,
    advertise: options.advertise ?? {},
    frameMaxBytes: options.frameMaxBytes ?? 64 * 1024 ** 2,
    queueMaxBytes: options.queueMaxBytes ?? 16 * 1024 ** 2,
    chunkBytes: options.chunkBytes ?? 64 * 1024,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5_000,
    pendingMax: options.pendingMax ?? 256,
    pendingPerAddressMax: options.pendingPerAddressMax ?? 64,
    linksMax: options.linksMax ?? 1_024,
    keepAliveMs: options.keepAliveMs ?? 5_000,
    keepAliveMissesMax: options.keepAliveMissesMax ?? 3,
    backoffMinMs: options.backoffMinMs,
    backoffMaxMs: options.backoffMaxMs,
    isSecretMissing: 'secret' in options && secret === undefined,
  };
}

function authenticationFaults(
  { secrets, tls, insecure }: TcpSettings,
  { secret }: TcpOptions,
): readonly string[] {
  const faults: string[] = [];
  const ways = [secret !== undefined, tls !== undefined, insecure].filter(Boolean).length;
  if (ways > 1) faults.push('transport: choose one of secret, tls and insecure.');
  if (secret !== undefined && secrets.length === 0)
    faults.push('transport.secret: an empty list is no secret.');
  for (const [index, each] of secrets.entries()) {
    const path = secrets.length === 1 ? 'transport.secret' : `transport.secret[${index}]`;
    if (typeof each !== 'string' && !((each as unknown) instanceof Uint8Array)) {
      faults.push(`${path} must be a string or bytes.`);
    } else if (Buffer.byteLength(each) < secretMinBytes) {
      faults.push(
        `${path} has fewer than ${secretMinBytes} bytes: it could be guessed. Try: openssl rand -base64 32.`,
      );
    }
  }
  return faults;
}

function numberFaults(settings: TcpSettings): readonly string[] {
  const faults: string[] = [];
  const whole = (name: NumberName, min: number, max: number): void => {
    const value = settings[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return;
    faults.push(`transport.${name} must be a whole number from ${min} to ${max}, not ${value}.`);
  };
  whole('frameMaxBytes', 1_024, 2 ** 31);
  whole('queueMaxBytes', 1, Number.MAX_SAFE_INTEGER);
  whole('chunkBytes', 1_024, 2 ** 31);
  whole('handshakeTimeoutMs', 1, 2 ** 31);
  for (const name of ['pendingMax', 'pendingPerAddressMax', 'linksMax'] as const) whole(name, 1, 1_000_000);
  whole('keepAliveMs', 1, 2 ** 31);
  whole('keepAliveMissesMax', 1, 1_000);
  for (const name of ['backoffMinMs', 'backoffMaxMs'] as const)
    if (settings[name] !== undefined) whole(name, 1, 2 ** 31);
  if ((settings.backoffMaxMs ?? Infinity) < (settings.backoffMinMs ?? 0)) {
    faults.push('transport.backoffMaxMs is below transport.backoffMinMs.');
  }
  const { host = 'localhost', port = 1 } = settings.advertise;
  if (!isDialable({ host, port: 1 })) faults.push(`transport.advertise.host can't be dialled: "${host}".`);
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    faults.push(`transport.advertise.port must be from 1 to 65535, not ${port}.`);
  }
  return faults;
}
