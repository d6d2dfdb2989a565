// The terms of a log as runs: terms only grow along a log, so a few pairs hold them all. Answers "which term has this
// index" and "where could our logs still agree" in the number of terms, not of entries.

interface Run {
  readonly from: number;
  readonly term: number;
}

export class TermRuns {
  #runs: Run[];

  /** @param index The index before the first entry of the log, which has `term`. */
  constructor(index: number, term: number) {
    this.#runs = [{ from: index, term }];
  }

  append(index: number, term: number): void {
    const last = this.#runs.at(-1);
    if (last === undefined || last.term !== term) this.#runs.push({ from: index, term });
  }

  /** Forgets everything from this index on. */
  truncate(index: number): void {
    while ((this.#runs.at(-1)?.from ?? -1) >= index) this.#runs.pop();
  }

  /** Forgets everything before this index, whose own term stays known. */
  compact(index: number): void {
    const term = this.termAt(index);
    this.#runs = [{ from: index, term }, ...this.#runs.filter((run) => run.from > index)];
  }

  /** The term of an index that lies within the log. */
  termAt(index: number): number {
    return this.#runs[this.#runAt(index)]?.term ?? 0;
  }

  /** The highest index, at most this one, whose term is at most `term`; or the index before the log. */
  lastNotAfter(index: number, term: number): number {
    let end = index;
    // What lies before the log is not known to disagree.
    if (index < (this.#runs[0]?.from ?? 0)) return index;
    for (let at = this.#runAt(index); at >= 0; at--) {
      const run = this.#runs[at];
      if (run === undefined || run.term <= term) return end;
      end = run.from - 1;
    }
    return Math.max(end, this.#runs[0]?.from ?? 0);
  }

  #runAt(index: number): number {
    let at = this.#runs.length - 1;
    while (at > 0 && (this.#runs[at]?.from ?? 0) > index) at--;
    return at;
  }
}
