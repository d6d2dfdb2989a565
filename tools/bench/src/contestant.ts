// The process of one contender with one workload, so that nobody's garbage, timers or inline caches are another's. The
// parent asks for one thing at a time.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Assignment, Entry, Sample } from './workload.ts';

type Request =
  | { readonly kind: 'enter'; readonly assignment: Assignment }
  | { readonly kind: 'round'; readonly roundMs: number }
  | { readonly kind: 'stop' };
type Reply = { readonly sample: Sample } | { readonly error: string };

const deadlineMs = 60_000;

/** The parent's side. */
export class Contestant {
  readonly #child: ChildProcess;

  constructor(module: URL, profileDir: string | undefined) {
    const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    this.#child = fork(module, { execArgv: ['--expose-gc', ...profiling] });
  }

  async enter(assignment: Assignment): Promise<void> {
    await this.#ask({ kind: 'enter', assignment });
  }

  round(roundMs: number): Promise<Sample> {
    return this.#ask({ kind: 'round', roundMs });
  }

  /** Politely at first, so that it can write its profile and end its own children. */
  async leave(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    this.#child.send({ kind: 'stop' } satisfies Request);
    await gone;
    clearTimeout(timer);
  }

  async #ask(request: Request): Promise<Sample> {
    if (!this.#child.connected) throw new Error('The process has ended.');
    const answered = new AbortController();
    const { signal } = answered;
    // Ends the wait, too: a process that is late would answer the next question.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    try {
      const answer = once(this.#child, 'message', { signal });
      const end = once(this.#child, 'exit', { signal });
      this.#child.send(request);
      const [reply] = (await Promise.race([answer, end])) as [Reply | number | null];
      if (reply === null || typeof reply === 'number') throw new Error('The process has ended.');
      if ('error' in reply) throw new Error(reply.error);
      return reply.sample;
    } finally {
      clearTimeout(timer);
      answered.abort();
    }
  }
}

/** The child's side: makes the entry it is asked for and runs its rounds until told to stop. */
export function contest(enter: (assignment: Assignment) => Promise<Entry>): void {
  let entry: Entry | undefined;
  const answer = async (request: Request): Promise<Sample> => {
    switch (request.kind) {
      case 'enter':
        entry = await enter(request.assignment);
        return {};
      case 'round':
        if (entry === undefined) throw new Error('A round before its entry.');
        return entry.round(request.roundMs);
      case 'stop':
        await entry?.stop();
        return {};
    }
  };
  process.on('message', (request: Request) => {
    answer(request).then(
      (sample) => {
        if (request.kind === 'stop') process.exit();
        process.send?.({ sample } satisfies Reply);
      },
      (error: unknown) => {
        if (request.kind === 'stop') process.exit(1);
        process.send?.({ error: error instanceof Error ? error.message : String(error) } satisfies Reply);
      },
    );
  });
  // Without its parent there is nobody to work for.
  process.on('disconnect', () => process.exit());
}
