// What must hold after every event, judged from outside: by messages, disks and what was applied.
import type { Entry, Message, Raft } from '../src/core/index.ts';
import type { Node } from './cluster.ts';

export class Invariants {
  readonly #leaders = new Map<number, number>();
  readonly #entries = new Map<string, string>();
  readonly #votes = new Map<string, number>();
  readonly #committed: string[] = [];
  readonly states: Map<number, string> = new Map([[0, '']]);

  /** The highest index that any node has seen committed. */
  get committed(): number {
    return this.#committed.length;
  }

  /** A message leaves: what it says has to be on the sender's disk. */
  sent(message: Message, { disk }: Node): void {
    const { term, vote } = disk.hardState;
    if (message.kind === 'vote-reply' && message.isGranted && !message.isPreVote) {
      const key = `${message.from} in ${message.term}`;
      const before = this.#votes.get(key) ?? message.to;
      hold(before === message.to, `${key} voted for ${before} and ${message.to}`);
      const isDurable = term > message.term || (term === message.term && vote === message.to);
      hold(isDurable, `${key} tells of a vote that is not durable`);
      this.#votes.set(key, message.to);
    }
    if (message.kind === 'request-vote' && !message.isPreVote)
      hold(term >= message.term, `${message.from} campaigns in a term that is not durable`);
    if (message.kind === 'append-reply' && !message.isRejected && term === message.term)
      hold(disk.last >= message.index, `${message.from} acknowledges ${message.index}, not durable`);
    if (message.kind === 'append-entries') this.#sentEntries(message.prevTerm, message.entries);
  }

  /** Log matching: an index and a term name one entry, and one before it. */
  #sentEntries(prevTerm: number, entries: readonly Entry[]): void {
    let previous = prevTerm;
    for (const entry of entries) {
      const key = `${entry.index}@${entry.term}`;
      const text = `${previous} before ${textOf(entry)}`;
      const before = this.#entries.get(key) ?? text;
      hold(before === text, `${key} is ${before} and ${text}`);
      this.#entries.set(key, text);
      previous = entry.term;
    }
  }

  after(node: Node, nodes: readonly Node[]): void {
    const { raft } = node;
    hold(raft.appliedIndex <= raft.commitIndex, 'applied ≤ commit');
    hold(raft.commitIndex <= raft.lastIndex, 'commit ≤ last');
    hold(raft.term >= node.term, `${raft.id} went back from term ${node.term} to ${raft.term}`);
    node.term = raft.term;
    for (let index = node.seen + 1; index <= raft.commitIndex; index++) this.#commit(index, node, nodes);
    node.seen = Math.max(node.seen, raft.commitIndex);
    if (raft.role === 'leader') this.#leads(raft);
  }

  #leads(raft: Raft): void {
    if (this.#leaders.get(raft.term) === raft.id) return;
    hold(!this.#leaders.has(raft.term), `two leaders in term ${raft.term}`);
    this.#leaders.set(raft.term, raft.id);
    hold(raft.lastIndex >= this.committed, `${raft.id} leads without what is committed`);
    for (const [at, text] of this.#committed.entries()) {
      const entry = raft.entryAt(at + 1);
      if (entry !== undefined) hold(textOf(entry) === text, `${raft.id} leads with another ${at + 1}`);
    }
  }

  #commit(index: number, { raft }: Node, nodes: readonly Node[]): void {
    const entry = raft.entryAt(index);
    if (entry === undefined) {
      hold(index <= this.committed, `a snapshot holds ${index}, which nobody committed`);
      return;
    }
    const text = textOf(entry);
    const before = this.#committed[index - 1];
    if (before !== undefined) {
      hold(before === text, `${index} is committed as ${before} and as ${text}`);
      return;
    }
    hold(index === this.committed + 1, `${index} is committed before ${index - 1}`);
    this.#committed.push(text);
    for (const half of [raft.configuration.voters, raft.configuration.outgoing]) {
      const have = half.filter((id) =>
        nodes.some(
          ({ raft: { id: other }, disk }) =>
            other === id && (disk.termAt(index) === entry.term || index < disk.snapshot.index),
        ),
      );
      hold(half.length === 0 || have.length * 2 > half.length, `${index} is committed and not durable`);
    }
  }

  applied({ machine: { index, state } }: Node): void {
    const before = this.states.get(index) ?? state;
    hold(before === state, `state machines differ at ${index}`);
    this.states.set(index, state);
  }
}

function textOf(entry: Entry): string {
  if (entry.kind === 'command') return `${entry.term}:${Buffer.from(entry.data).toString()}`;
  return `${entry.term}:${entry.kind === 'config' ? JSON.stringify(entry.configuration) : 'no-op'}`;
}

function hold(condition: boolean, why: string): void {
  if (!condition) throw new Error(`broken: ${why}`);
}
