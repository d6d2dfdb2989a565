// A name server on loopback, over UDP and TCP, for one zone that the test writes. It can be silent, fail, refuse and babble.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import packet, { type Answer, type DecodedPacket, type Packet, type SrvData } from 'dns-packet';

type Kind = 'SRV' | 'A' | 'AAAA' | 'CNAME';
type Mood = 'well' | 'silent' | 'SERVFAIL' | 'REFUSED' | 'babbling';

const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
/** The largest answer by UDP; what is longer is asked for again by TCP. */
const datagramMaxBytes = 512;

export class NameServer {
  mood: Mood = 'well';
  /** How many questions came by which way. */
  readonly heard = { udp: 0, tcp: 0 };
  readonly #zone = new Map<string, readonly Answer[]>();
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  private constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, from) => {
      this.heard.udp += 1;
      const reply = this.#datagram(message);
      if (reply !== undefined) udp.send(reply, from.port, from.address);
    });
    tcp.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#connections.delete(socket));
      socket.on('data', (data) => {
        this.heard.tcp += 1;
        if (this.mood === 'silent') return;
        // A question is short enough to come in one piece, after two bytes of length.
        const reply = packet.encode(this.#reply(packet.decode(data.subarray(2))));
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    });
  }

  /** On a port that is free for UDP and TCP alike. */
  static async open(): Promise<NameServer> {
    for (;;) {
      const udp = createSocket('udp4');
      udp.bind(0, '127.0.0.1');
      await once(udp, 'listening');
      const tcp = createServer();
      tcp.listen(udp.address().port, '127.0.0.1');
      try {
        await once(tcp, 'listening');
        return new NameServer(udp, tcp);
      } catch {
        udp.close();
      }
    }
  }

  /** As `servers` of the options wants it. */
  get address(): string {
    return `127.0.0.1:${(this.#tcp.address() as AddressInfo).port}`;
  }

  /** Connections by TCP that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** From now on these are the records; none takes the name out of the zone. */
  set(name: string, kind: Kind, records: readonly (string | SrvData)[], ttl = 0): void {
    const answers = records.map((data) => ({ name, type: kind, ttl, data }) as Answer);
    if (answers.length === 0) this.#zone.delete(`${kind} ${name}`);
    else this.#zone.set(`${kind} ${name}`, answers);
  }

  async close(): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
    await once(this.#tcp, 'close');
  }

  #datagram(message: Buffer): Buffer | undefined {
    if (this.mood === 'silent') return undefined;
    if (this.mood === 'babbling') return Buffer.from('no packet of DNS');
    const reply = this.#reply(packet.decode(message));
    const whole = packet.encode(reply);
    if (whole.length <= datagramMaxBytes) return whole;
    const flags = (reply.flags ?? 0) | packet.TRUNCATED_RESPONSE;
    return packet.encode({ ...reply, flags, answers: [] });
  }

  #reply({ id, questions = [] }: DecodedPacket): Packet {
    const [question] = questions;
    const name = question?.name ?? '';
    const aliases = this.#zone.get(`CNAME ${name}`) ?? [];
    const [target = name] = aliases.map((alias) => (alias.type === 'CNAME' ? alias.data : name));
    const answers = [...aliases, ...(this.#zone.get(`${question?.type} ${target}`) ?? [])];
    const isKnown = [...this.#zone.keys()].some((key) => key.split(' ')[1] === name);
    const code = this.mood === 'SERVFAIL' || this.mood === 'REFUSED' ? this.mood : undefined;
    const flags = packet.RECURSION_AVAILABLE | codes[code ?? (isKnown ? 'NOERROR' : 'NXDOMAIN')];
    return {
      type: 'response',
      ...(id === undefined ? {} : { id }),
      flags,
      questions,
      answers: code === undefined ? answers : [],
    };
  }
}
