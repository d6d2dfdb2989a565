// Runs one seed after the other. What nobody catches ends this thread, and the pool counts the seed as failed.
import { parentPort } from 'node:worker_threads';
import { describeFailure, simulate } from '@actor/testkit';
import { type Job, type Outcome, replayCommand } from './job.ts';

parentPort?.on('message', (job: Job) => {
  void run(job).then((outcome) => parentPort?.postMessage(outcome));
});

async function run(job: Job): Promise<Outcome> {
  const { seed, nodes, schedule } = job;
  const faults = schedule === undefined ? {} : { faults: schedule };
  const result = await simulate({ seed, nodes, onViolation: 'return', ...faults });
  const { traceHash, stats } = result;
  const failure = result.ok ? undefined : describeFailure(result, replayCommand(job));
  return { seed, traceHash, stats, schedule: result.schedule, failure };
}
