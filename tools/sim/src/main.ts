// pnpm sim cluster --seeds N --first-seed S [--nodes n] [--minutes m] [--schedule file] [--shrink] [--json]
// Runs a range of seeds in worker threads. Exits 0 only if all of them pass; a failure prints its seed and the command that
// runs it again.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FaultSchedule } from '@actor/testkit';
import type { Job, Outcome } from './job.ts';
import { runAll } from './pool.ts';
import { shrink } from './shrink.ts';

const usage =
  'Usage: pnpm sim cluster [--seeds N] [--first-seed S] [--nodes n] [--minutes m] [--workers w] [--schedule file] [--shrink] [--json]';

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '50' },
      'first-seed': { type: 'string', default: '1' },
      nodes: { type: 'string', default: '5' },
      minutes: { type: 'string' },
      workers: { type: 'string', default: '2' },
      schedule: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`--${name} is no number: ${text}`);
    return value;
  };
  if (positionals.join(' ') !== 'cluster') throw new TypeError(`There is a simulation of "cluster" only.`);
  const schedule = values.schedule;
  return {
    seeds: values.minutes === undefined ? number('seeds', values.seeds) : Infinity,
    firstSeed: number('first-seed', values['first-seed']),
    nodes: number('nodes', values.nodes),
    workers: number('workers', values.workers),
    untilMs: performance.now() + number('minutes', values.minutes ?? '1e9') * 60_000,
    ...(schedule === undefined
      ? {}
      : { schedule: JSON.parse(readFileSync(schedule, 'utf8')) as FaultSchedule }),
    isShrinking: values.shrink,
    isJson: values.json,
  };
}

async function main(): Promise<boolean> {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return true;
  }
  const { seeds, firstSeed, nodes, workers, untilMs, schedule, isShrinking, isJson } = options();
  const startedMs = performance.now();
  const totals = { runs: 0, failures: 0, virtualMs: 0, events: 0 };
  const jobs = (function* (): Generator<Job> {
    for (let seed = firstSeed; seed < firstSeed + seeds && performance.now() < untilMs; seed += 1) {
      yield { seed, nodes, ...(schedule === undefined ? {} : { schedule }) };
    }
  })();
  for await (const outcome of runAll(jobs, Math.min(workers, seeds))) {
    totals.runs += 1;
    totals.virtualMs += outcome.stats.virtualMs;
    totals.events += outcome.stats.events;
    if (outcome.failure !== undefined) totals.failures += 1;
    if (isJson) console.log(JSON.stringify(outcome));
    else if (outcome.failure !== undefined) console.log(`${outcome.failure}\n`);
    else if (seeds === 1)
      console.log(`Seed ${outcome.seed} passes: trace ${outcome.traceHash}, ${told(outcome)}.`);
    if (isShrinking && outcome.failure !== undefined) {
      console.log(JSON.stringify(await shrink(outcome.seed, nodes, outcome.schedule), undefined, 1));
    }
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const rate = (count: number): string => (count / seconds).toFixed(count / seconds < 10 ? 2 : 0);
  if (!isJson) {
    console.log(
      `${totals.runs} seeds of ${nodes} nodes, ${totals.failures} failed. ${rate(totals.runs)} seeds/s, ` +
        `${rate(totals.virtualMs / 1_000)} virtual seconds per second, ${rate(totals.events)} events/s.`,
    );
  }
  return totals.failures === 0;
}

function told({ stats }: Outcome): string {
  return `${stats.events} events, ${stats.messages} messages, ${stats.faults} faults`;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}
