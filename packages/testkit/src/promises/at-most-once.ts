// G2: no message runs twice, wherever.

import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

export function checkAtMostOnce(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  const by = new Map<number, string>();
  for (const seen of history) {
    if (seen.kind !== 'received') continue;
    const first = by.get(seen.id);
    if (first !== undefined) {
      const text = `Message ${seen.id} ran twice: ${first}, and by ${seen.by} at ${seen.atMs} ms.`;
      violations.push({ promise: 'G2', text });
    } else by.set(seen.id, `by ${seen.by} at ${seen.atMs} ms`);
  }
  return violations;
}
