// All promises that a history can be held to. Each is a pure function from what was recorded to what is wrong with it.

import type { History } from './history.ts';
import { checkAccounted } from './promises/accounted.ts';
import { checkAtMostOnce } from './promises/at-most-once.ts';
import { checkDeathWatch } from './promises/death-watch.ts';
import { checkOrder } from './promises/order.ts';
import { checkSettles } from './promises/settles.ts';
import type { Violation } from './promises/violation.ts';

/** G1, G2, G5, G6 and G8 of a history that has come to rest. */
export function checkHistory(history: History): readonly Violation[] {
  return [checkOrder, checkAtMostOnce, checkSettles, checkDeathWatch, checkAccounted].flatMap((check) =>
    check(history),
  );
}
