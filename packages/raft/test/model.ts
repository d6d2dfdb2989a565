// What a log storage holds after each append of a run, in the plainest way, and random appends that fit.
import type { LogEntry, LogState, LogStorage, LogWrite } from '@actor/core';
import type { RandomStream } from '@actor/core/testkit';

interface Group {
  readonly state: LogState;
  readonly entries: readonly LogEntry[];
}
export type Content = ReadonlyMap<number, Group>;

const fresh: Group = {
  state: {
    hardState: { term: 0, vote: '', commit: 0 },
    snapshot: undefined,
    base: { index: 0, term: 0 },
    last: { index: 0, term: 0 },
  },
  entries: [],
};

export function applied(content: Content, writes: readonly LogWrite[]): Content {
  const next = new Map(content);
  for (const write of writes) next.set(write.group, change(next.get(write.group) ?? fresh, write));
  return next;
}

function change({ state, entries }: Group, write: LogWrite): Group {
  const snapshot = write.snapshot ?? state.snapshot;
  let { base } = state;
  let kept = entries;
  if (write.resetTo !== undefined) [base, kept] = [write.resetTo, []];
  if (write.dropThrough !== undefined) {
    const { index } = write.dropThrough;
    [base, kept] = [write.dropThrough, kept.filter((entry) => entry.index > index)];
  }
  const { truncateAfter = Infinity } = write;
  kept = [...kept.filter(({ index }) => index <= truncateAfter), ...(write.entries ?? [])];
  const { index, term } = kept.at(-1) ?? base;
  const hardState = write.hardState ?? state.hardState;
  return { state: { hardState, snapshot, base, last: { index, term } }, entries: kept };
}

/** A write that fits what the group holds. */
export function randomWrite(content: Content, random: RandomStream, term: number): LogWrite {
  const group = random.below(4);
  const { state, entries } = content.get(group) ?? fresh;
  const { base } = state;
  let { last } = state;
  let write: LogWrite = { group };
  if (random.chance(0.03)) {
    last = { index: last.index + random.below(50), term };
    write = { ...write, snapshot: { ...last, data: random.bytes(random.below(60)) }, resetTo: last };
  } else if (random.chance(0.3)) {
    const dropped = entries[random.below(entries.length + 1)];
    const through = dropped === undefined ? base : { index: dropped.index, term: dropped.term };
    write = { ...write, dropThrough: through };
    if (random.chance(0.2)) {
      const truncateAfter = through.index + random.below(last.index - through.index + 1);
      write = { ...write, truncateAfter };
      last = { index: truncateAfter, term };
    }
  }
  const more = Array.from({ length: random.below(4) }, (_, i) => {
    const data = random.chance(0.2) ? new Uint8Array(random.below(600)) : random.bytes(random.below(200));
    return { index: last.index + 1 + i, term, kind: random.below(256), data };
  });
  if (random.chance(0.5))
    write = { ...write, hardState: { term, vote: `n${random.below(9)}`, commit: base.index } };
  return { ...write, entries: more };
}

/** All that the storage tells. */
export async function contentOf(storage: LogStorage): Promise<Content> {
  const content = new Map<number, Group>();
  for (const group of storage.groups()) {
    const state = storage.state(group);
    const entries: LogEntry[] = [];
    while (state.base.index + entries.length < state.last.index) {
      entries.push(
        ...(await storage.read(group, state.base.index + entries.length + 1, state.last.index, 2_000)),
      );
    }
    content.set(group, { state, entries });
  }
  return content;
}

/** One text per content, whatever the order of its groups. */
export function fingerprint(content: Content): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const untouched = JSON.stringify(fresh);
  const plain = [...content]
    // A write that says nothing may leave a group unknown.
    .filter(([, group]) => JSON.stringify(group) !== untouched)
    .toSorted(([a], [b]) => a - b)
    .map(([group, { state, entries }]) => {
      const { hardState, snapshot, base, last } = state;
      const mark = snapshot === undefined ? [] : [snapshot.index, snapshot.term, hex(snapshot.data)];
      const marks = [
        hardState.term,
        hardState.vote,
        hardState.commit,
        base.index,
        base.term,
        last.index,
        last.term,
      ];
      return [group, marks, mark, entries.map((e) => [e.index, e.term, e.kind, hex(e.data)])];
    });
  return JSON.stringify(plain);
}
