// Several cores in memory, with a network and disks that the test controls. Every event is followed by the invariants.
import {
  Raft,
  configuration,
  type Apply,
  type Message,
  type RaftOptions,
  type ReadResult,
} from '../src/core/index.ts';
import { Disk, Machine } from './disk.ts';
import { Invariants } from './invariants.ts';

export interface Node {
  raft: Raft;
  readonly disk: Disk;
  machine: Machine;
  /** Handed out for the machine, which has not begun with them. */
  readonly applies: Apply[];
  readonly reads: ReadResult[];
  isUp: boolean;
  /** Writes wait until the test lets them through. */
  isStalled: boolean;
  /** Of the invariants: how far they have looked. */
  seen: number;
  term: number;
}

export type Options = Partial<Omit<RaftOptions, 'id' | 'snapshot'>>;

export interface Members {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  /** Nodes that run and are in no configuration yet. */
  readonly spare?: readonly number[];
}

export class Cluster {
  readonly nodes: readonly Node[];
  readonly invariants: Invariants = new Invariants();
  /** Messages on their way, oldest first. */
  network: Message[] = [];
  /** What the test lets through. */
  passes: (message: Message) => boolean = () => true;
  /** The end of a snapshot's transfer is reported to its sender. */
  reports = true;
  readonly #options: Options;

  constructor({ voters, learners = [], spare = [] }: Members, options: Options = {}) {
    this.#options = options;
    const mark = { index: 0, term: 0, configuration: configuration(voters, learners) };
    this.nodes = [...voters, ...learners, ...spare].map((id) => {
      const disk = new Disk(mark);
      const raft = this.#start(id, disk);
      return {
        ...{ raft, disk, machine: new Machine(), applies: [], reads: [] },
        ...{ isUp: true, isStalled: false, seen: 0, term: 0 },
      };
    });
  }

  #start(id: number, disk: Disk, extra: Options = {}): Raft {
    const { hardState, snapshot, entries } = disk;
    // Without chance node 1 is the first to stand, node 2 the next.
    const random = (): number => (id - 1) / 10;
    return new Raft({ random, ...this.#options, ...extra, id, snapshot, entries, hardState });
  }

  node(id: number): Node {
    const node = this.nodes.find((candidate) => candidate.raft.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }
  raft(id: number): Raft {
    return this.node(id).raft;
  }
  commands(id: number): readonly string[] {
    return this.node(id).machine.commands;
  }
  get leaders(): readonly number[] {
    return this.nodes.filter((n) => n.isUp && n.raft.role === 'leader').map((n) => n.raft.id);
  }

  /** Takes one batch of a node: messages out, writes and entries queued. */
  take(node: Node): boolean {
    const batch = node.isUp ? node.raft.ready() : undefined;
    if (batch === undefined) return false;
    this.#send(batch.send, node);
    if (batch.persist !== undefined) node.disk.pending.push(batch.persist);
    if (batch.apply !== undefined) node.applies.push(batch.apply);
    node.reads.push(...batch.reads);
    this.check(node);
    return true;
  }

  /** The oldest write of a node becomes durable. */
  write(node: Node): boolean {
    const step = node.disk.write();
    if (step === undefined) return false;
    this.#send(step.messages, node);
    node.raft.persisted(step.seq, step.term);
    this.check(node);
    return true;
  }

  /** The machine works off the oldest batch that it was given. */
  apply(node: Node): boolean {
    const apply = node.applies.shift();
    if (apply === undefined) return false;
    node.machine.restore(apply, this.invariants.states);
    for (const entry of apply.entries) {
      node.machine.apply(entry);
      this.invariants.applied(node);
    }
    node.raft.applied(node.machine.index);
    this.check(node);
    return true;
  }

  deliver(message: Message): void {
    const node = this.nodes.find((candidate) => candidate.raft.id === message.to);
    const isThere = node !== undefined && node.isUp;
    if (isThere) {
      node.raft.step(message);
      this.check(node);
    }
    this.#report(message, isThere);
  }

  lose(message: Message): void {
    this.#report(message, false);
  }

  /** Whoever sent a snapshot learns whether it arrived, and no more. */
  #report({ kind, from, to }: Message, isThere: boolean): void {
    if (kind === 'install-snapshot' && this.reports) this.raft(from).snapshotReported(to, isThere);
  }

  tick(node: Node, ticks = 1): void {
    if (node.isUp) node.raft.tick(ticks);
    this.check(node);
  }

  /** Lets everything happen that can, in order, until nothing moves. */
  settle(): void {
    for (let rounds = 0; rounds < 2000; rounds++) {
      let hasMoved = false;
      for (const node of this.nodes) {
        while (this.take(node) || this.apply(node)) hasMoved = true;
        while (node.isUp && !node.isStalled && this.write(node)) hasMoved = true;
      }
      for (const message of this.network.splice(0)) {
        hasMoved = true;
        if (this.passes(message)) this.deliver(message);
        else this.lose(message);
      }
      if (!hasMoved) return;
    }
    throw new Error('it never settles');
  }

  /** Time passes for all alike, and after each tick everything that it causes. */
  run(ticks: number): void {
    for (let n = 0; n < ticks; n++) {
      for (const node of this.nodes) this.tick(node);
      this.settle();
    }
  }

  elect(id: number): void {
    this.raft(id).campaign();
    this.settle();
    if (this.raft(id).role !== 'leader') throw new Error(`${id} was not elected`);
  }

  propose(id: number, ...commands: readonly string[]): ReturnType<Raft['propose']> {
    const result = this.raft(id).propose(commands.map((command) => Buffer.from(command)));
    this.check(this.node(id));
    return result;
  }

  crash(id: number): void {
    const node = this.node(id);
    node.isUp = false;
    node.disk.pending.length = 0;
    node.applies.length = 0;
  }

  restart(id: number, extra: Options = {}): void {
    const node = this.node(id);
    node.machine = new Machine();
    node.machine.restore({ snapshot: node.disk.snapshot, entries: [] }, this.invariants.states);
    node.term = node.disk.hardState.term;
    node.raft = this.#start(id, node.disk, extra);
    node.isUp = true;
    this.check(node);
  }

  compact(id: number, keepEntries = 0): void {
    const node = this.node(id);
    // A snapshot from elsewhere may have come: then the state that was applied is of no use any more.
    if (node.raft.entryAt(node.raft.appliedIndex) === undefined) return;
    const mark = node.raft.markAt(node.raft.appliedIndex);
    if (node.raft.compact(mark, keepEntries)) node.disk.compact(mark);
  }

  /** Only messages between members of one group get through. */
  partition(...groups: readonly (readonly number[])[]): void {
    this.passes = ({ from, to }) => groups.some((group) => group.includes(from) && group.includes(to));
  }
  heal(): void {
    this.passes = () => true;
  }

  check(node: Node): void {
    this.invariants.after(node, this.nodes);
  }

  #send(messages: readonly Message[], node: Node): void {
    for (const message of messages) {
      this.invariants.sent(message, node);
      this.network.push(message);
    }
  }
}
