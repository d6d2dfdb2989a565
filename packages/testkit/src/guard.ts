// Keeps a simulated program from time and chance that no seed decides. While a simulation runs, some globals are replaced: in
// the code of actors they throw an error that names the line, everywhere else they do what they always did.

import { ActorError, type AsyncContext, type Intercepted, type Interceptor, type Runtime } from '@actor/core';

interface Source {
  readonly owner: object;
  readonly key: string;
  readonly name: string;
  readonly instead: string;
}

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** What a replacement stands for, and whose programs it watches: simulations may run beside each other. */
interface Watched {
  readonly before: PropertyDescriptor | undefined;
  readonly guards: Set<Guard>;
}

const watched = Symbol('watched by @actor/testkit');

function sources(): readonly Source[] {
  const clock = 'the clock of its process (runtime.wallMs, runtime.monotonicMs)';
  const timer = 'a timer of its actor or process (ctx.after, ctx.every, runtime.after)';
  const global = (key: string, instead: string): Source => ({ owner: globalThis, key, name: key, instead });
  const of = (name: string, key: string, instead: string): readonly Source[] => {
    const owner: unknown = Reflect.get(globalThis, name);
    return owner instanceof Object ? [{ owner, key, name: `${name}.${key}`, instead }] : [];
  };
  return [
    ...of('Date', 'now', clock),
    ...of('performance', 'now', clock),
    ...of('Math', 'random', 'the chance of its process (random, runtime.random)'),
    global('setTimeout', timer),
    global('setInterval', timer),
    global('fetch', 'an actor that answers in the simulation'),
  ];
}

export class Guard {
  readonly #report: (text: string) => void;
  readonly #contexts: AsyncContext<true>[] = [];
  readonly #places = new Set<string>();
  readonly #sources = sources();

  /** `report` is told each place once. */
  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  /** Runs the body with the globals replaced, and puts them back however it ends. */
  async around<T>(body: () => Promise<T>): Promise<T> {
    for (const source of this.#sources) this.#watch(source);
    try {
      return await body();
    } finally {
      for (const source of this.#sources) this.#unwatch(source);
    }
  }

  /** For a process: what `within` runs is watched, with all that comes of it there, and so are the handlers of its actors. */
  process(runtime: Runtime): { readonly within: <R>(body: () => R) => R; readonly interceptor: Interceptor } {
    const context = runtime.asyncContext<true>();
    this.#contexts.push(context);
    const within = <R>(body: () => R): R => context.run(true, body);
    const handle = ({ kind }: Intercepted, next: () => unknown): unknown => {
      const result = within(next);
      return kind === 'stream' ? { [Symbol.asyncIterator]: () => iteratorOf(result, within) } : result;
    };
    return { within, interceptor: { handle } };
  }

  /** @throws {@link ActorError} ACTOR_NOT_DETERMINISTIC when a watched program is what calls. */
  check({ name, instead }: Source, call: Call): void {
    if (!this.#contexts.some((context) => context.get() === true)) return;
    const place = placeOf(call);
    if (place === undefined) return;
    const text = `${name} is not of the simulation, so no seed can repeat this run: ${place}. Use ${instead}.`;
    if (!this.#places.has(text)) this.#report(text);
    this.#places.add(text);
    throw new ActorError('ACTOR_NOT_DETERMINISTIC', text, { details: { name, place } });
  }

  #watch(source: Source): void {
    const { owner, key } = source;
    const original = Reflect.get(owner, key) as Call & { readonly [watched]?: Watched };
    const present = original[watched];
    if (present !== undefined) {
      present.guards.add(this);
      return;
    }
    const guards = new Set<Guard>([this]);
    const call: Call = function (...args) {
      for (const guard of guards) guard.check(source, call);
      return Reflect.apply(original, this, args);
    };
    const before = Object.getOwnPropertyDescriptor(owner, key);
    Object.defineProperties(call, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(call, watched, { value: { before, guards } satisfies Watched });
    Object.defineProperty(owner, key, { value: call, configurable: true, enumerable: true, writable: true });
  }

  #unwatch({ owner, key }: Source): void {
    const present = (Reflect.get(owner, key) as { readonly [watched]?: Watched })[watched];
    present?.guards.delete(this);
    if (present === undefined || present.guards.size > 0) return;
    if (present.before === undefined) Reflect.deleteProperty(owner, key);
    else Object.defineProperty(owner, key, present.before);
  }
}

/** The line that called; undefined when that is Node's own code or a library's. */
function placeOf(call: Call): string | undefined {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, call);
  const caller = (trace.stack ?? '')
    .split('\n')
    .slice(1)
    .find((line) => !line.includes('<anonymous>'));
  if (caller === undefined || /node:|[\\/]node_modules[\\/]/.test(caller)) return undefined;
  return /((?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(caller)?.[1] ?? caller.trim();
}

function iteratorOf(iterable: unknown, within: <R>(body: () => R) => R): AsyncIterator<unknown> {
  const inner = (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return {
    next: () => within(() => inner.next()),
    return: (value?: unknown) =>
      within(() => inner.return?.(value) ?? Promise.resolve({ done: true, value })),
  };
}
