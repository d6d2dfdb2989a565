// Hands jobs to worker threads, each the next one when it is done, and gives the outcomes as they come.
import { Worker } from 'node:worker_threads';
import { type Job, type Outcome, replayCommand } from './job.ts';

export async function* runAll(jobs: Iterator<Job>, workers: number): AsyncGenerator<Outcome> {
  const outcomes: Outcome[] = [];
  let wake = (): void => {};
  let working = 0;
  const give = (outcome: Outcome): void => {
    outcomes.push(outcome);
    wake();
  };
  const work = async (): Promise<void> => {
    working += 1;
    let worker = start();
    for (let next = jobs.next(); next.done !== true; next = jobs.next()) {
      const outcome = await run(worker, next.value);
      if (outcome.failure?.startsWith(uncaught) === true) worker = start();
      give(outcome);
    }
    await worker.terminate();
    working -= 1;
    wake();
  };
  const done = Promise.all(Array.from({ length: Math.max(1, workers) }, work));
  while (working > 0 || outcomes.length > 0) {
    const outcome = outcomes.shift();
    if (outcome !== undefined) yield outcome;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  await done;
}

const uncaught = 'Nobody caught';

function start(): Worker {
  return new Worker(new URL('worker.js', import.meta.url));
}

function run(worker: Worker, job: Job): Promise<Outcome> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      worker.off('message', settle);
      worker.off('error', failed);
      resolve(outcome);
    };
    const failed = (error: unknown): void => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      settle({
        seed: job.seed,
        traceHash: '',
        stats: { virtualMs: 0, events: 0, messages: 0, faults: 0 },
        schedule: { faults: [] },
        failure: `${uncaught} an error of seed ${job.seed}: ${why}\n  To run it again: ${replayCommand(job)}`,
      });
    };
    worker.on('message', settle);
    worker.on('error', failed);
    worker.postMessage(job);
  });
}
