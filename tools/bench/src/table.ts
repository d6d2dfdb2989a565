// The table: ours beside floor and peers with the ratios that the goals ask for, then ours under other conditions.
import { digits, figure, written, type Figure } from './figure.ts';
import type { Column, Goal, Measure, Section, Workload } from './section.ts';
import type { Scores } from './tournament.ts';

type Row = readonly string[];

/** Aligned pipes: readable on a terminal, and a table wherever Markdown is shown. */
function grid(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, at) =>
    Math.max(3, title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: Row): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

interface Ratio {
  readonly text: string;
  readonly isMet: boolean | undefined;
}

/** One figure over another, beside what the goal asks of it. */
function ratio(
  measure: Measure,
  ours: Figure | undefined,
  other: Figure | undefined,
  wanted?: number,
): Ratio {
  if (ours === undefined || other === undefined) return { text: '–', isMet: undefined };
  const value = ours.median / other.median;
  if (wanted === undefined) return { text: digits(value), isMet: undefined };
  const isMet = measure.better === 'more' ? value >= wanted : value <= wanted;
  return { text: `${digits(value)} (${measure.better === 'more' ? '≥' : '≤'} ${digits(wanted)})`, isMet };
}

const named = (section: Section, role: Column['role']): readonly Column[] =>
  section.columns.filter((column) => column.role === role);

function verdict(toFloor: Ratio, toPeer: Ratio): string {
  if (toFloor.isMet === undefined || toPeer.isMet === undefined) return '–';
  if (toFloor.isMet && toPeer.isMet) return 'yes';
  return `no: ${[toFloor.isMet ? '' : 'floor', toPeer.isMet ? '' : 'peer'].filter(Boolean).join(', ')}`;
}

const aim = (measure: Measure, goal: Goal | undefined): string =>
  goal === undefined ? '' : `${measure.better === 'more' ? '≥' : '≤'} ${digits(goal.at)}`;

type Look = (column: string) => Figure | undefined;

function* measures(section: Section, scores: Scores): Generator<readonly [Workload, Measure, Look]> {
  for (const workload of section.workloads)
    for (const measure of workload.measures)
      yield [workload, measure, (column) => figure(scores.get(workload.name)?.get(column), measure)];
}

function best(measure: Measure, figures: readonly (Figure | undefined)[]): Figure | undefined {
  const order = measure.better === 'more' ? 1 : -1;
  return figures.filter((value) => value !== undefined).toSorted((a, b) => order * (b.median - a.median))[0];
}

function mainTable(section: Section, scores: Scores, rounds: number): string {
  const columns = (['ours', 'floor', 'peer'] as const).flatMap((role) => named(section, role));
  const rows = [...measures(section, scores)].map(([, measure, look]) => {
    const { goal } = measure;
    const ours = look('ours');
    const toFloor = ratio(measure, ours, look('floor'), goal && goal.at / goal.floor);
    // Where no goal names a peer, whichever was best.
    const peer = goal
      ? look(goal.peerName)
      : best(
          measure,
          named(section, 'peer').map(({ name }) => look(name)),
        );
    const toPeer = ratio(measure, ours, peer, goal && goal.at / goal.peer);
    return [
      `${measure.label}, ${measure.unit}`,
      ...columns.map(({ name }) => written(look(name))),
      toFloor.text,
      toPeer.text,
      verdict(toFloor, toPeer),
      aim(measure, goal),
      String(rounds),
    ];
  });
  const head = [
    section.title,
    ...columns.map(({ name }) => name),
    'ours ÷ floor (goal)',
    'ours ÷ peer (goal)',
    'met',
    'goal, absolute',
    'n',
  ];
  return grid(head, rows);
}

function variantTable(section: Section, scores: Scores): string {
  const columns = named(section, 'variant');
  if (columns.length === 0) return '';
  const rows = [...measures(section, scores)].map(([, measure, look]) => [
    `${measure.label}, ${measure.unit}`,
    ...columns.map(({ name }) => written(look(name))),
    ...section.comparisons.map(({ of, to }) => ratio(measure, look(of), look(to)).text),
  ]);
  const head = [
    `${section.title}, other conditions`,
    ...columns.map(({ name }) => name),
    ...section.comparisons.map(({ of, to }) => `${of} ÷ ${to}`),
  ];
  return grid(head, rows);
}

/** What went wrong, or nothing. */
function failures(section: Section, scores: Scores): string {
  const lines = section.workloads.flatMap(({ name, measures: [measure] }) =>
    [...(scores.get(name) ?? [])].flatMap(([column, { errors }]) =>
      errors.length === 0
        ? []
        : [`${column}, ${measure?.label ?? name}: ${errors.length} failed: ${errors[0]}`],
    ),
  );
  return lines.length === 0 ? '' : `Failed rounds:\n${lines.map((line) => `- ${line}`).join('\n')}\n`;
}

export const table = (section: Section, scores: Scores, rounds: number): string =>
  [mainTable(section, scores, rounds), variantTable(section, scores), failures(section, scores)]
    .filter(Boolean)
    .join('\n\n');
