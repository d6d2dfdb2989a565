// Texts that come again and again, paths and names, travel in full once and as numbers afterwards. Both sides count along
// in the order of the session, so they know the same texts by the same numbers.

import { Buffer } from 'node:buffer';
import { ActorError } from '@actor/core';
import { badFrame, type BatchReader, type BatchWriter, textMaxBytes, textsMax } from './wire.ts';

export class OutboundTexts {
  readonly #writer: BatchWriter;
  readonly #maxBytes: number;
  readonly #numbers = new Map<string, number>();

  constructor(writer: BatchWriter, maxBytes: number) {
    this.#writer = writer;
    this.#maxBytes = Math.min(maxBytes, textMaxBytes);
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE when it is too long. */
  write(text: string): void {
    const known = this.#numbers.get(text);
    if (known !== undefined) {
      this.#writer.integer(known);
      return;
    }
    this.requireShort(text);
    this.#writer.byte(0);
    this.#writer.text(text);
    if (this.#numbers.size < textsMax) this.#numbers.set(text, this.#numbers.size + 1);
  }

  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE */
  requireShort(text: string): void {
    const bytes = Buffer.byteLength(text);
    const limitBytes = this.#maxBytes;
    if (bytes <= limitBytes) return;
    throw new ActorError(
      'ACTOR_NOT_SERIALIZABLE',
      `A path, name or header has ${bytes} bytes; ${limitBytes} can be sent to another node.`,
      { details: { path: `${text.slice(0, 64)}…`, bytes, limitBytes } },
    );
  }

  /** Takes back what was written since there were this many. */
  forget(size: number): void {
    for (const text of [...this.#numbers.keys()].slice(size)) this.#numbers.delete(text);
  }
}

export class InboundTexts {
  /** The number of the text that was read last; 0 when it has none, because there are too many. */
  number = 0;
  readonly #texts: string[] = [];

  read(reader: BatchReader): string {
    this.number = reader.integer();
    if (this.number > 0) return this.#known(this.number);
    const text = reader.text(textMaxBytes);
    if (this.#texts.length < textsMax) this.number = this.#texts.push(text);
    return text;
  }

  #known(number: number): string {
    const text = this.#texts[number - 1];
    if (text === undefined) throw badFrame('it refers to a text that was never sent');
    return text;
  }
}
