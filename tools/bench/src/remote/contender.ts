// What a framework must be able to do to take part between two processes: the client sends, the server counts.
import { kinds, type Message } from './kinds.ts';

/** What the server has completed. */
export interface Received {
  readonly messages: number;
  readonly bytes: number;
}

export interface RemoteClient {
  /** One way, to the actor of that kind. False when it wasn't taken and may be tried again. */
  tell(kind: number, message: Message): boolean;
  ask(kind: number, message: Message): Promise<number>;
  /** One way, a binary payload. */
  tellBytes(bytes: Uint8Array): boolean;
  received(): Promise<Received>;
  stop(): Promise<void>;
}

/** Counts at the server, the same for every contender. */
export class Receiver implements Received {
  messages = 0;
  bytes = 0;

  take(kind: number, message: Message): number {
    this.messages++;
    return kinds[kind]?.read(message) ?? 0;
  }

  takeBytes(bytes: Uint8Array): void {
    this.bytes += bytes.byteLength;
  }
}
