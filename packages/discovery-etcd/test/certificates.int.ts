// Certificates for one test run, in DER by hand: an authority, and whoever it vouches for by a DNS name and on loopback.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

const day = 86_400_000;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
const list = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const named = (text: string): Buffer => list(der(0x31, list(oid('550403'), der(0x0c, Buffer.from(text)))));
const at = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/^..|[-:T]|\..*$/g, '')}Z`));
const extension = (id: string, value: Uint8Array): Buffer => list(oid(id), der(0x04, value));

const ecdsaSha256 = list(oid('2a8648ce3d040302'));
const isAuthority = extension('551d13', list(der(0x01, Buffer.of(0xff))));
const stands = (name: string): Buffer =>
  extension('551d11', list(der(0x82, Buffer.from(name)), der(0x87, Buffer.of(127, 0, 0, 1))));

export class Authority {
  readonly ca: string;
  readonly #key: KeyObject;
  #issued = 0;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.ca = this.#certify('test authority', publicKey, isAuthority);
  }

  vouchFor(name: string): { readonly cert: string; readonly key: string } {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { cert: this.#certify(name, publicKey, stands(name)), key };
  }

  #certify(subject: string, publicKey: KeyObject, only: Uint8Array): string {
    this.#issued += 1;
    const content = list(
      der(0xa0, der(0x02, Buffer.of(2))),
      der(0x02, Buffer.of(1, this.#issued)),
      ecdsaSha256,
      named('test authority'),
      list(at(Date.now() - day), at(Date.now() + day)),
      named(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, list(only)),
    );
    const signature = der(0x03, Buffer.of(0), sign('sha256', content, this.#key));
    const whole = list(content, ecdsaSha256, signature).toString('base64');
    return `-----BEGIN CERTIFICATE-----\n${whole}\n-----END CERTIFICATE-----\n`;
  }
}
