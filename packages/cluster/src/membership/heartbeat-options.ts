// The options of the heartbeat membership, their defaults and their check.

import { refuse } from '../config-fault.ts';
import { show } from '../config-rule.ts';
import type { HeartbeatSettings } from './heartbeat.ts';
import { intervalMaxMs, type MessageLimits } from './messages.ts';

export interface HeartbeatOptions {
  /**
   * Time between two heartbeats to each member, in milliseconds, at most 60,000.
   * @defaultValue the cluster's `heartbeatIntervalMs`
   */
  readonly heartbeatIntervalMs?: number | undefined;
  /**
   * How long a suspect has to give a sign of life before it is dead, in milliseconds, when its connections are gone too.
   * @defaultValue three heartbeats, and at least 1000
   */
  readonly suspectTimeoutMs?: number | undefined;
  /**
   * How long a suspect has whose connections stand, in milliseconds: a process that stalls, or a host that went without a
   * word. Raise it where event loops block for many seconds.
   * @defaultValue 5000, or `suspectTimeoutMs` where that is more; less than that is refused
   */
  readonly stallTimeoutMs?: number | undefined;
  /**
   * φ from which a silence is suspicious: 8 is one wrong suspicion in 10⁸ heartbeats of a steady peer.
   * @defaultValue 8
   */
  readonly phiThreshold?: number | undefined;
  /**
   * Intervals of each peer that the detector remembers.
   * @defaultValue 100
   */
  readonly windowMax?: number | undefined;
  /**
   * Members known at once, and ended lives remembered. Further ones are not taken in.
   * @defaultValue 1000
   */
  readonly membersMax?: number | undefined;
  /**
   * Size of a member's encoded metadata.
   * @defaultValue 4096
   */
  readonly metadataMaxBytes?: number | undefined;
  /**
   * How long `leave` waits for the others' acknowledgements, in milliseconds.
   * @defaultValue 1000
   */
  readonly leaveTimeoutMs?: number | undefined;
}

/** The options, complete. */
export interface HeartbeatTiming extends HeartbeatSettings, MessageLimits {
  readonly leaveTimeoutMs: number;
}

/**
 * Completes the options once the cluster's interval is known.
 * @throws {@link ActorError} ACTOR_CONFIG_INVALID with every fault of the options.
 */
export function checkHeartbeatOptions(
  options: HeartbeatOptions,
): (heartbeatIntervalMs: number) => HeartbeatTiming {
  const faults = Object.entries(options).flatMap(([path, value]: [string, unknown]) => {
    const isCount = path.endsWith('Max') || path === 'metadataMaxBytes' || path === 'heartbeatIntervalMs';
    if (value === undefined) return [];
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
      return [{ path, message: `must be a number above 0, not ${show(value)}` }];
    }
    if (isCount && !Number.isInteger(value)) return [{ path, message: `must be whole, not ${value}` }];
    if (path === 'heartbeatIntervalMs' && value > intervalMaxMs) {
      return [{ path, message: `must be at most ${intervalMaxMs}, not ${value}` }];
    }
    return [];
  });
  const { suspectTimeoutMs: suspectMs, stallTimeoutMs: stallMs } = options;
  const isContrary = suspectMs !== undefined && stallMs !== undefined && stallMs < suspectMs;
  const message = `must be at least suspectTimeoutMs, which is ${suspectMs}, not ${stallMs}`;
  refuse([...faults, ...(isContrary ? [{ path: 'stallTimeoutMs', message }] : [])]);
  return (heartbeatIntervalMs) => {
    const intervalMs = options.heartbeatIntervalMs ?? heartbeatIntervalMs;
    const suspectTimeoutMs = options.suspectTimeoutMs ?? Math.max(intervalMs * 3, 1_000);
    return {
      intervalMs,
      suspectTimeoutMs,
      stallTimeoutMs: options.stallTimeoutMs ?? Math.max(suspectTimeoutMs, 5_000),
      phiThreshold: options.phiThreshold ?? 8,
      windowMax: options.windowMax ?? 100,
      membersMax: options.membersMax ?? 1_000,
      metadataMaxBytes: options.metadataMaxBytes ?? 4_096,
      leaveTimeoutMs: options.leaveTimeoutMs ?? 1_000,
    };
  };
}
