// Prints one table per section. Nothing here is a test: what a figure means depends on the machine and its load.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { local } from './local/section.ts';
import { load, machine } from './machine.ts';
import { remote } from './remote/section.ts';
import type { Section } from './section.ts';
import { table } from './table.ts';
import { run, type Pace } from './tournament.ts';

const sections: Readonly<Record<string, readonly Section[]>> = {
  local: [local],
  remote: [remote],
  all: [local, remote],
};

const usage =
  'Usage: pnpm bench [local|remote|all] [--quick] [--only <workload>] [--column <name>]… [--rounds <n>] [--profile <folder>]';

function told() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        /** Short rounds, to see that everything runs; the figures mean little. */
        quick: { type: 'boolean', default: false },
        /** Workloads whose name contains this. */
        only: { type: 'string', default: '' },
        /** Only these columns: `--column ours --column floor` is what tuning needs. */
        column: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        /** A folder for the CPU profile of each process. */
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const [what = 'all'] = positionals;
    const chosen = sections[what];
    if (values.help) console.log(usage);
    else if (chosen !== undefined) return { values, chosen };
    else throw new TypeError(`Which of ${Object.keys(sections).join(', ')}? Not ${what}.`);
    return process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return process.exit(2);
  }
}

const { values, chosen } = told();
const pace: Pace = {
  ...(values.quick ? { rounds: 3, roundMs: 50, warmUpMs: 100 } : { rounds: 5, roundMs: 300, warmUpMs: 600 }),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
  profileDir: values.profile && resolve(values.profile),
};

console.log(machine());
const loadBefore = load();
console.log(`${pace.rounds} interleaved rounds of ${pace.roundMs} ms: median (min–max).\n`);
for (const section of chosen) {
  const narrowed = {
    ...section,
    workloads: section.workloads.filter(({ name }) => name.includes(values.only)),
    columns: section.columns.filter(({ name }) => values.column?.includes(name) ?? true),
  };
  const scores = await run(narrowed, pace, (name) => console.error(`… ${name}`));
  console.log(`\n${table(narrowed, scores, pace.rounds)}\n`);
}
console.log(`Load of the machine: ${loadBefore} at the start, ${load()} at the end.`);
