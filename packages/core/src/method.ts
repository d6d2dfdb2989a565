// One message of a protocol at run time. Sender and receiver usually share the object, so finding a handler is one
// indexed load and one comparison; a message that came by name is looked up by name.

import type { StandardSchema } from './standard-schema.ts';

/** `tell` has no answer, `ask` has one, `stream` has any number. */
export type MessageKind = 'tell' | 'ask' | 'stream';

export class Method {
  readonly name: string;
  readonly kind: MessageKind;
  /** The place in its protocol, or -1 for a message that is known by name only. */
  readonly index: number;
  /** Checks the payload where it crosses a node boundary. */
  readonly payload: StandardSchema | undefined;
  /** Checks an answer, or each value of a stream, where it crosses a node boundary. */
  readonly reply: StandardSchema | undefined;

  constructor(name: string, kind: MessageKind, index = -1, payload?: StandardSchema, reply?: StandardSchema) {
    this.name = name;
    this.kind = kind;
    this.index = index;
    this.payload = payload;
    this.reply = reply;
  }
}

/**
 * @internal The message that a name and a kind mean to the receiver that has these. A tell may reach an ask, whose answer
 * is then dropped; otherwise the kinds must agree, or it is a message that the receiver doesn't know.
 */
export function methodFor(
  methods: ReadonlyMap<string, Method> | undefined,
  name: string,
  kind: MessageKind,
): Method {
  const known = methods?.get(name);
  const fits = known !== undefined && (known.kind === kind || (kind === 'tell' && known.kind === 'ask'));
  return fits ? known : new Method(name, kind);
}
