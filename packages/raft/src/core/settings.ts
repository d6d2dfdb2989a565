// The options of a core, their defaults and their check.
import { ActorError } from '@actor/core';
import type { Entry, HardState, PeerId, SnapshotMark } from './entry.ts';

export interface RaftOptions {
  /** This node, from 1. */
  readonly id: PeerId;
  /** Chance, from 0 to below 1. It spreads election timeouts; equal draws on all nodes split votes. */
  readonly random: () => number;
  /**
   * The snapshot that the log stands on. A new group founds itself on one at index 0 and term 0 that holds its first
   * members; a node that joins later founds itself on the same one.
   */
  readonly snapshot: SnapshotMark;
  /** What was durable: the entries behind the snapshot. @defaultValue none */
  readonly entries?: readonly Entry[];
  /** What was durable: term, vote and a hint of the commit index. @defaultValue term 0, no vote */
  readonly hardState?: HardState;
  /** The state machine has this much. @defaultValue the snapshot's index */
  readonly applied?: number;
  /**
   * The disk lost entries up to this index that may have been acknowledged. Until they are here again the node neither
   * votes nor leads. @defaultValue 0, nothing is missing
   */
  readonly damagedThrough?: number;
  /** Ticks without a leader until an election, at least; at most twice as many. @defaultValue 10 */
  readonly electionTicks?: number;
  /** Ticks between heartbeats. @defaultValue 1 */
  readonly heartbeatTicks?: number;
  /**
   * A leader that heard a majority lately answers reads at once. Right only while no clock runs faster than another by more
   * than `leaseDriftTicks` per election timeout; all nodes of a group need the same value. @defaultValue false
   */
  readonly lease?: boolean;
  /** @defaultValue 1 */
  readonly leaseDriftTicks?: number;
  /** Appends under way to one follower. @defaultValue 256 */
  readonly inflightMaxMessages?: number;
  /** Their size. @defaultValue 16 MiB */
  readonly inflightMaxBytes?: number;
  /** Entries in one append; one entry goes whatever its size. @defaultValue 1 MiB */
  readonly appendMaxBytes?: number;
  /** Commands in the log that are not committed; what comes beyond is refused. @defaultValue 64 MiB */
  readonly uncommittedMaxBytes?: number;
  /** Entries in one apply lane; one entry goes whatever its size. @defaultValue 1 MiB */
  readonly applyMaxBytes?: number;
  /** Entries that the state machine was handed and has not reported. @defaultValue 4,096 */
  readonly applyMaxEntries?: number;
  /** Writes under way. @defaultValue 16 */
  readonly writesMax?: number;
  /** Reads that wait, at the node that asks and again at the leader. @defaultValue 4,096 */
  readonly readsMax?: number;
}

type Bounds = Required<
  Omit<RaftOptions, 'id' | 'random' | 'snapshot' | 'entries' | 'hardState' | 'applied' | 'damagedThrough'>
>;

/** What the parts of a core need to know. */
export type Settings = Bounds & Pick<RaftOptions, 'id' | 'random'>;

const defaults: Readonly<Bounds> = {
  electionTicks: 10,
  heartbeatTicks: 1,
  lease: false,
  leaseDriftTicks: 1,
  inflightMaxMessages: 256,
  inflightMaxBytes: 16 * 1024 * 1024,
  appendMaxBytes: 1024 * 1024,
  uncommittedMaxBytes: 64 * 1024 * 1024,
  applyMaxBytes: 1024 * 1024,
  applyMaxEntries: 4096,
  writesMax: 16,
  readsMax: 4096,
};

/** @throws {@link ActorError} `ACTOR_CONFIG_INVALID` naming the option. */
export function settingsOf(options: RaftOptions): Settings {
  const settings: Settings = { ...defaults, ...options };
  const check = (isRight: boolean, name: string, rule: string): void => {
    if (!isRight) throw new ActorError('ACTOR_CONFIG_INVALID', `raft.${name} ${rule}`);
  };
  check(Number.isSafeInteger(settings.id) && settings.id >= 1, 'id', 'is an integer from 1');
  for (const name of Object.keys(defaults) as (keyof Bounds)[]) {
    const value = settings[name];
    const isRight = typeof value === 'boolean' ? name === 'lease' : Number.isSafeInteger(value) && value >= 1;
    check(isRight, name, name === 'lease' ? 'is a boolean' : 'is an integer from 1');
  }
  check(
    settings.electionTicks > settings.heartbeatTicks,
    'electionTicks',
    'is more than heartbeatTicks, or every pause is an election',
  );
  // Both clocks count whole ticks, so each may be off by one.
  check(
    !settings.lease || settings.electionTicks > settings.leaseDriftTicks + 2,
    'leaseDriftTicks',
    'leaves something of electionTicks',
  );
  return settings;
}
