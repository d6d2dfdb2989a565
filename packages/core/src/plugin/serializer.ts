// Payloads to bytes and back. Envelopes have a layout of their own; a serializer sees only what users send.

/**
 * The contract of an implementer: both methods are synchronous and pure, since calls of any session come in any order. The
 * payload `undefined` never gets here. A ref is a live object of one process: a serializer that meets one has to refuse
 * it, or to carry its `address`.
 */
export interface Serializer {
  /**
   * Nodes tell each other the name when they meet, and those of different names refuse each other's messages. Two encodings
   * that can't read each other need two names: `json`, `msgpack+zlib`, `orders-2`. At most 64 printable ASCII characters.
   */
  readonly name: string;
  /**
   * At least one byte. The result is copied before the next call, so its memory may be used again.
   * @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE with `details.path` naming the value that can't be encoded. What else
   * is thrown becomes one.
   */
  encode(value: unknown): Uint8Array;
  /**
   * The bytes are a peer's, and no more than fit a frame; how deep and how many values they may hold is the serializer's to
   * bound. They are the serializer's own to keep. @throws {@link ActorError} ACTOR_BAD_FRAME when they are not a valid
   * value. What else is thrown becomes one, and costs that message alone.
   */
  decode(bytes: Uint8Array): unknown;
}
