// Messages until the next batch takes them, in two lanes: those that may leave at once, and those that wait for the disk.
import type { Message } from './message.ts';

export class Outbox {
  #now: Message[] = [];
  #afterWrites: Message[] = [];

  /** Says nothing that a crash could make untrue. */
  send(message: Message): void {
    this.#now.push(message);
  }

  /** Relies on the state as it is now, which has to be durable first. */
  sendAfterWrites(message: Message): void {
    this.#afterWrites.push(message);
  }

  get hasWaiting(): boolean {
    return this.#afterWrites.length > 0;
  }

  takeNow(): readonly Message[] {
    const taken = this.#now;
    this.#now = [];
    return taken;
  }

  takeWaiting(): readonly Message[] {
    const taken = this.#afterWrites;
    this.#afterWrites = [];
    return taken;
  }
}
