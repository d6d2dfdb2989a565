// Figures: the median and range of several rounds, and how they are written.
import type { Measure } from './section.ts';
import type { Score } from './tournament.ts';

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined where no round came to an end. */
export function figure(score: Score | undefined, measure: Measure): Figure | undefined {
  const values = (score?.samples ?? [])
    .flatMap((sample) => sample[measure.key] ?? [])
    .map((value) => value / measure.scale)
    .toSorted((a, b) => a - b);
  const [min] = values;
  const max = values.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const middle = values.length >> 1;
  const upper = values[middle] ?? max;
  const median = values.length % 2 === 1 ? upper : ((values[middle - 1] ?? min) + upper) / 2;
  return { median, min, max };
}

/** Three digits that count, with thousands separated. */
export function digits(value: number): string {
  const places = Math.min(2, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
  return value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
}

export const written = (value: Figure | undefined): string =>
  value === undefined ? '–' : `${digits(value.median)} (${digits(value.min)}–${digits(value.max)})`;
