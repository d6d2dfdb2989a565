// Random schedules from a seed: messages lost, doubled and reordered, crashes that lose unwritten state, partitions,
// changes of members, snapshots, transfers. The invariants are checked after every event; in the end all is healed, and
// the group has to work again. `SEED=7 RUNS=1` replays one.
import { expect, test } from 'vitest';
import { isVoter, type ConfigChange, type MembersProposal } from '../src/core/index.ts';
import { Cluster, type Node } from './cluster.ts';

const firstSeed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 250);
const eventsPerRun = 1500;
const everybody: readonly number[] = [1, 2, 3, 4, 5, 6, 7];

/** Chance from a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class Schedule {
  readonly #random: () => number;
  readonly #cluster: Cluster;
  /** Some seeds leave some kinds of fault out, so that others get further. */
  readonly #off: ReadonlySet<string>;
  /** What was committed when a read was asked, by the number of the read. */
  readonly #floors = new Map<number, number>();
  #reads = 0;
  #commands = 0;
  served = 0;

  constructor(seed: number) {
    this.#random = chance(seed);
    const founders = 1 + this.#below(5);
    this.#cluster = new Cluster(
      { voters: everybody.slice(0, founders), spare: everybody.slice(founders) },
      {
        random: this.#random,
        appendMaxBytes: 1 + this.#below(150),
        inflightMaxMessages: 1 + this.#below(4),
        applyMaxBytes: 1 + this.#below(150),
        writesMax: 1 + this.#below(4),
      },
    );
    const faults = ['lose', 'double', 'crash', 'partition', 'members', 'compact', 'transfer', 'stall'];
    this.#off = new Set(faults.filter(() => this.#random() < 0.4));
  }

  get committed(): number {
    return this.#cluster.invariants.committed;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }
  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#below(from.length)];
  }

  run(): void {
    this.#cluster.elect(1);
    for (let n = 0; n < eventsPerRun; n++) {
      this.#event();
      this.#checkReads();
    }
    this.#recover();
  }

  #event(): void {
    const node = this.#pick(this.#cluster.nodes);
    if (node === undefined) return;
    const dice = this.#random();
    if (dice < 0.35) this.#message();
    else if (dice < 0.55) this.#cluster.take(node);
    else if (dice < 0.6) this.#cluster.apply(node);
    else if (dice < 0.8) this.#write(node);
    else if (dice < 0.88) this.#cluster.tick(node, 1 + this.#below(2));
    else if (dice < 0.96) this.#use(node);
    else this.#fault(node);
  }

  #write(node: Node): void {
    if (node.isUp && !node.isStalled) this.#cluster.write(node);
  }

  /** Mostly the oldest one, so that something gets done. */
  #message(): void {
    const { network } = this.#cluster;
    const at = this.#random() < 0.7 ? 0 : this.#below(network.length);
    const [message] = network.splice(at, 1);
    if (message === undefined) return;
    if (!this.#off.has('double') && this.#random() < 0.05) network.push(message);
    const isLost = !this.#off.has('lose') && this.#random() < 0.05;
    if (isLost || !this.#cluster.passes(message)) this.#cluster.lose(message);
    else this.#cluster.deliver(message);
  }

  /** Mostly at a leader, where it is taken. */
  #use(any: Node): void {
    const leader = this.#pick(this.#cluster.leaders);
    const node = leader === undefined || this.#random() < 0.2 ? any : this.#cluster.node(leader);
    if (!node.isUp) return;
    const { raft } = node;
    if (this.#random() < 0.6) {
      this.#cluster.propose(raft.id, `c${++this.#commands}`);
      return;
    }
    const id = ++this.#reads;
    if (raft.readIndex(id).isAccepted) this.#floors.set(id, this.committed);
    this.#cluster.check(node);
  }

  #checkReads(): void {
    for (const { reads, machine } of this.#cluster.nodes)
      for (const read of reads.splice(0)) {
        if (!read.isServed) continue;
        this.served++;
        expect(read.index).toBeGreaterThanOrEqual(this.#floors.get(read.id) ?? Infinity);
        expect(machine.index).toBeGreaterThanOrEqual(read.index);
      }
  }

  #fault(node: Node): void {
    const { id } = node.raft;
    const fault = this.#pick([
      'crash',
      'crash',
      'partition',
      'heal',
      'members',
      'compact',
      'transfer',
      'stall',
    ]);
    if (fault === undefined || this.#off.has(fault)) return;
    if (fault === 'heal') this.#cluster.heal();
    else if (fault === 'stall') node.isStalled = !node.isStalled;
    else if (fault === 'partition') this.#partition();
    else if (fault === 'crash') this.#bounce(node);
    else if (!node.isUp) return;
    else if (fault === 'compact') this.#cluster.compact(id, this.#below(4));
    else if (fault === 'transfer') node.raft.transfer(1 + this.#below(7));
    else this.#changeMembers(node);
    this.#cluster.check(node);
  }

  /** In half of the cases one way only. */
  #partition(): void {
    const group = this.#cluster.nodes.map(({ raft }) => raft.id).filter(() => this.#random() < 0.5);
    const isOneWay = this.#random() < 0.5;
    this.#cluster.passes = ({ from, to }) =>
      group.includes(from) === group.includes(to) || (isOneWay && group.includes(from));
  }

  #bounce(node: Node): void {
    if (node.isUp) this.#cluster.crash(node.raft.id);
    else this.#cluster.restart(node.raft.id);
  }

  #changeMembers({ raft }: Node): void {
    const kinds = ['add-voter', 'add-learner', 'remove'] as const;
    const change = (): ConfigChange => ({ kind: this.#pick(kinds) ?? 'remove', id: 1 + this.#below(7) });
    const proposals: readonly MembersProposal[] = [
      { kind: 'simple', changes: [change()] },
      { kind: 'enter-joint', changes: [change(), change(), change()], autoLeave: this.#random() < 0.7 },
      { kind: 'leave-joint' },
    ];
    const proposal = this.#pick(proposals);
    try {
      if (proposal !== undefined) raft.proposeConfig(proposal);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ACTOR_CONFIG_INVALID' });
    }
  }

  /** Liveness: with everything healed there is one leader soon, and what it takes reaches every member. */
  #recover(): void {
    const cluster = this.#cluster;
    cluster.heal();
    for (const node of cluster.nodes) {
      node.isStalled = false;
      if (!node.isUp) cluster.restart(node.raft.id);
    }
    cluster.run(150);
    this.#checkReads();
    const [first = 0, ...others] = cluster.leaders;
    if (first === 0 || others.length > 0) throw new Error(cluster.nodes.map(describe).join('\n'));
    const leader = cluster.node(first);
    expect(isVoter(leader.raft.configuration, leader.raft.id)).toBe(true);
    expect(cluster.propose(leader.raft.id, 'last')).toMatchObject({ isAccepted: true });
    cluster.run(20);
    const { voters } = leader.raft.configuration;
    for (const id of voters) expect(cluster.node(id).machine.state, `node ${id}`).toBe(leader.machine.state);
    expect(leader.machine.commands.at(-1)).toBe('last');
  }
}

const describe = ({ raft }: Node): string =>
  `${raft.id} ${raft.role} term ${raft.term} log ${raft.lastIndex} commit ${raft.commitIndex} ${JSON.stringify(raft.configuration)}`;

test(
  'every invariant holds after every event, for random schedules',
  { timeout: Math.max(runs * 100, 20_000) },
  () => {
    let committed = 0;
    let served = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      const schedule = new Schedule(seed);
      try {
        schedule.run();
      } catch (error) {
        throw new Error(`SEED=${seed} RUNS=1 shows it again`, { cause: error });
      }
      committed += schedule.committed;
      served += schedule.served;
    }
    // A schedule in which nothing happens proves nothing.
    expect(committed).toBeGreaterThan(runs * 8);
    expect(served).toBeGreaterThan(runs / 4);
  },
);
