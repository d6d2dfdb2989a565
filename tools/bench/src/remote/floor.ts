// The floor between two processes: `node:net`, frames with a length before them, one write per tick, and msgpackr with
// record structures that both sides know. The same over `node:tls` with a shared key is the floor of the encrypted
// column. No features: no bound, no reconnect, no deadline.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { once } from 'node:events';
import { Packr } from 'msgpackr';
import type { Received, Receiver, RemoteClient } from './contender.ts';
import { kinds, type Message } from './kinds.ts';

/** What travels around a message. */
interface Envelope {
  readonly to: number;
  readonly kind: 'tell' | 'ask' | 'reply' | 'count';
  readonly id: number;
  readonly payload: unknown;
}

const keysOf = (value: object): readonly string[][] => [
  Object.keys(value),
  ...Object.values(value).flatMap((inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? [Object.keys(inner)] : [],
  ),
];
const envelopeKeys = ['to', 'kind', 'id', 'payload'];
const newCodec = (): Packr =>
  new Packr({
    structures: [envelopeKeys, ['messages', 'bytes'], ...kinds.flatMap(({ make }) => keysOf(make(1)))],
  });

const headBytes = 5;
const envelopeFrame = 0;
const bytesFrame = 1;
/** Frames are written side by side into a buffer of this size, and each tick's part of it goes out as it is. */
const bufferBytes = 256 * 1_024;

/** One end of a connection. */
class Link {
  readonly #socket: Socket;
  readonly #codec = newCodec();
  readonly #onEnvelope: (envelope: Envelope) => void;
  readonly #onBytes: (bytes: Uint8Array) => void;
  #out: Buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** Of `#out`: up to here it is written, up to there filled. */
  #writtenTo = 0;
  #filledTo = 0;
  #isFlushing = false;
  #head = Buffer.alloc(0);
  #body: Buffer | undefined;
  #filled = 0;
  #type = envelopeFrame;

  constructor(
    socket: Socket,
    onEnvelope: (envelope: Envelope) => void,
    onBytes: (bytes: Uint8Array) => void,
  ) {
    this.#socket = socket;
    this.#onEnvelope = onEnvelope;
    this.#onBytes = onBytes;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  send(envelope: Envelope): void {
    const body = this.#codec.pack(envelope);
    if (this.#filledTo + headBytes + body.length > this.#out.length) {
      this.#flush();
      this.#out = Buffer.allocUnsafeSlow(Math.max(bufferBytes, headBytes + body.length));
      this.#writtenTo = this.#filledTo = 0;
    }
    this.#out.writeUInt32LE(body.length, this.#filledTo);
    this.#out[this.#filledTo + 4] = envelopeFrame;
    this.#out.set(body, this.#filledTo + headBytes);
    this.#filledTo += headBytes + body.length;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    process.nextTick(this.#flush);
  }

  /** Not copied: the head goes before it in the same write. */
  sendBytes(bytes: Uint8Array): void {
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32LE(bytes.byteLength, 0);
    head[4] = bytesFrame;
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(bytes);
    this.#socket.uncork();
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    if (this.#filledTo === this.#writtenTo) return;
    this.#socket.write(this.#out.subarray(this.#writtenTo, this.#filledTo));
    this.#writtenTo = this.#filledTo;
  };

  /** A body that is whole within the chunk is used in place; another is copied together, once. */
  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body !== undefined) {
        const copied = chunk.copy(this.#body, this.#filled, at);
        this.#filled += copied;
        at += copied;
        if (this.#filled < this.#body.length) return;
        const body = this.#body;
        this.#body = undefined;
        this.#take(this.#type, body);
        continue;
      }
      if (this.#head.length > 0 || chunk.length - at < headBytes) {
        const taken = chunk.subarray(at, at + headBytes - this.#head.length);
        this.#head = Buffer.concat([this.#head, taken]);
        at += taken.length;
        if (this.#head.length < headBytes) return;
        this.#open(this.#head, 0);
        this.#head = Buffer.alloc(0);
        continue;
      }
      const length = chunk.readUInt32LE(at);
      if (at + headBytes + length > chunk.length) {
        this.#open(chunk, at);
        at += headBytes;
        continue;
      }
      this.#take(chunk[at + 4] ?? envelopeFrame, chunk.subarray(at + headBytes, at + headBytes + length));
      at += headBytes + length;
    }
  }

  #open(head: Buffer, at: number): void {
    this.#body = Buffer.allocUnsafe(head.readUInt32LE(at));
    this.#type = head[at + 4] ?? envelopeFrame;
    this.#filled = 0;
  }

  #take(type: number, body: Buffer): void {
    if (type === bytesFrame) this.#onBytes(body);
    else this.#onEnvelope(this.#codec.unpack(body) as Envelope);
  }
}

const psk = Buffer.alloc(32, 7);
const tlsOptions: TlsOptions = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' };

/** Answers on a free port of the loopback; its address is the port. */
export async function serveFloor(receiver: Receiver, isEncrypted: boolean): Promise<string> {
  const accept = (socket: Socket): void => {
    const link = new Link(
      socket,
      ({ id, kind, payload, to }) => {
        if (kind === 'count') {
          const { bytes, messages } = receiver;
          link.send({ to: 0, kind: 'reply', id, payload: { messages, bytes } });
          return;
        }
        const value = receiver.take(to, payload as Message);
        if (kind === 'ask') link.send({ to: 0, kind: 'reply', id, payload: value });
      },
      (bytes) => receiver.takeBytes(bytes),
    );
  };
  const server: Server = isEncrypted
    ? createTlsServer({ ...tlsOptions, pskCallback: () => psk }, accept)
    : createServer(accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

export class FloorClient implements RemoteClient {
  readonly #socket: Socket;
  readonly #link: Link;
  /** The askers by correlation id; ids are used again. */
  readonly #pending: (((value: unknown) => void) | undefined)[] = [];
  readonly #free: number[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#link = new Link(
      socket,
      ({ id, payload }) => {
        const resolve = this.#pending[id];
        this.#pending[id] = undefined;
        this.#free.push(id);
        resolve?.(payload);
      },
      () => {},
    );
  }

  static async connect(address: string, isEncrypted: boolean): Promise<FloorClient> {
    const target = { host: '127.0.0.1', port: Number(address) };
    const socket = isEncrypted
      ? connectTls({
          ...target,
          ...tlsOptions,
          pskCallback: () => ({ psk, identity: 'bench' }),
          checkServerIdentity: () => undefined,
        })
      : connect(target);
    await once(socket, isEncrypted ? 'secureConnect' : 'connect');
    return new FloorClient(socket);
  }

  tell(kind: number, message: Message): boolean {
    this.#link.send({ to: kind, kind: 'tell', id: 0, payload: message });
    return true;
  }

  ask(kind: number, message: Message): Promise<number> {
    return this.#request('ask', kind, message) as Promise<number>;
  }

  tellBytes(bytes: Uint8Array): boolean {
    this.#link.sendBytes(bytes);
    return true;
  }

  received(): Promise<Received> {
    return this.#request('count', 0, undefined) as Promise<Received>;
  }

  stop(): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }

  #request(kind: 'ask' | 'count', to: number, payload: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#free.pop() ?? this.#pending.length;
      this.#pending[id] = resolve;
      this.#link.send({ to, kind, id, payload });
    });
  }
}
