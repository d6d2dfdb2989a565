// The entry point of a contender's process in the local section.
import { contest } from '../contestant.ts';
import { Comedy } from './comedy.ts';
import type { LocalContender } from './contender.ts';
import { Floor } from './floor.ts';
import { kinds } from './kinds.ts';
import { Nact } from './nact.ts';
import { Ours } from './ours.ts';
import { localWorkloads, mixes } from './workloads.ts';

const contenders: Readonly<Record<string, () => LocalContender | Promise<LocalContender>>> = {
  ours: () => new Ours(),
  'ours-async': () => Ours.besideAsyncActor(),
  floor: () => new Floor(),
  nact: () => new Nact(),
  comedy: () => new Comedy(),
};

/** Shows the process messages and handlers of every kind, so that no call site has seen one alone. */
async function mingle(contender: LocalContender): Promise<void> {
  const state = { receive: (amount: number): number => amount };
  for (const kind of kinds) {
    const [ref] = await contender.spawn(kind, [state]);
    for (let index = 0; index < 1_000; index++) contender.tell(ref, kind.make(index));
    for (let index = 0; index < 100; index++) await contender.ask(ref, kind.make(index));
  }
}

contest(async ({ contender: name, shapes, workload }) => {
  const make = contenders[name];
  const prepare = localWorkloads[workload];
  if (make === undefined || prepare === undefined) throw new Error(`Unknown: ${name} or ${workload}.`);
  const contender = await make();
  if (shapes === 'all') await mingle(contender);
  const round = await prepare(contender, mixes[shapes]);
  return { round, stop: () => contender.clear() };
});
