// What one node's storage holds, and the writes that have not reached it. A crash loses those.
import type { Apply, Entry, HardState, Persist, SnapshotMark } from '../src/core/index.ts';

export class Disk {
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  snapshot: SnapshotMark;
  entries: Entry[] = [];
  readonly pending: Persist[] = [];

  constructor(snapshot: SnapshotMark) {
    this.snapshot = snapshot;
  }

  get last(): number {
    return this.snapshot.index + this.entries.length;
  }

  termAt(index: number): number | undefined {
    if (index === this.snapshot.index) return this.snapshot.term;
    return this.entries[index - this.snapshot.index - 1]?.term;
  }

  /** The oldest write reaches the platter. */
  write(): Persist | undefined {
    const step = this.pending.shift();
    if (step === undefined) return undefined;
    this.hardState = step.hardState;
    if (step.snapshot !== undefined) {
      this.snapshot = step.snapshot;
      this.entries = [];
    }
    const first = step.entries[0];
    if (first !== undefined) {
      const kept = first.index - this.snapshot.index - 1;
      if (kept < 0 || kept > this.entries.length) throw new Error(`a hole in the log before ${first.index}`);
      this.entries = [...this.entries.slice(0, kept), ...step.entries];
    }
    return step;
  }

  compact(mark: SnapshotMark): void {
    if (mark.index <= this.snapshot.index) return;
    this.entries = this.entries.filter((entry) => entry.index > mark.index);
    this.snapshot = mark;
  }
}

/** A state machine that is its own history, so that two of them are equal only when they applied the same. */
export class Machine {
  index = 0;
  state = '';
  readonly commands: string[] = [];

  apply(entry: Entry): void {
    if (entry.index !== this.index + 1) throw new Error(`applied ${entry.index} after ${this.index}`);
    this.index = entry.index;
    const text = entry.kind === 'command' ? Buffer.from(entry.data).toString() : entry.kind;
    if (entry.kind === 'command') this.commands.push(text);
    this.state = digest(`${this.state}|${entry.term}:${text}`);
  }

  restore({ snapshot }: Apply, states: ReadonlyMap<number, string>): void {
    if (snapshot === undefined) return;
    this.index = snapshot.index;
    this.state = states.get(snapshot.index) ?? '';
  }
}

function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
