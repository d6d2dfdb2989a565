// Reads entries back from the segments, as many with one read as lie close together, and checks each: what is returned is
// what was written.

import type { LogEntry } from '@actor/core';

import { type Frame, frameType, isPayloadSound, paddedBytes, payloadOf, readFrame } from './frame.ts';
import type { LogIndex, Place } from './log-index.ts';
import type { Segment } from './segment.ts';
import { corrupt } from './storage-error.ts';

/** Other groups' frames between two entries are read with them, up to this much. */
const gapMaxBytes = 4_096;
const runMaxBytes = 1_048_576;

interface Wanted {
  readonly index: number;
  readonly term: number | undefined;
  readonly place: Place;
}

/** Entries of one file that one read fetches. */
interface Run {
  readonly segment: Segment | undefined;
  readonly start: number;
  end: number;
  readonly wanted: Wanted[];
}

export interface EntryRange {
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly maxBytes: number;
}

/** @throws {@link ActorError} ACTOR_STORAGE_CORRUPT with the entry in `details`; whatever reading a file throws. */
export async function readEntries(
  log: LogIndex,
  range: EntryRange,
  salt: number,
): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  // What was asked for is settled before the first wait: the log may change meanwhile, the files' content does not.
  for (const run of runsOf(log, range)) {
    const bytes = Buffer.allocUnsafe(run.end - run.start);
    const read = (await run.segment?.file.read(bytes, run.start)) ?? 0;
    for (const wanted of run.wanted) {
      const at = wanted.place.offset - run.start;
      const frame = readFrame(bytes.subarray(0, read), at, salt);
      if (
        frame === undefined ||
        !isWanted(frame, range.group, wanted) ||
        !isPayloadSound(bytes, frame, salt)
      ) {
        const { index, term } = wanted;
        throw corrupt(`entry ${index} of group ${range.group} can not be read`, {
          group: range.group,
          index,
          term,
        });
      }
      const { index, term, kind } = frame;
      entries.push({ index, term, kind, data: payloadOf(bytes, frame) });
    }
  }
  return entries;
}

const isWanted = (frame: Frame, group: number, { index, term }: Wanted): boolean =>
  frame.type === frameType.entry && frame.group === group && frame.index === index && frame.term === term;

function runsOf(log: LogIndex, { from, to, maxBytes }: EntryRange): readonly Run[] {
  const runs: Run[] = [];
  let run: Run | undefined;
  let dataBytes = 0;
  for (let index = from; index <= to; index += 1) {
    const place = log.place(index);
    dataBytes += place.length;
    if (index > from && dataBytes > maxBytes) break;
    const end = place.offset + paddedBytes(place.length);
    if (run === undefined || !isNear(run, place, end)) {
      run = { segment: place.segment, start: place.offset, end, wanted: [] };
      runs.push(run);
    }
    run.end = end;
    run.wanted.push({ index, term: log.term(index), place });
  }
  return runs;
}

const isNear = (run: Run, { segment, offset }: Place, end: number): boolean =>
  run.segment === segment && offset - run.end <= gapMaxBytes && end - run.start <= runMaxBytes;
