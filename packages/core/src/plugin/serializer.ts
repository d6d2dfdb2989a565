// Payloads to bytes and back. Envelopes have a layout of their own; a serializer sees only what users send.

export interface Serializer {
  /** Named in the hello of a session, so that two nodes with different serializers refuse each other clearly. */
  readonly name: string;
  /** @throws {@link ActorError} ACTOR_NOT_SERIALIZABLE with `details.path` naming the value that can't be encoded. */
  encode(value: unknown): Uint8Array;
  /** The bytes are a peer's: budgets apply. @throws {@link ActorError} ACTOR_BAD_FRAME when they are not a valid value. */
  decode(bytes: Uint8Array): unknown;
}
