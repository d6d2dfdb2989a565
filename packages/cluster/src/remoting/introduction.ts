// What the two ends of a session tell each other before the first batch: every frame without a batch carries it, so that
// one that is lost costs a repetition and no more.

import type { Buffer } from 'node:buffer';
import { badFrame, BatchReader, BatchWriter, frameHeaderBytes } from './wire.ts';

export interface Introduction {
  /** Who encodes in another way than the other side decodes is refused. */
  readonly serializer: string;
  /** The largest frame that this node's transport takes; nothing larger may be sent to it. */
  readonly frameMaxBytes: number;
  /** The least number that the other side's session may have: those below it were given up. */
  readonly peerNumberMin: number;
}

/** So that a number always has successors that fit the header. */
const numberMax = 2 ** 31;

export const serializerNameMaxBytes = 64;

/** The bytes behind the header. */
export function introductionOf({ serializer, frameMaxBytes, peerNumberMin }: Introduction): Buffer {
  const writer = new BatchWriter({ batchMaxBytes: 32, headBytes: 0 });
  writer.integer(frameMaxBytes);
  writer.integer(peerNumberMin);
  writer.text(serializer);
  return writer.take();
}

/** Of a frame without a batch. @throws {@link ActorError} ACTOR_BAD_FRAME */
export function readIntroduction(frame: Buffer): Introduction {
  const reader = new BatchReader(frame, frameHeaderBytes);
  const frameMaxBytes = reader.integer();
  const peerNumberMin = reader.integer();
  if (peerNumberMin > numberMax) throw badFrame('the number of a session of it is too large');
  return { frameMaxBytes, peerNumberMin, serializer: reader.text(serializerNameMaxBytes) };
}
