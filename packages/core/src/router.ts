// Which of several equal actors gets a message: pure functions of the choices and of what is known about them.

export type RoutingPolicy = 'round-robin' | 'random' | 'least-mailbox' | 'consistent-hash' | 'broadcast';

/** The turn after `last`, counting up to `count`. */
export const nextInTurn = (last: number, count: number): number => (last + 1) % count;

/** @param chance - in [0, 1). */
export const atRandom = (chance: number, count: number): number => Math.floor(chance * count);

/** The place of the shortest backlog; among equals the first one from `start` on, so that ties go round. */
export function leastLoaded(backlogs: readonly number[], start: number): number {
  let best = start % backlogs.length;
  for (let step = 1; step < backlogs.length; step += 1) {
    const place = (start + step) % backlogs.length;
    if ((backlogs[place] ?? 0) < (backlogs[best] ?? 0)) best = place;
  }
  return best;
}

/**
 * The place that a key belongs to, by highest random weight (rendezvous hashing): when a name leaves, only its own keys
 * move, and they spread over all that are left.
 */
export function homeOf(key: string, names: readonly string[]): number {
  let best = 0;
  let bestWeight = -1;
  names.forEach((name, place) => {
    const weight = hash(`${name}/${key}`);
    if (weight > bestWeight) {
      best = place;
      bestWeight = weight;
    }
  });
  return best;
}

// FNV-1a over UTF-16 code units, with the finish of MurmurHash3: FNV alone leaves near names near in weight.
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
