// Every bound of remote messaging, with its default.

export interface RemotingLimits {
  /** Bytes that wait for a peer's acknowledgement before sends to it are rejected. Per peer. */
  readonly windowMaxBytes: number;
  /** Frames that wait for a peer's acknowledgement before sends to it are rejected. Per peer. */
  readonly windowMaxFrames: number;
  /** Bytes of frames kept that arrived ahead of a missing one. Per peer; beyond it they are dropped and sent again. */
  readonly reorderMaxBytes: number;
  /** Frames kept that arrived ahead of a missing one. */
  readonly reorderMaxFrames: number;
  /** A frame is closed once it has grown to this size; only a single larger envelope makes a larger one. */
  readonly batchMaxBytes: number;
  /** The largest frame; less where the transport takes only smaller ones. */
  readonly frameMaxBytes: number;
  /** The longest delay of an acknowledgement that has no message to travel with. */
  readonly ackDelayMs: number;
  /** The first wait before an unacknowledged frame is sent again; it doubles up to `retransmitMaxMs`. */
  readonly retransmitMinMs: number;
  readonly retransmitMaxMs: number;
  /** Asks and streams open at once towards one peer, and from one peer; at most 65,536. */
  readonly requestsMax: number;
  /** Watches open at once from one peer; further ones are answered `terminated`. */
  readonly watchesMax: number;
  /** How deeply a received payload may nest. */
  readonly depthMax: number;
  /** How many values a received payload may hold in all. */
  readonly elementsMax: number;
}

export const defaultRemotingLimits: RemotingLimits = {
  windowMaxBytes: 8 * 1024 * 1024,
  windowMaxFrames: 1_024,
  reorderMaxBytes: 16 * 1024 * 1024,
  reorderMaxFrames: 1_024,
  batchMaxBytes: 8 * 1024,
  frameMaxBytes: 64 * 1024 * 1024,
  ackDelayMs: 5,
  retransmitMinMs: 200,
  retransmitMaxMs: 5_000,
  requestsMax: 65_536,
  watchesMax: 1_000_000,
  depthMax: 64,
  elementsMax: 1_000_000,
};

/**
 * What may wait for a peer that acknowledges nothing, in bytes, before its session is given up. Messages stop at the window;
 * answers go on until twice as much waits, and the last of them may fill a frame; notes (credit, progress, refusals, ends of
 * watched actors) can't wait, since whoever asked for them has to know, and have as much again.
 */
export function backlogMaxBytes({ windowMaxBytes, frameMaxBytes }: RemotingLimits): number {
  return 4 * windowMaxBytes + frameMaxBytes;
}

/** The header of a frame and that of its channel, with room to spare. */
const headersMaxBytes = 128;

/** The limits with which a full batch and one message more still fit a frame of the transport. */
export function limitsWithin(frameMaxBytes: number, chosen: Partial<RemotingLimits> = {}): RemotingLimits {
  return limitsFor(frameMaxBytes - headersMaxBytes, { ...defaultRemotingLimits, ...chosen });
}

/** The same for a peer that takes only smaller frames. */
export function limitsFor(peerFrameMaxBytes: number, limits: RemotingLimits): RemotingLimits {
  const frameMaxBytes = Math.min(limits.frameMaxBytes, peerFrameMaxBytes);
  return {
    ...limits,
    frameMaxBytes,
    batchMaxBytes: Math.min(limits.batchMaxBytes, Math.floor(frameMaxBytes / 2)),
  };
}
