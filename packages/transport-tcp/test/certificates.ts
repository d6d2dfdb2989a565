// Certificates made for one test run: an authority, and nodes that it vouches for. X.509 in DER by hand, since the least
// that TLS needs is less than a library would bring.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { certificateUri, type TlsIdentity } from '../src/index.ts';

const day = 86_400_000;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(new Date(ms).toISOString().replace(/^..|[-:T]|\..*$/g, '') + 'Z'));
const name = (text: string): Buffer =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
const extension = (id: string, value: Uint8Array): Buffer => sequence(oid(id), der(0x04, value));

const ecdsaSha256 = sequence(oid('2a8648ce3d040302'));
const isAuthority = extension('551d13', sequence(der(0x01, Buffer.of(0xff))));
const uri = (text: string): Buffer => extension('551d11', sequence(der(0x86, Buffer.from(text))));

interface Content {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly serial: number;
  readonly extension: Uint8Array;
}

function certificate({ subject, publicKey, signingKey, serial, extension: only }: Content): string {
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.from([1, serial >> 8, serial & 255])),
    ecdsaSha256,
    name('test authority'),
    sequence(time(Date.now() - day), time(Date.now() + day)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(only)),
  );
  const signed = sequence(content, ecdsaSha256, bits(sign('sha256', content, signingKey)));
  return `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

const keyPair = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

export class Authority {
  readonly ca: string;
  readonly #keys = keyPair();
  #issued = 0;

  constructor() {
    const { publicKey, privateKey: signingKey } = this.#keys;
    this.ca = certificate({
      subject: 'test authority',
      publicKey,
      signingKey,
      serial: 0,
      extension: isAuthority,
    });
  }

  /** What the node gives to `tcp({ tls })`. */
  vouchFor(clusterName: string, nodeId: string): Record<keyof TlsIdentity, string> {
    const { publicKey, privateKey } = keyPair();
    this.#issued += 1;
    const cert = certificate({
      subject: 'node',
      publicKey,
      signingKey: this.#keys.privateKey,
      serial: this.#issued,
      extension: uri(certificateUri(clusterName, nodeId)),
    });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), ca: this.ca };
  }
}
