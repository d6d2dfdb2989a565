// G6: a watcher gets `terminated` exactly once: never without a cause, never after `unwatch`, and always when the life that
// it watches is over, be it by stop, crash or loss of its node.

import { type ActorLife, type History, nodeOf, processOf, type Recorded } from '../history.ts';
import type { Violation } from './violation.ts';

/** How long a watcher that is busy may take to be told what its node knows. */
const promptMs = 2_000;

interface Watch {
  readonly watcher: ActorLife;
  readonly target: ActorLife;
  readonly sinceMs: number;
  /** The watcher's node had no way to the target's when the watch began. */
  readonly isVoid: boolean;
  state: 'open' | 'unwatched' | 'told';
}

export function checkDeathWatch(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  const broken = (text: string): void => void violations.push({ promise: 'G6', text });
  const causes = new Causes(history);
  const watches = new Map<number, Watch>();
  for (const seen of history) {
    if (seen.kind === 'watched') {
      const { watcher, target, atMs, isMember } = seen;
      watches.set(seen.watch, { watcher, target, sinceMs: atMs, isVoid: !isMember, state: 'open' });
    }
    if (seen.kind === 'unwatched') {
      const watch = watches.get(seen.watch);
      if (watch?.state !== 'open') continue;
      watch.state = 'unwatched';
      const { watcher, target, sinceMs } = watch;
      if (nodeOf(watcher) !== nodeOf(target) && causes.lost(watcher, target, sinceMs, seen.atMs - promptMs)) {
        broken(`${watcher} was not told in time that ${target} is gone with its node (watch ${seen.watch}).`);
      }
    }
    if (seen.kind === 'terminated') {
      const fault = faultOf(seen, watches.get(seen.watch), causes);
      if (fault !== undefined) broken(fault);
    }
  }
  const calmMs = history.find((seen) => seen.kind === 'calm')?.atMs ?? Infinity;
  const restMs = history.find((seen) => seen.kind === 'at-rest')?.atMs ?? Infinity;
  for (const [id, watch] of watches) {
    const { state, watcher, target } = watch;
    // Whose target ends later, in the stop of the whole cluster, may have ended himself before the news.
    if (state !== 'open' || causes.isOver(watcher, restMs) || !causes.isOver(target, calmMs)) continue;
    broken(
      `${watch.watcher} was never told that ${watch.target} is gone (watch ${id}, since ${watch.sinceMs} ms).`,
    );
  }
  return violations;
}

function faultOf(
  { watcher, address, atMs }: Recorded & { readonly kind: 'terminated' },
  watch: Watch | undefined,
  causes: Causes,
): string | undefined {
  if (watch === undefined)
    return `${watcher} was told at ${atMs} ms that ${address} is gone, with no watch open.`;
  const { target, sinceMs, isVoid, state } = watch;
  watch.state = 'told';
  if (state === 'told') return `${watcher} was told twice that ${target} is gone, again at ${atMs} ms.`;
  if (state === 'unwatched')
    return `${watcher} was told that ${target} is gone, at ${atMs} ms, after unwatch.`;
  if (isVoid || causes.isOver(target, atMs) || causes.lost(watcher, target, sinceMs, atMs)) return undefined;
  return `${watcher} was told at ${atMs} ms that ${target} is gone, and nothing had happened to it.`;
}

/** Why lives end, and for whom. */
class Causes {
  readonly #endedMs = new Map<ActorLife, number>();
  readonly #goneMs = new Map<string, number>();
  readonly #losses: (Recorded & { readonly kind: 'node-lost' })[] = [];

  constructor(history: History) {
    for (const seen of history) {
      if (seen.kind === 'ended') this.#endedMs.set(seen.life, seen.atMs);
      if (seen.kind === 'process-crashed' || seen.kind === 'process-leaving') {
        this.#goneMs.set(seen.process, Math.min(seen.atMs, this.#goneMs.get(seen.process) ?? Infinity));
      }
      if (seen.kind === 'node-lost') this.#losses.push(seen);
    }
  }

  isOver(life: ActorLife, atMs = Infinity): boolean {
    const ms = Math.min(this.#endedMs.get(life) ?? Infinity, this.#goneMs.get(processOf(life)) ?? Infinity);
    return ms <= atMs && ms < Infinity;
  }

  /** Did the watcher's node count the target's as gone, or end its own life, meanwhile? */
  lost(watcher: ActorLife, target: ActorLife, fromMs: number, toMs: number): boolean {
    const process = processOf(watcher);
    const places = [nodeOf(target), nodeOf(watcher)];
    const hasLost = this.#losses.some(
      (loss) =>
        loss.process === process && places.includes(loss.nodeId) && loss.atMs >= fromMs && loss.atMs <= toMs,
    );
    // Who leaves takes leave of everybody.
    return hasLost || (this.#goneMs.get(process) ?? Infinity) <= toMs;
  }
}
